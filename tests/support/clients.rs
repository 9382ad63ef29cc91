//! Foreign BitTorrent clients, each seeding or fetching one torrent in an isolated test.

mod launch;
mod probe;

use std::{
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Agent, LAN, Made, Setup, Tracker, tools, until};

/// Where a client takes peers. An isolated test has all ports for itself.
const PORT: u16 = 7800;

/// Where the one takes peers from which stock librqbit gets what it is to seed.
const SOURCE_PORT: u16 = 7803;

/// Where our own agent takes peers in isolated tests.
const AGENT_PORT: u16 = 7700;

/// How long a client may take to start and to look at its data.
const STARTING: Duration = Duration::from_secs(60);

/// A client that is not the engine under test.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Client {
    /// libtorrent 2.1, by its Python binding.
    Libtorrent,
    /// Transmission 3.
    Transmission,
    /// aria2 1.36.
    Aria2,
    /// qBittorrent 4.5, with a libtorrent of its own.
    Qbittorrent,
    /// WebTorrent 1.9 in Node.js, over TCP.
    Webtorrent,
    /// Stock librqbit, as an agent runs it.
    Librqbit,
}

/// What a client is to do with one torrent.
struct Task {
    metainfo: PathBuf,
    /// Where its data is, or goes.
    folder: PathBuf,
    /// Where the client keeps what is its own.
    home: PathBuf,
    /// Where it takes peers.
    listen: SocketAddr,
    /// Whom it connects to.
    peers: Vec<SocketAddr>,
    /// Whether the data is there.
    seeds: bool,
    /// What only some clients know.
    settings: Value,
    /// Whether it downloads nothing; only libtorrent knows how.
    idle: bool,
}

/// A client at work. It ends with its value.
pub(crate) struct Running {
    /// Where it takes peers.
    pub(crate) peer: SocketAddr,
    folder: PathBuf,
    process: Process,
    _home: TempDir,
}

enum Process {
    Foreign(Child),
    Ours(Box<Agent>),
}

/// An agent for isolated tests, on the same network as the clients. It is patient: Transmission
/// thinks of whom to serve every ten seconds.
pub(crate) fn agent_on_lan() -> Setup {
    Setup::internet()
        .set("network.allow_private = true")
        .set(r#"timeouts.first_byte = "80s""#)
        .set(&format!("bittorrent.port = {AGENT_PORT}"))
}

/// Where the agent for isolated tests takes peers.
pub(crate) fn peer_of_agent() -> SocketAddr {
    SocketAddr::from((LAN, AGENT_PORT))
}

impl Client {
    /// Lets it seed a torrent, and waits until it has all of it.
    pub(crate) fn seed(self, made: &Made) -> Running {
        let home = tools::folder();
        let listen = SocketAddr::from((LAN, PORT));
        if let Self::Librqbit = self {
            let source = libtorrent_at(SocketAddr::from((LAN, SOURCE_PORT)), made, &json!({}));
            let agent = stock_agent();
            let fetched = agent.get(&made.at(&[source.peer])).send();
            assert_eq!(fetched.body.len(), made.bytes().len());
            return Running {
                peer: listen,
                folder: made.data(),
                process: Process::Ours(Box::new(agent)),
                _home: home,
            };
        }
        let running = self.start(Task::seeding(made, &home, listen), home);
        until("the client's readiness", STARTING, || {
            probe::has_all(listen, &made.id)
        });
        running
    }

    /// Lets it fetch a torrent from one peer. Where it takes no peers otherwise, a tracker tells it.
    /// Settings are known to libtorrent, which takes its own, and to Transmission, which takes `utp`.
    pub(crate) fn leech(
        self,
        made: &Made,
        metainfo: &[u8],
        from: SocketAddr,
        settings: Value,
    ) -> Running {
        let home = tools::folder();
        let listen = SocketAddr::from((LAN, PORT));
        let task = Task {
            metainfo: home.path().join("torrent"),
            folder: home.path().join("fetched"),
            peers: vec![from],
            seeds: false,
            settings,
            ..Task::seeding(made, &home, listen)
        };
        std::fs::create_dir(&task.folder).unwrap();
        if let Self::Librqbit = self {
            let agent = stock_agent();
            let fetched = agent.get(&made.at(&[from])).send();
            std::fs::write(task.folder.join(&made.name), fetched.body).unwrap();
            return Running {
                peer: listen,
                folder: task.folder,
                process: Process::Ours(Box::new(agent)),
                _home: home,
            };
        }
        let tracker = Tracker::start(LAN, &[from]);
        std::fs::write(&task.metainfo, tracker.named_in(metainfo)).unwrap();
        self.start(task, home)
    }

    fn start(self, task: Task, home: TempDir) -> Running {
        let (mut command, announces_itself) = self.command(&task);
        let mut child = command
            .stdin(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{command:?}: {error}: run tests/run once, it installs what the tests need")
            });
        if announces_itself {
            launch::await_line(&mut child);
        }
        Running {
            peer: task.listen,
            folder: task.folder,
            process: Process::Foreign(child),
            _home: home,
        }
    }
}

/// Lets libtorrent seed with settings of its own, at any address.
pub(crate) fn libtorrent_at(listen: SocketAddr, made: &Made, settings: &Value) -> Running {
    let home = tools::folder();
    let task = Task {
        settings: settings.clone(),
        ..Task::seeding(made, &home, listen)
    };
    Client::Libtorrent.start(task, home)
}

/// Lets libtorrent fetch a torrent from whomever its settings let it find.
pub(crate) fn leech_at(listen: SocketAddr, made: &Made, settings: &Value) -> Running {
    let home = tools::folder();
    let task = Task {
        folder: home.path().join("fetched"),
        settings: settings.clone(),
        seeds: false,
        ..Task::seeding(made, &home, listen)
    };
    Client::Libtorrent.start(task, home)
}

/// Lets libtorrent connect to peers without fetching anything: all it gives is metadata and the
/// peers it knows.
pub(crate) fn acquaintance_at(listen: SocketAddr, made: &Made, peers: &[SocketAddr]) -> Running {
    let home = tools::folder();
    let task = Task {
        folder: home.path().join("empty"),
        peers: peers.to_vec(),
        settings: json!({ "close_redundant_connections": false }),
        idle: true,
        ..Task::seeding(made, &home, listen)
    };
    Client::Libtorrent.start(task, home)
}

/// An agent with the stock engine, at the port of the clients.
fn stock_agent() -> Agent {
    Setup::internet()
        .set("network.allow_private = true")
        .set(r#"bittorrent.engine = "librqbit""#)
        .set(&format!("bittorrent.port = {PORT}"))
        .start()
}

impl Task {
    fn seeding(made: &Made, home: &TempDir, listen: SocketAddr) -> Self {
        Self {
            metainfo: made.metainfo(),
            folder: made.data(),
            home: home.path().into(),
            listen,
            peers: Vec::new(),
            seeds: true,
            settings: json!({}),
            idle: false,
        }
    }
}

impl Running {
    /// Waits until it has fetched all of a torrent.
    #[track_caller]
    pub(crate) fn await_all_of(&self, made: &Made, longest: Duration) {
        until("the download", longest, || made.is_whole_in(&self.folder));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        match &mut self.process {
            Process::Foreign(child) => {
                // it may be gone already, which is what was wanted
                let _ = child.kill();
                let _ = child.wait();
            }
            Process::Ours(agent) => agent.kill(),
        }
    }
}
