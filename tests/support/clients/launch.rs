//! The command lines and settings of the clients. All keep to the peers they are told of: no DHT, no local
//! discovery, no exchange of peers, no port forwarding.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use serde_json::json;

use super::{Client, Task};
use crate::support::tools;

/// The settings of qBittorrent that have no flag.
const QBITTORRENT: &str = "[LegalNotice]\nAccepted=true\n\
    [BitTorrent]\nSession\\DHTEnabled=false\nSession\\LSDEnabled=false\nSession\\PeXEnabled=false\n\
    Session\\MultiConnectionsPerIp=true\nSession\\QueueingSystemEnabled=false\n\
    [Network]\nPortForwardingEnabled=false\n\
    [Preferences]\nWebUI\\Port=7802\nWebUI\\UseUPnP=false\n";

impl Client {
    /// How it is started, and whether it prints a line when it is ready.
    pub(super) fn command(self, task: &Task) -> (Command, bool) {
        match self {
            Self::Libtorrent => (libtorrent(task), true),
            Self::Webtorrent => (webtorrent(task), true),
            Self::Transmission => (transmission(task), false),
            Self::Aria2 => (aria2(task), false),
            Self::Qbittorrent => (qbittorrent(task), false),
            Self::Librqbit => unreachable!("an agent runs it"),
        }
    }
}

/// Waits for the first line a client prints.
pub(super) fn await_line(child: &mut Child) {
    let mut line = String::new();
    let output = child.stdout.as_mut().expect("its output is ours");
    BufReader::new(output).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n", "the client's message stands above");
}

fn libtorrent(task: &Task) -> Command {
    let options = json!({
        "metainfo": task.metainfo, "folder": task.folder, "listen": task.listen.to_string(),
        "peers": task.peers, "settings": task.settings, "idle": task.idle,
    });
    let mut command = Command::new(tools::python());
    command
        .arg("-B")
        .arg(tools::file_of_suite("support/libtorrent_peer.py"))
        .arg(options.to_string())
        .stdout(Stdio::piped());
    command
}

fn webtorrent(task: &Task) -> Command {
    let options = json!({
        "metainfo": task.metainfo, "folder": task.folder, "port": task.listen.port(),
        "peers": task.peers,
    });
    let mut command = Command::new("node");
    command
        .arg(tools::file_of_suite("support/webtorrent/peer.mjs"))
        .arg(options.to_string())
        .stdout(Stdio::piped());
    command
}

/// Transmission's program for a single torrent; the daemon is the same library with a server.
fn transmission(task: &Task) -> Command {
    let settings = json!({
        "bind-address-ipv4": task.listen.ip(), "dht-enabled": false, "lpd-enabled": false,
        "pex-enabled": false, "port-forwarding-enabled": false, "rpc-enabled": false, "utp-enabled": task.settings["utp"] == true,
    });
    std::fs::write(task.home.join("settings.json"), settings.to_string()).unwrap();
    let mut command = Command::new("transmission-cli");
    command
        .arg("-g")
        .arg(&task.home)
        .arg("-w")
        .arg(&task.folder);
    command.args(["-M", "-p", &task.listen.port().to_string()]);
    if task.seeds {
        command.arg("-v");
    }
    command.arg(&task.metainfo);
    quiet(command, task)
}

fn aria2(task: &Task) -> Command {
    let mut command = Command::new("aria2c");
    command
        .args(["--no-conf", "--enable-dht=false", "--enable-dht6=false"])
        .args(["--bt-enable-lpd=false", "--enable-peer-exchange=false"])
        .args([
            "--seed-ratio=0.0",
            "--file-allocation=none",
            "--disk-cache=0",
        ])
        .args(["--check-integrity=true", "--allow-overwrite=true"])
        .arg(format!("--listen-port={}", task.listen.port()))
        .arg("--dir")
        .arg(&task.folder)
        .arg(&task.metainfo);
    quiet(command, task)
}

fn qbittorrent(task: &Task) -> Command {
    let place = task.home.join("qBittorrent/config");
    std::fs::create_dir_all(&place).unwrap();
    let settings = format!(
        "{QBITTORRENT}[BitTorrent]\nSession\\Port={}\n",
        task.listen.port()
    );
    std::fs::write(place.join("qBittorrent.conf"), settings).unwrap();
    let mut command = Command::new("qbittorrent-nox");
    command
        .arg(format!("--profile={}", task.home.display()))
        .arg(format!("--save-path={}", task.folder.display()))
        .arg("--add-paused=false")
        .arg(&task.metainfo);
    quiet(command, task)
}

/// Keeps what it prints in a file of its own.
fn quiet(mut command: Command, task: &Task) -> Command {
    let log = File::create(task.home.join("printed")).unwrap();
    command.stderr(log.try_clone().unwrap()).stdout(log);
    command.env("HOME", &task.home);
    command
}
