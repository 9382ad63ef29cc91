//! Sessions that meet on this machine.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use tokio::time::{Instant, sleep};

use super::memory::Memory;
use crate::{
    Encryption, Need, Options, Policy, Reader, Scope, Session, Sources, Swarm, Torrent,
    swarm::state::State,
};

/// After so long something that should happen has not. No test waits for it to pass.
const LIMIT: Duration = Duration::from_secs(30);

/// A session that has joined a torrent in memory.
pub(super) struct Node {
    pub(super) session: Session,
    pub(super) swarm: Swarm,
    pub(super) memory: Arc<Memory>,
}

/// The options of a session that meets others on this machine.
pub(super) fn options() -> Options {
    Options {
        policy: Policy::new(Scope::Loopback, false),
        interface: None,
        port: 0,
        encryption: Encryption::Allow,
        dht: false,
        dht_bootstrap: Vec::new(),
        trackers: Vec::new(),
        upload_limit: None.into(),
        peers_per_torrent: 50,
        upnp: false,
        state: PathBuf::new(),
    }
}

/// Where others reach a session.
pub(super) fn address(session: &Session) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, session.port()))
}

pub(super) fn peers(peers: &[SocketAddr]) -> Sources {
    Sources {
        peers: peers.to_vec(),
        ..Sources::default()
    }
}

impl Node {
    pub(super) async fn start(memory: Arc<Memory>, others: &[&Self]) -> Self {
        Self::start_as(memory, others, |_, _| {}).await
    }

    /// A session that knows these others, with other options or another torrent.
    pub(super) async fn start_as(
        memory: Arc<Memory>,
        others: &[&Self],
        change: impl FnOnce(&mut Options, &mut Torrent),
    ) -> Self {
        let (mut options, mut torrent) = (options(), memory.torrent());
        change(&mut options, &mut torrent);
        let session = Session::start(options).await.expect("loopback is there");
        let known: Vec<_> = others.iter().map(|node| node.address()).collect();
        let swarm = session.join(torrent, &peers(&known));
        Self {
            session,
            swarm,
            memory,
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        address(&self.session)
    }

    /// A reader of all of it.
    pub(super) fn reader(&self) -> Reader {
        self.swarm
            .read(0..self.memory.sample.pieces.length(), Need::Now, u64::MAX)
    }

    /// Reads until every byte is there.
    pub(super) async fn read_all(&self) {
        let _reader = self.reader();
        until("every byte is there", || self.memory.is_whole()).await;
    }

    /// Waits until so many peers are connected.
    pub(super) async fn meets(&self, peers: usize) {
        until("peers are connected", || self.swarm.vitals().peers == peers).await;
    }

    /// What is true of the state.
    pub(super) fn state<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.swarm.live().state())
    }

    /// Which connections there are: keys are never used twice.
    pub(super) fn connections(&self) -> Vec<u32> {
        self.state(|state| state.peers.keys().map(|key| key.0).collect())
    }
}

/// Waits for something to become true.
pub(super) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < LIMIT, "it never came about that {what}");
        sleep(Duration::from_millis(5)).await;
    }
}
