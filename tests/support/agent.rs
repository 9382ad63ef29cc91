//! The agent under test, as users run it: the program itself, in a process of its own.

use std::{
    ffi::OsStr,
    fs::File,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{Request, tools, until};

/// How an agent is to be started: loopback only, everything in a folder of its own.
#[must_use = "nothing is started yet"]
pub(crate) struct Setup {
    home: TempDir,
    lines: Vec<String>,
    arguments: Vec<String>,
}

impl Setup {
    /// An agent that keeps to this machine.
    pub(crate) fn new() -> Self {
        Self::with_scope("loopback")
    }

    /// An agent that believes to be on the internet, but asks nobody there.
    pub(crate) fn internet() -> Self {
        Self::with_scope("internet")
            .set("bittorrent.dht = false")
            .set("bittorrent.trackers = []")
    }

    fn with_scope(scope: &str) -> Self {
        let mut lines = vec![format!("network.scope = {scope:?}")];
        // The same tests hold for every engine.
        if let Ok(engine) = std::env::var("TEST_ENGINE") {
            lines.push(format!("bittorrent.engine = {engine:?}"));
        }
        Self {
            home: tools::folder(),
            lines,
            arguments: Vec::new(),
        }
    }

    /// Adds a line to the configuration file; it takes the place of one with the same key.
    pub(crate) fn set(mut self, line: &str) -> Self {
        let key = |line: &str| line.split('=').next().map(|key| key.trim().to_owned());
        self.lines.retain(|known| key(known) != key(line));
        self.lines.push(line.into());
        self
    }

    /// Adds a command-line argument; it takes the place of the usual one.
    pub(crate) fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Where the agent keeps its data.
    pub(crate) fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// Writes the configuration and gives the command; nothing of the user's own is in its way.
    pub(crate) fn command(&self) -> Command {
        let home = self.home.path();
        let config = home.join("config.toml");
        std::fs::write(&config, self.lines.join("\n")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_universal-p2p"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("UNIVERSAL_P2P_") {
                command.env_remove(name);
            }
        }
        command
            .current_dir(home)
            .env("HOME", home)
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("XDG_DATA_HOME", home.join("share"))
            .arg("serve");
        let data = self.data();
        let usual = [
            ("--config", config.as_os_str()),
            ("--data-dir", data.as_os_str()),
            ("--listen", OsStr::new("127.0.0.1:0")),
            ("--management", OsStr::new("127.0.0.1:0")),
        ];
        for (flag, value) in usual {
            if !self.arguments.iter().any(|argument| argument == flag) {
                command.arg(flag).arg(value);
            }
        }
        command.args(&self.arguments);
        command
    }

    /// Runs it to its end, which must come by itself.
    pub(crate) fn run(&self) -> Output {
        self.command().output().unwrap()
    }

    /// Starts it and waits until it listens.
    #[track_caller]
    pub(crate) fn start(self) -> Agent {
        let running = Running::spawn(&self);
        Agent {
            setup: self,
            running,
        }
    }
}

/// A running agent. It is killed with its value; a failing test shows its log.
pub(crate) struct Agent {
    setup: Setup,
    running: Running,
}

struct Running {
    child: Child,
    content: SocketAddr,
    management: SocketAddr,
}

impl Running {
    #[track_caller]
    fn spawn(setup: &Setup) -> Self {
        let log = log_of(setup.home.path());
        let mut child = setup
            .command()
            .stdout(Stdio::piped())
            .stderr(
                File::options()
                    .create(true)
                    .append(true)
                    .open(&log)
                    .unwrap(),
            )
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let address = |key: &str| -> Option<SocketAddr> {
            let mut words = line.strip_prefix("listening ")?.split_whitespace();
            words
                .find_map(|word| word.strip_prefix(key)?.strip_prefix("=http://"))?
                .parse()
                .ok()
        };
        let (Some(content), Some(management)) = (address("content"), address("management")) else {
            let _ = child.kill();
            let _ = child.wait();
            let log = std::fs::read_to_string(log).unwrap();
            panic!("the agent does not listen; it says {line:?}\n{log}");
        };
        Self {
            child,
            content,
            management,
        }
    }
}

fn log_of(home: &Path) -> PathBuf {
    home.join("log")
}

impl Agent {
    /// Starts one with the usual setup.
    #[track_caller]
    pub(crate) fn start() -> Self {
        Setup::new().start()
    }

    /// Where it serves content.
    pub(crate) fn content(&self) -> SocketAddr {
        self.running.content
    }

    /// Where it is managed.
    pub(crate) fn management(&self) -> SocketAddr {
        self.running.management
    }

    /// Its process.
    pub(crate) fn process(&self) -> u32 {
        self.running.child.id()
    }

    /// Where its data lies.
    pub(crate) fn data(&self) -> PathBuf {
        self.setup.data()
    }

    /// The folder that holds its data and its configuration.
    pub(crate) fn home(&self) -> &Path {
        self.setup.home.path()
    }

    /// An address of it as a link.
    pub(crate) fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.content())
    }

    /// A GET request to it.
    pub(crate) fn get(&self, target: &str) -> Request {
        self.request("GET", target)
    }

    /// A HEAD request to it.
    pub(crate) fn head(&self, target: &str) -> Request {
        self.request("HEAD", target)
    }

    /// A request to it.
    pub(crate) fn request(&self, method: &str, target: &str) -> Request {
        Request::new(self.content(), method, target)
    }

    /// How many files and sockets it has open.
    pub(crate) fn open_files(&self) -> usize {
        let table = format!("/proc/{}/fd", self.running.child.id());
        std::fs::read_dir(table).unwrap().count()
    }

    /// Whether its process is there.
    pub(crate) fn is_running(&mut self) -> bool {
        self.running.child.try_wait().unwrap().is_none()
    }

    /// Asks it to stop.
    pub(crate) fn ask_to_stop(&self) {
        let pid = Pid::from_child(&self.running.child);
        kill_process(pid, Signal::TERM).unwrap();
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self, longest: Duration) -> ExitStatus {
        let mut status = None;
        until("the end of the agent", longest, || {
            status = self.running.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }

    /// Kills it without warning.
    pub(crate) fn kill(&mut self) {
        self.running.child.kill().unwrap();
        self.running.child.wait().unwrap();
    }

    /// Kills it without warning while others still talk to it; its end is to be waited for.
    pub(crate) fn kill_under_load(&self) {
        let pid = Pid::from_child(&self.running.child);
        kill_process(pid, Signal::KILL).unwrap();
    }

    /// Starts it again on the same data; it must have ended.
    #[track_caller]
    pub(crate) fn start_again(&mut self) {
        assert!(!self.is_running(), "it still runs");
        self.running = Running::spawn(&self.setup);
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // it may have ended already, which is what was wanted
        let _ = self.running.child.kill();
        let _ = self.running.child.wait();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(log_of(self.setup.home.path())).unwrap_or_default();
            println!("---- the agent's log ----\n{log}");
        }
    }
}
