//! What has blocks and speaks HTTP: a daemon of others, and servers that do as they are told.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{file_of_suite, folder, python};

/// A program that answers a line for a line. It ends with its value.
struct Program {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Program {
    /// Starts it, and reads what it says first.
    fn start(command: &mut Command) -> (Self, Value) {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut program = Self {
            commands: child.stdin.take().unwrap(),
            answers: BufReader::new(child.stdout.take().unwrap()),
            child,
        };
        let ready = program.read();
        (program, ready)
    }

    fn ask(&mut self, command: &Value) -> Value {
        writeln!(self.commands, "{command}").unwrap();
        self.read()
    }

    fn read(&mut self) -> Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// js-ipfs without peers, which has the RPC API of Kubo.
pub(super) struct Daemon {
    program: Program,
    /// The address of its API.
    pub(super) api: String,
    folder: TempDir,
}

impl Daemon {
    pub(super) fn start() -> Self {
        let folder = folder();
        let machine = match std::env::consts::ARCH {
            "aarch64" => "arm64",
            _ => "x64",
        };
        let node = format!("helia/node_modules/node-linux-{machine}/bin/node");
        let mut command = Command::new(installed(&node));
        command
            .arg("--experimental-import-meta-resolve")
            .arg("--no-warnings")
            .arg(file_of_suite("ipfs/rpc/daemon.mjs"))
            .arg(installed("rpc"))
            .arg(folder.path().join("repo"));
        let (program, ready) = Program::start(&mut command);
        Self {
            program,
            api: ready["api"].as_str().unwrap().to_owned(),
            folder,
        }
    }

    /// Adds a file of this content, and gives its CID.
    pub(super) fn add(&mut self, content: &[u8]) -> String {
        let path = self.folder.path().join("added");
        std::fs::write(&path, content).unwrap();
        let answer = self.program.ask(&json!({ "do": "add", "path": path }));
        answer["cid"].as_str().unwrap().to_owned()
    }

    /// Removes blocks.
    #[track_caller]
    pub(super) fn forget(&mut self, cids: &[String]) {
        let answer = self.program.ask(&json!({ "do": "forget", "cids": cids }));
        assert_eq!(answer["ok"], true, "{answer}");
    }

    /// Stops its process where it is: connections are made, and nothing is answered.
    pub(super) fn freeze(&self) {
        kill_process(Pid::from_child(&self.program.child), Signal::STOP).unwrap();
    }

    /// Lets it go on.
    pub(super) fn thaw(&self) {
        kill_process(Pid::from_child(&self.program.child), Signal::CONT).unwrap();
    }

    /// Ends it.
    pub(super) fn end(&mut self) {
        self.program.child.kill().unwrap();
        self.program.child.wait().unwrap();
    }
}

/// Web servers that have blocks, each with manners of its own.
pub(super) struct Servers(Program);

impl Servers {
    pub(super) fn start() -> Self {
        let mut command = Command::new(python());
        let (program, _) =
            Program::start(command.arg("-B").arg(file_of_suite("ipfs/rpc/server.py")));
        Self(program)
    }

    /// One more server, and its address.
    pub(super) fn serve(&mut self, manner: &str) -> String {
        let answer = self.0.ask(&json!({ "do": "serve", "manner": manner }));
        answer["url"].as_str().unwrap().to_owned()
    }

    /// A server that sends everybody on.
    pub(super) fn leading(&mut self, to: &str) -> String {
        let answer = self
            .0
            .ask(&json!({ "do": "serve", "manner": "away", "to": to }));
        answer["url"].as_str().unwrap().to_owned()
    }

    /// Takes all blocks below a CID from a daemon: all servers have them. Gives their CIDs, the root first.
    pub(super) fn load(&mut self, daemon: &Daemon, cid: &str) -> Vec<String> {
        let command = json!({ "do": "load", "api": daemon.api, "cid": cid });
        texts(&self.0.ask(&command)["cids"])
    }

    /// Leaves a server these blocks only.
    pub(super) fn hold(&mut self, url: &str, cids: &[String]) {
        let command = json!({ "do": "hold", "url": url, "cids": cids });
        assert_eq!(self.0.ask(&command)["ok"], true);
    }

    /// What a server was asked for.
    pub(super) fn asked(&mut self, url: &str) -> Vec<String> {
        texts(&self.0.ask(&json!({ "do": "asked", "url": url }))["asked"])
    }
}

fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().unwrap_or_else(|| panic!("{list}")).iter();
    list.map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// What `tests/run` installs.
fn installed(what: &str) -> std::path::PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("target")
        .join(what);
    assert!(
        path.exists(),
        "{} is missing: run tests/run once, it installs what the tests need",
        path.display()
    );
    path
}
