//! An agent in front of a gateway of others, and rows of a table that are asked of it.

use std::{
    cell::RefCell,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};

use crate::support::{Agent, Answer, Setup};

/// A trustless gateway in a process of its own. It ends with its value.
struct Origin {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    ready: Value,
}

impl Origin {
    fn start() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let machine = match std::env::consts::ARCH {
            "aarch64" => "arm64",
            _ => "x64",
        };
        let packages = root.join("target/helia");
        let node = packages.join(format!("node_modules/node-linux-{machine}/bin/node"));
        assert!(
            packages.join("node_modules/ipns").exists(),
            "packages are missing: run tests/run once, it installs what the tests need"
        );
        let mut child = Command::new(node)
            .arg("--experimental-import-meta-resolve")
            .arg("--no-warnings")
            .arg(root.join("tests/ipfs/gateway/origin.mjs"))
            .arg(packages)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let commands = child.stdin.take().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let ready = read(&mut answers);
        Self {
            child,
            commands,
            answers,
            ready,
        }
    }
}

impl Drop for Origin {
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

/// Both of them.
pub(in crate::ipfs) struct Scene {
    pub(super) agent: Agent,
    origin: RefCell<Origin>,
    failed: RefCell<Vec<String>>,
}

/// Starts both, and an agent that knows nobody else.
pub(in crate::ipfs) fn scene(keys: impl FnOnce(&dyn Fn(&str) -> String) -> Vec<String>) -> Scene {
    let origin = Origin::start();
    let gateway = format!("http://127.0.0.1:{}", origin.ready["port"]);
    let mut setup = Setup::new()
        .set("ipfs.source = [\"gateway\"]")
        .set(&format!("ipfs.gateways = [{gateway:?}]"))
        .set("timeouts.metadata = \"5s\"")
        .set("timeouts.first_byte = \"5s\"")
        .set("timeouts.stall = \"5s\"");
    let filled = |text: &str| fill(&origin.ready, text);
    for key in keys(&filled) {
        setup = setup.set(&key);
    }
    Scene {
        agent: setup.start(),
        origin: RefCell::new(origin),
        failed: RefCell::default(),
    }
}

/// Puts CIDs and keys in the place of what they are called, such as `{site}`.
fn fill(ready: &Value, text: &str) -> String {
    let mut filled = text.to_owned();
    for (name, cid) in ready["named"].as_object().unwrap() {
        filled = filled.replace(&format!("{{{name}}}"), cid.as_str().unwrap());
    }
    filled
}

impl Scene {
    /// Puts CIDs and keys in the place of what they are called.
    pub(super) fn fill(&self, text: &str) -> String {
        fill(&self.origin.borrow().ready, text)
    }

    /// Text that is longer than one block.
    pub(super) fn lorem(&self) -> String {
        self.origin.borrow().ready["lorem"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Has the other process do something.
    #[track_caller]
    pub(super) fn have(&self, command: &Value) -> Value {
        let mut origin = self.origin.borrow_mut();
        writeln!(origin.commands, "{command}").unwrap();
        let answer = read(&mut origin.answers);
        assert!(answer["error"].is_null(), "{command}: {answer}");
        answer
    }

    /// How often blocks and records were asked of others.
    pub(super) fn asked(&self) -> u64 {
        self.have(&json!({ "do": "asked" }))["asked"]
            .as_u64()
            .unwrap()
    }

    /// A row of a table.
    pub(super) fn get(&self, target: &str) -> Row<'_> {
        self.row("GET", target)
    }

    pub(super) fn head(&self, target: &str) -> Row<'_> {
        self.row("HEAD", target)
    }

    pub(super) fn row(&self, method: &str, target: &str) -> Row<'_> {
        let target = self.fill(target);
        Row {
            scene: self,
            name: format!("{method} {target}"),
            request: self.agent.request(method, &target),
        }
    }

    /// Notes what is not as it should be.
    pub(super) fn check(&self, is_right: bool, what: impl FnOnce() -> String) {
        if !is_right {
            self.failed.borrow_mut().push(what());
        }
    }

    /// Ends a table: nothing in it may have failed.
    #[track_caller]
    pub(super) fn end(self) {
        let failed = self.failed.take();
        assert!(failed.is_empty(), "{failed:#?}");
    }
}

/// A request in the making.
pub(super) struct Row<'a> {
    scene: &'a Scene,
    name: String,
    request: crate::support::Request,
}

impl<'a> Row<'a> {
    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        let value = self.scene.fill(value);
        self.name = format!("{} {name}: {value}", self.name);
        self.request = self.request.header(name, &value);
        self
    }

    /// Sends it.
    #[track_caller]
    pub(super) fn gives(self, status: u16) -> Seen<'a> {
        let answer = self.request.send();
        self.scene.check(answer.status == status, || {
            let text = answer.text().chars().take(300).collect::<String>();
            format!("{}: {} is not {status}: {text}", self.name, answer.status)
        });
        Seen {
            scene: self.scene,
            name: self.name,
            answer,
        }
    }
}

/// What came, to be looked at.
pub(super) struct Seen<'a> {
    scene: &'a Scene,
    name: String,
    pub(super) answer: Answer,
}

impl Seen<'_> {
    fn has(self, header: &str, want: &str, is_right: impl FnOnce(&str) -> bool) -> Self {
        let value = self.answer.header(header).unwrap_or_default().to_owned();
        self.scene.check(is_right(&value), || {
            format!("{}: {header}: {value:?}, not {want:?}", self.name)
        });
        self
    }

    /// A header has this value; empty is none.
    pub(super) fn is(self, header: &str, want: &str) -> Self {
        let want = self.scene.fill(want);
        self.has(header, &want, |value| value == want)
    }

    pub(super) fn contains(self, header: &str, want: &str) -> Self {
        let want = self.scene.fill(want);
        self.has(header, &want, |value| value.contains(&want))
    }

    pub(super) fn lacks(self, header: &str, want: &str) -> Self {
        let want = self.scene.fill(want);
        self.has(header, &want, |value| !value.contains(&want))
    }

    /// The body is this.
    pub(super) fn body(self, want: impl AsRef<[u8]>) -> Self {
        let (got, want) = (&self.answer.body, want.as_ref());
        self.scene.check(got == want, || {
            let (got, want) = (String::from_utf8_lossy(got), String::from_utf8_lossy(want));
            format!("{}: body {got:?}, not {want:?}", self.name)
        });
        self
    }

    /// The body has this in it.
    pub(super) fn says(self, want: &str) -> Self {
        let want = self.scene.fill(want);
        let text = self.answer.text();
        self.scene.check(text.contains(&want), || {
            format!("{}: body has no {want:?}: {text}", self.name)
        });
        self
    }

    pub(super) fn says_no(self, want: &str) -> Self {
        let want = self.scene.fill(want);
        let text = self.answer.text();
        self.scene.check(!text.contains(&want), || {
            format!("{}: body has {want:?}: {text}", self.name)
        });
        self
    }
}
