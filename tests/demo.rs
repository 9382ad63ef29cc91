//! The demo as a user runs it: everything it shows comes, is right, and is gone when it ends.

mod opening;
mod shown;

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::support::{Answer, Request, STOPPING, folder, until};

/// The program as in a home of its own, with a folder for temporary files. Nothing of the user's own is in its way.
fn program(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_universal-p2p"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("UNIVERSAL_P2P_") {
            command.env_remove(name);
        }
    }
    let temporary = temporary(home);
    fs::create_dir_all(&temporary).unwrap();
    command
        .current_dir(home)
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_DATA_HOME", home.join("share"))
        .env("TMPDIR", temporary);
    command
}

fn temporary(home: &Path) -> PathBuf {
    home.join("temporary")
}

/// What lies in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A demo that runs. It is killed with its value; a failing test shows what it said.
struct Demo {
    child: Child,
    home: TempDir,
    links: BTreeMap<String, String>,
}

impl Demo {
    /// Starts one that opens no page.
    #[track_caller]
    fn start() -> Self {
        Self::started(folder(), |command| command.arg("--no-open"))
    }

    /// Starts one in a home, and waits until it has told everything.
    #[track_caller]
    fn started(home: TempDir, how: impl FnOnce(&mut Command) -> &mut Command) -> Self {
        let mut demo = Self::spawned(home, how);
        let output = BufReader::new(demo.child.stdout.take().unwrap());
        for line in output.lines().map(Result::unwrap) {
            if let Some((name, url)) = line.split_once("http://") {
                let (name, url) = (name.trim().to_owned(), format!("http://{url}"));
                demo.links.insert(name, url);
            }
            if line.starts_with("Ctrl-C") {
                return demo;
            }
        }
        panic!("it ended before it had told where everything is");
    }

    /// Starts one in a home.
    #[track_caller]
    fn spawned(home: TempDir, how: impl FnOnce(&mut Command) -> &mut Command) -> Self {
        let mut command = program(home.path());
        how(command.arg("demo"))
            .stdout(Stdio::piped())
            .stderr(File::create(home.path().join("log")).unwrap());
        Self {
            child: command.spawn().unwrap(),
            home,
            links: BTreeMap::new(),
        }
    }

    /// An address it told.
    #[track_caller]
    fn link(&self, name: &str) -> &str {
        let link = self.links.get(name);
        link.unwrap_or_else(|| panic!("no {name} in {:?}", self.links))
    }

    /// A folder's address it told, led on to something in it.
    fn below(&self, name: &str, path: &str) -> String {
        let (folder, query) = self.link(name).split_once('?').unwrap();
        format!("{folder}{path}?{query}")
    }

    /// What it says on standard error.
    fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap()
    }

    /// The one folder that it made.
    fn place(&self) -> PathBuf {
        let temporary = temporary(self.home.path());
        let names = names(&temporary);
        assert_eq!(names.len(), 1, "{names:?}");
        temporary.join(&names[0])
    }

    /// What the peer has, which nothing but the networks brings to the agent.
    fn file(&self, name: &str) -> PathBuf {
        self.place().join("demo").join(name)
    }

    /// Sends a signal and waits for the end.
    fn end(&mut self, signal: Signal) -> ExitStatus {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let mut status = None;
        until("the end of the demo", STOPPING, || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // it may have ended already, which is what was wanted
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            println!("---- what the demo said ----\n{}", self.log());
        }
    }
}

/// A request for an address.
fn request(url: &str) -> Request {
    let (server, target) = url
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let server: SocketAddr = server.parse().unwrap();
    Request::new(server, "GET", &format!("/{target}"))
}

/// The answer to a request for an address.
#[track_caller]
fn get(url: &str) -> Answer {
    request(url).send()
}
