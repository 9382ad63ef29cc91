//! A libtorrent seeder in a process of its own, and what it seeds.

use std::{
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Spec, tools};

/// A running seeder. It ends with its value.
pub(crate) struct Seeder {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    address: SocketAddr,
    folder: TempDir,
    made: usize,
}

/// What a seeder has sent of one torrent.
pub(crate) struct Sent {
    /// Bytes of files, protocol overhead left out.
    pub(crate) uploaded: u64,
    /// Connections that ever came in, for all torrents of the seeder.
    pub(crate) connections: u64,
    /// Peers that are connected now.
    pub(crate) peers: u64,
}

impl Seeder {
    /// Starts one that is honest.
    pub(crate) fn start() -> Self {
        Self::start_with(&json!({}))
    }

    /// Starts one that sends whatever its files hold, without looking.
    pub(crate) fn start_corrupt() -> Self {
        Self::start_with(&json!({ "corrupt": true }))
    }

    fn start_with(options: &Value) -> Self {
        let mut child = Command::new(tools::python())
            .arg("-B")
            .arg(tools::file_of_suite("support/seeder.py"))
            .arg(options.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let commands = child.stdin.take().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let ready = read_answer(&mut answers);
        let port = u16::try_from(ready["port"].as_u64().unwrap()).unwrap();
        Self {
            child,
            commands,
            answers,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            folder: tools::folder(),
            made: 0,
        }
    }

    /// Makes the torrent and seeds it.
    pub(crate) fn seed(&mut self, spec: Spec) -> Seeding {
        let folder = self.folder.path().join(self.made.to_string());
        self.made += 1;
        std::fs::create_dir(&folder).unwrap();
        let (torrent, files) = spec.write(&folder);
        let answer = self.ask(&json!({ "do": "seed", "folder": folder, "torrent": torrent }));
        let text = |key: &str| answer[key].as_str().map(str::to_owned);
        Seeding {
            id: text("id").unwrap(),
            v2: text("v2"),
            peer: self.address,
            metainfo: text("metainfo").unwrap().into(),
            files,
        }
    }

    /// What it has sent of a torrent.
    pub(crate) fn sent(&mut self, seeding: &Seeding) -> Sent {
        let answer = self.ask(&json!({ "do": "stats", "id": seeding.id }));
        Sent {
            uploaded: answer["uploaded"].as_u64().unwrap(),
            connections: answer["connections"].as_u64().unwrap(),
            peers: answer["peers"].as_u64().unwrap(),
        }
    }

    /// Limits what all peers together get; 0 lifts the limit.
    pub(crate) fn limit(&mut self, bytes_per_second: u64) {
        self.ask(&json!({ "do": "limit", "bytes_per_second": bytes_per_second }));
    }

    /// Drops every peer and takes no new one.
    pub(crate) fn pause(&mut self) {
        self.ask(&json!({ "do": "pause" }));
    }

    /// Takes peers again.
    pub(crate) fn resume(&mut self) {
        self.ask(&json!({ "do": "resume" }));
    }

    /// Downloads a torrent from one peer; says whether all of it came within the given seconds.
    pub(crate) fn leech(&mut self, metainfo: &Path, peer: SocketAddr, within: u64) -> bool {
        let into = self.folder.path().join("leeched");
        let answer = self.ask(&json!({
            "do": "leech", "metainfo": metainfo, "into": into,
            "peer": peer.to_string(), "within": within,
        }));
        answer["complete"].as_bool().unwrap()
    }

    fn ask(&mut self, command: &Value) -> Value {
        writeln!(self.commands, "{command}").unwrap();
        let answer = read_answer(&mut self.answers);
        assert!(answer["error"].is_null(), "{command}: {answer}");
        answer
    }
}

impl Drop for Seeder {
    fn drop(&mut self) {
        // it may be gone already, which is what was wanted
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_answer(answers: &mut impl BufRead) -> Value {
    let mut line = String::new();
    answers.read_line(&mut line).unwrap();
    serde_json::from_str(&line).expect("the seeder has died, its message stands above")
}

/// A torrent that is being seeded, or was.
#[derive(Clone)]
pub(crate) struct Seeding {
    /// The infohash, 40 hexadecimal digits.
    pub(crate) id: String,
    /// The version 2 infohash, where it has one.
    pub(crate) v2: Option<String>,
    /// The seeder.
    pub(crate) peer: SocketAddr,
    /// The .torrent file.
    pub(crate) metainfo: PathBuf,
    files: Vec<(String, PathBuf)>,
}

impl Seeding {
    /// The address of a path in it, already percent-encoded and with its slash; it names the seeder.
    pub(crate) fn at(&self, path: &str) -> String {
        self.address("stream", path)
    }

    /// Any address of it that names the seeder; `kind` is the third segment.
    pub(crate) fn address(&self, kind: &str, path: &str) -> String {
        let Self { id, peer, .. } = self;
        let mark = if path.contains('?') { '&' } else { '?' };
        format!("/bittorrent/v0/{kind}/{id}{path}{mark}x.pe={peer}")
    }

    /// The address of a path in it that names nobody.
    pub(crate) fn without_peer(&self, path: &str) -> String {
        format!("/bittorrent/v0/stream/{}{path}", self.id)
    }

    /// All right bytes of a file; the path is that within the torrent, the name of a single file.
    pub(crate) fn bytes(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.place(path)).unwrap()
    }

    /// The right bytes of a part of a file.
    pub(crate) fn part(&self, path: &str, offset: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        let file = std::fs::File::open(self.place(path)).unwrap();
        file.read_exact_at(&mut bytes, offset).unwrap();
        bytes
    }

    fn place(&self, path: &str) -> &Path {
        let found = self.files.iter().find(|(known, _)| known == path);
        &found.expect("the torrent has this file").1
    }
}
