//! A swarm that is joined: its state, and the work that goes on around it.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use librqbit_core::hash_id::Id20;
use librqbit_sha1_wrapper::{ISha1, Sha1};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::{
    arrivals::{Verdict, Welcome},
    blame::BlockHash,
    finding::{self, Followed},
    messages::Misbehaviour,
    state::{Start, State, Totals},
};
use crate::{
    Block, Content, Pieces, Torrent, book::Source, schedule::PeerKey, session::Shared,
    tracker::Wish, webseed::WebFile, wire::Message,
};

/// A swarm that is joined.
pub(crate) struct Live {
    pub(crate) infohash: Id20,
    pub(crate) private: bool,
    pub(crate) pieces: Pieces,
    pub(crate) content: Arc<dyn Content>,
    pub(crate) session: Arc<Shared>,
    /// Cancelled when the swarm is left.
    pub(crate) stop: CancellationToken,
    /// Its name and files, as web servers have them.
    pub(super) name: String,
    pub(super) files: Vec<WebFile>,
    pub(super) single_file: bool,
    /// Told when something is to be decided.
    pub(super) wake: Notify,
    began: Instant,
    state: Mutex<State>,
    failure: Mutex<Option<io::Error>>,
    followed: Mutex<Followed>,
    wish: watch::Sender<Wish>,
}

impl Live {
    pub(super) fn new(torrent: Torrent, session: Arc<Shared>) -> Arc<Self> {
        let state = State::new(Start {
            pieces: torrent.pieces,
            content: Arc::clone(&torrent.content),
            info: torrent.info,
            private: torrent.private,
            most_peers: session.options.peers_per_torrent,
            port: session.port,
            me: session.finder.peer_id,
            dht_port: session
                .finder
                .dht
                .as_ref()
                .filter(|_| !torrent.private)
                .map(|dht| dht.listen_addr().port()),
        });
        let stop = session.stop.child_token();
        Arc::new(Self {
            infohash: torrent.infohash,
            private: torrent.private,
            pieces: torrent.pieces,
            content: torrent.content,
            session,
            stop,
            name: torrent.name,
            files: torrent.files,
            single_file: torrent.single_file,
            wake: Notify::new(),
            began: Instant::now(),
            wish: finding::wishes(state.progress.held().is_full()),
            state: Mutex::new(state),
            failure: Mutex::new(None),
            followed: Mutex::default(),
        })
    }

    pub(super) fn followed(&self) -> MutexGuard<'_, Followed> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What trackers are to be told.
    pub(super) fn wishes(&self) -> watch::Receiver<Wish> {
        self.wish.subscribe()
    }

    /// Asks trackers for peers now, as far as they allow it.
    pub(super) fn ask_trackers(&self) {
        self.wish.send_modify(|wish| wish.asked += 1);
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Time since the swarm was joined.
    pub(super) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// What has gone to and fro.
    pub(crate) fn totals(&self) -> Totals {
        self.state().totals
    }

    /// Bytes of the pieces that are missing.
    pub(super) fn bytes_missing(&self) -> u64 {
        self.state().bytes_missing()
    }

    /// Takes note of where peers may be. Strangers may only name what the policy allows.
    pub(crate) fn found(&self, addresses: &[SocketAddr], source: Source) {
        let now = self.now();
        let mut state = self.state();
        let mut any = false;
        for address in addresses {
            // Peers on the local network announce themselves there; nobody else may name them.
            let allowed = match source {
                Source::Hint | Source::Incoming => true,
                Source::Lsd => !address.ip().is_loopback(),
                _ => self.session.policy.allows(address.ip()),
            };
            any |= allowed && state.book.add(*address, source, now);
        }
        drop(state);
        if any {
            self.wake.notify_one();
        }
    }

    /// Takes a message of a peer to heart.
    pub(super) fn message(&self, key: PeerKey, message: &Message<'_>) -> Result<(), Misbehaviour> {
        let heard = self.state().message(key, message)?;
        if !heard.peers.is_empty() {
            self.found(&heard.peers, Source::Pex);
        }
        if heard.replan {
            self.wake.notify_one();
        }
        Ok(())
    }

    /// Takes a block of a peer: writes it, and has its piece hashed if it was the last.
    pub(super) fn block(
        self: &Arc<Self>,
        key: PeerKey,
        piece: u32,
        begin: u32,
        data: &[u8],
    ) -> Result<(), Misbehaviour> {
        let welcome = self.state().welcome(key, piece, begin, data.len())?;
        if let Welcome::Take(block) = welcome {
            self.take(key, block, data);
        }
        Ok(())
    }

    /// Writes a block after the state has said that it is to be written.
    pub(super) fn take(self: &Arc<Self>, key: PeerKey, block: Block, data: &[u8]) {
        let at = self.pieces.bytes_of_block(block).start;
        if let Err(error) = self.content.write(at, data) {
            return self.fail(block, key, error);
        }
        let mut state = self.state();
        let complete = state.arrived(key, block, self.now());
        let runs_low = state.runs_low(key);
        drop(state);
        if let Some(piece) = complete {
            self.check(piece);
        }
        if runs_low || complete.is_some() {
            self.wake.notify_one();
        }
    }

    /// The disk takes nothing: nothing more is asked for until a reader has heard of it.
    fn fail(&self, block: Block, key: PeerKey, error: io::Error) {
        tracing::warn!(%error, "a block could not be written");
        self.state().write_failed(key, block);
        *self.failure() = Some(error);
    }

    fn failure(&self) -> MutexGuard<'_, Option<io::Error>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says what stopped the swarm, and lets it go on.
    pub(super) fn take_failure(&self) -> Option<io::Error> {
        let failure = self.failure().take();
        if failure.is_some() {
            self.state().stopped = false;
            self.wake.notify_one();
        }
        failure
    }

    /// Hashes a piece on a thread that may block.
    pub(super) fn check(self: &Arc<Self>, piece: u32) {
        let live = Arc::clone(self);
        self.session.home.spawn_blocking(move || {
            let is_suspect = live.state().suspects.has(piece);
            let verdict = verdict(&*live.content, live.pieces, piece, is_suspect)
                .unwrap_or_else(Verdict::Unknown);
            let (failure, complete) = {
                let mut state = live.state();
                let failure = state.checked(piece, verdict);
                (failure, state.progress.held().is_full())
            };
            if let Some(error) = failure {
                *live.failure() = Some(error);
            }
            live.wish
                .send_if_modified(|wish| complete && !std::mem::replace(&mut wish.completed, true));
            live.wake.notify_one();
        });
    }
}

/// Hashes a piece, and its blocks where somebody is suspected or the piece is wrong.
pub(super) fn verdict(
    content: &dyn Content,
    pieces: Pieces,
    piece: u32,
    is_suspect: bool,
) -> io::Result<Verdict> {
    let is_right = content.check(piece)?;
    Ok(match (is_right, is_suspect) {
        (true, false) => Verdict::Right(Vec::new()),
        (true, true) => Verdict::Right(block_hashes(content, pieces, piece)?),
        (false, _) => Verdict::Wrong(block_hashes(content, pieces, piece)?),
    })
}

/// The hash of every block of a piece, as it is on disk.
fn block_hashes(content: &dyn Content, pieces: Pieces, piece: u32) -> io::Result<Vec<BlockHash>> {
    let hash = |index| {
        let bytes = pieces.bytes_of_block(Block { piece, index });
        let length = usize::try_from(bytes.end - bytes.start).map_err(io::Error::other)?;
        let mut block = vec![0; length];
        content.read(bytes.start, &mut block)?;
        let mut hash = Sha1::new();
        hash.update(&block);
        Ok(hash.finish())
    };
    (0..pieces.blocks_in(piece)).map(hash).collect()
}
