//! Everything that is known of one torrent's swarm. No I/O and no clock: what happens is told, with
//! the time since the swarm began, and what is to be sent lies in the peers' outgoing queues.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use librqbit_core::hash_id::Id20;

use super::{
    blame::Suspects,
    peer::{Newcomer, Peer},
    reading::Reading,
    room::Room,
    rounds::Rounds,
};
use crate::{
    Bits, Content, Holding, Pieces,
    book::{Book, Limits, Source},
    schedule::{PeerKey, Progress},
    wire::Message,
};

/// Connections with one public address.
const MOST_PER_ADDRESS: usize = 3;

/// Addresses of peers that are kept for one torrent.
const MOST_KNOWN: usize = 2000;

/// What has gone to and fro, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Blocks that came in and were kept.
    pub downloaded: u64,
    /// Blocks sent to others.
    pub uploaded: u64,
    /// Blocks that came in for nothing: twice, unasked, or in a piece with a wrong hash.
    pub wasted: u64,
    /// Pieces whose hash was wrong.
    pub bad_pieces: u64,
}

/// Everything that is known of one torrent's swarm.
pub(super) struct State {
    pub(super) pieces: Pieces,
    pub(super) progress: Progress,
    pub(super) content: Arc<dyn Content>,
    pub(super) room: Room,
    pub(super) peers: BTreeMap<PeerKey, Peer>,
    pub(super) readers: BTreeMap<u32, Reading>,
    pub(super) book: Book,
    pub(super) suspects: Suspects,
    pub(super) totals: Totals,
    /// Pieces with data on disk that have not been hashed since an unclean stop.
    pub(super) doubtful: Bits,
    /// Those of them that readers want and that wait to be hashed, and those that are being hashed.
    pub(super) doubts: VecDeque<u32>,
    pub(super) checking: BTreeSet<u32>,
    pub(super) rounds: Rounds,
    /// The info dictionary, for those who have only the infohash (BEP 9).
    pub(super) info: Bytes,
    pub(super) private: bool,
    pub(super) most_peers: usize,
    /// The port others reach us at.
    pub(super) port: u16,
    /// Our name for ourselves.
    pub(super) me: Id20,
    /// The port of our DHT node (BEP 5).
    dht_port: Option<u16>,
    /// Nothing is asked for while the disk takes nothing.
    pub(super) stopped: bool,
    next_peer: u32,
    next_reader: u32,
}

/// What a swarm starts with.
pub(super) struct Start {
    pub(super) pieces: Pieces,
    pub(super) content: Arc<dyn Content>,
    pub(super) info: Bytes,
    pub(super) private: bool,
    pub(super) most_peers: usize,
    pub(super) port: u16,
    pub(super) me: Id20,
    pub(super) dht_port: Option<u16>,
}

/// Why a peer is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotWelcome {
    #[error("there are enough peers")]
    Full,
    #[error("it is connected already")]
    Twice,
    #[error("it sent wrong data before, or there are enough connections from its address")]
    Shunned,
}

impl State {
    /// A swarm without peers. What is held is read from the content once.
    pub(super) fn new(start: Start) -> Self {
        let Start {
            pieces,
            content,
            info,
            private,
            most_peers,
            port,
            me,
            dht_port,
        } = start;
        let mut held = Bits::none(pieces.count());
        let mut doubtful = Bits::none(pieces.count());
        for piece in 0..pieces.count() {
            match content.holding(piece) {
                Holding::Checked => held.set(piece, true),
                Holding::Unchecked => doubtful.set(piece, true),
                Holding::Absent => false,
            };
        }
        let limits = Limits {
            most: MOST_KNOWN,
            per_ip: MOST_PER_ADDRESS,
        };
        Self {
            progress: Progress::new(pieces, held),
            content,
            room: Room::new(pieces.count()),
            pieces,
            peers: BTreeMap::new(),
            readers: BTreeMap::new(),
            book: Book::new(Vec::new(), limits),
            suspects: Suspects::default(),
            totals: Totals::default(),
            doubtful,
            doubts: VecDeque::new(),
            checking: BTreeSet::new(),
            rounds: Rounds::default(),
            info,
            private,
            most_peers,
            port,
            me,
            dht_port,
            stopped: false,
            next_peer: 0,
            next_reader: 0,
        }
    }

    /// Lets a peer in that has shaken hands.
    pub(super) fn join(
        &mut self,
        newcomer: Newcomer,
        now: Duration,
    ) -> Result<PeerKey, NotWelcome> {
        if !newcomer.web {
            self.check_room(&newcomer)?;
            self.settle_rivals(&newcomer, now)?;
            self.book.connected(newcomer.address);
        }
        let key = PeerKey(self.next_peer);
        self.next_peer = self.next_peer.wrapping_add(1);
        let mut peer = Peer::new(newcomer, self.pieces.count(), now);
        self.introduce(&mut peer);
        self.peers.insert(key, peer);
        self.update_interest(key);
        Ok(key)
    }

    /// Takes note that a peer we dialled was not let in.
    pub(super) fn turned_away(&mut self, address: SocketAddr, why: NotWelcome, now: Duration) {
        match why {
            NotWelcome::Twice => self.book.reached_twice(address, now),
            NotWelcome::Full | NotWelcome::Shunned => self.book.failed(address, now),
        }
    }

    fn check_room(&self, newcomer: &Newcomer) -> Result<(), NotWelcome> {
        if self.wire_peers().count() >= self.most_peers {
            return Err(NotWelcome::Full);
        }
        if !newcomer.outgoing && !self.book.may_come(newcomer.address) {
            return Err(NotWelcome::Shunned);
        }
        Ok(())
    }

    /// Says to a new peer what we have and which extensions we speak.
    fn introduce(&self, peer: &mut Peer) {
        let held = self.progress.held();
        match (peer.fast, held.ones()) {
            (true, 0) => peer.send(&Message::HaveNone),
            (true, _) if held.is_full() => peer.send(&Message::HaveAll),
            (false, 0) => {}
            _ => peer.send(&Message::Bitfield(&held.to_bytes())),
        }
        if let Some(port) = self.dht_port.filter(|_| peer.dht) {
            peer.send(&Message::Port(port));
        }
        if peer.extended {
            self.offer_extensions(peer);
        }
    }

    /// Takes note that a peer has gone.
    pub(super) fn leave(&mut self, key: PeerKey, now: Duration) {
        let Some(peer) = self.peers.remove(&key) else {
            return;
        };
        self.progress.leave(key);
        if !peer.choked {
            self.rounds.hasten();
        }
        if !peer.web {
            self.suspects.remember(key, peer.address);
            let stayed = now.saturating_sub(peer.since);
            let was_useful = peer.downloaded + peer.uploaded > 0 && peer.closing.is_none();
            if was_useful || !peer.outgoing {
                self.book.lost(peer.address, stayed, now);
            } else {
                self.book.failed(peer.address, now);
            }
            if let (false, None, Some(address)) = (peer.outgoing, peer.closing, peer.listens_at) {
                self.book.add(address, Source::Incoming, now);
            }
        }
    }

    /// Peers that speak the peer protocol: all but web servers.
    pub(super) fn wire_peers(&self) -> impl Iterator<Item = &Peer> {
        self.peers.values().filter(|peer| !peer.web)
    }

    /// Takes note of a reader.
    pub(super) fn add_reader(&mut self, reading: Reading) -> u32 {
        let key = self.next_reader;
        self.next_reader = self.next_reader.wrapping_add(1);
        self.readers.insert(key, reading);
        key
    }

    /// Bytes of the pieces that are missing.
    pub(super) fn bytes_missing(&self) -> u64 {
        let held = self.progress.held();
        let missing = u64::from(held.count() - held.ones()) * u64::from(self.pieces.piece_length());
        let last = held.count().saturating_sub(1);
        let short = self.pieces.bytes_of(last);
        let cut = u64::from(self.pieces.piece_length()) - (short.end - short.start);
        missing
            - if missing == 0 || held.has(last) {
                0
            } else {
                cut
            }
    }
}
