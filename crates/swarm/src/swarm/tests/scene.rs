//! A state without sockets, and peers that say what a test has them say.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use librqbit_core::hash_id::Id20;
use tokio::sync::Notify;

use super::memory::{Memory, Sample};
use crate::{
    Block, Content,
    schedule::PeerKey,
    swarm::{
        arrivals::{Verdict, Welcome},
        conduct::Orders,
        live::verdict,
        messages::{Heard, Misbehaviour},
        peer::{Newcomer, request_of},
        reading::{Need, Reading},
        state::{NotWelcome, Start, State},
    },
    wire::{Message, Request},
};

/// The port we listen on, as far as peers are told.
pub(super) const OUR_PORT: u16 = 6881;

/// How many peers are let in.
pub(super) const MOST_PEERS: usize = 12;

/// A state without sockets.
pub(super) struct Scene {
    pub(super) state: State,
    pub(super) memory: Arc<Memory>,
    pub(super) now: Duration,
    met: u32,
}

/// What a peer was sent, as frames without their lengths.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said(Vec<Vec<u8>>);

impl Said {
    pub(super) fn messages(&self) -> impl Iterator<Item = Message<'_>> {
        let frames = self.0.iter();
        frames.map(|frame| Message::parse(frame).expect("what we say is well-formed"))
    }

    pub(super) fn has(&self, wanted: &Message<'_>) -> bool {
        self.messages().any(|message| message == *wanted)
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        let requests = self.messages().filter_map(|message| match message {
            Message::Request(request) => Some(request),
            _ => None,
        });
        requests.collect()
    }

    pub(super) fn cancels(&self) -> Vec<Request> {
        let cancels = self.messages().filter_map(|message| match message {
            Message::Cancel(request) => Some(request),
            _ => None,
        });
        cancels.collect()
    }

    /// The payload of the first extended message of an id.
    pub(super) fn extended(&self, wanted: u8) -> Option<Vec<u8>> {
        self.messages().find_map(|message| match message {
            Message::Extended { id, payload } if id == wanted => Some(payload.to_vec()),
            _ => None,
        })
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.0.is_empty()
    }
}

impl Scene {
    pub(super) fn new(memory: Arc<Memory>) -> Self {
        Self::private(memory, false)
    }

    pub(super) fn private(memory: Arc<Memory>, private: bool) -> Self {
        let sample = &memory.sample;
        let state = State::new(Start {
            pieces: sample.pieces,
            content: Arc::clone(&memory) as Arc<dyn Content>,
            info: sample.info.clone(),
            private,
            most_peers: MOST_PEERS,
            port: OUR_PORT,
            me: Id20::new([7; 20]),
            dht_port: None,
        });
        Self {
            state,
            memory,
            now: Duration::from_secs(1),
            met: 0,
        }
    }

    /// One of us that has nothing of a small torrent, and wants all of it.
    pub(super) fn reading() -> Self {
        let mut scene = Self::new(Memory::empty(&Sample::new(300_000, 65_536)));
        scene.read(0);
        scene
    }

    /// One of us that has all of a small torrent.
    pub(super) fn seeding() -> Self {
        Self::new(Memory::full(&Sample::new(300_000, 65_536)))
    }

    /// A peer that comes to us, speaks everything and has said nothing yet.
    pub(super) fn meet(&mut self) -> PeerKey {
        self.meet_as(|_| {}).expect("there is room")
    }

    pub(super) fn meet_as(
        &mut self,
        change: impl FnOnce(&mut Newcomer),
    ) -> Result<PeerKey, NotWelcome> {
        self.met += 1;
        let mut id = [0; 20];
        id[..4].copy_from_slice(&self.met.to_be_bytes());
        let port = 10_000 + u16::try_from(self.met % 50_000).expect("small");
        let mut newcomer = Newcomer {
            address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port),
            id: Id20::new(id),
            outgoing: false,
            web: false,
            fast: true,
            extended: true,
            dht: false,
            flags: 0,
            wake: Arc::new(Notify::new()),
        };
        change(&mut newcomer);
        self.state.join(newcomer, self.now)
    }

    /// A peer that has everything and sends it.
    pub(super) fn meet_seed(&mut self) -> PeerKey {
        let key = self.meet();
        self.says(key, &Message::HaveAll);
        self.says(key, &Message::Unchoke);
        key
    }

    /// A peer that is interested and unchoked.
    pub(super) fn meet_leech(&mut self, fast: bool) -> PeerKey {
        let key = self.meet_as(|newcomer| newcomer.fast = fast);
        let key = key.expect("there is room");
        self.says(key, &Message::Interested);
        self.conduct();
        assert!(self.heard(key).has(&Message::Unchoke));
        key
    }

    pub(super) fn says(&mut self, key: PeerKey, message: &Message<'_>) -> Heard {
        self.tries(key, message).expect("it behaves")
    }

    pub(super) fn tries(
        &mut self,
        key: PeerKey,
        message: &Message<'_>,
    ) -> Result<Heard, Misbehaviour> {
        self.state.message(key, message)
    }

    /// Takes what a peer was sent since this was asked last.
    pub(super) fn heard(&mut self, key: PeerKey) -> Said {
        let mut bytes = Vec::new();
        if let Some(peer) = self.state.peers.get_mut(&key) {
            peer.take_outgoing(&mut bytes);
        }
        let mut frames = Vec::new();
        let mut rest = &bytes[..];
        while let Some((length, more)) = rest.split_first_chunk() {
            let (frame, more) = more.split_at(u32::from_be_bytes(*length) as usize);
            frames.push(frame.to_vec());
            rest = more;
        }
        assert!(rest.is_empty(), "half a message was sent");
        Said(frames)
    }

    pub(super) fn conduct(&mut self) -> Orders {
        self.state.conduct(self.now, 8)
    }

    pub(super) fn read(&mut self, at: u64) -> u32 {
        let reading = Reading::new(
            at..self.memory.sample.pieces.length(),
            Need::Now,
            u64::MAX,
            self.now,
        );
        self.state.add_reader(reading)
    }

    /// A block comes, with the right bytes or others. Says which piece is to be hashed.
    pub(super) fn block(
        &mut self,
        key: PeerKey,
        block: Block,
        right: bool,
    ) -> Result<Option<u32>, Misbehaviour> {
        Ok(match self.welcome(key, block)? {
            Welcome::Take(block) => self.write(key, block, right),
            Welcome::Leave => None,
        })
    }

    /// A block comes. Says whether it is to be written.
    pub(super) fn welcome(&mut self, key: PeerKey, block: Block) -> Result<Welcome, Misbehaviour> {
        let request = request_of(block, self.memory.sample.pieces);
        let length = request.length as usize;
        self.state
            .welcome(key, request.piece, request.begin, length)
    }

    /// A block is written. Says which piece is to be hashed.
    pub(super) fn write(&mut self, key: PeerKey, block: Block, right: bool) -> Option<u32> {
        let bytes = self.memory.sample.pieces.bytes_of_block(block);
        let narrow = |at: u64| usize::try_from(at).expect("small");
        let mut data = self.memory.sample.data[narrow(bytes.start)..narrow(bytes.end)].to_vec();
        if !right {
            data[0] ^= 1;
        }
        let written = self.memory.write(bytes.start, &data);
        written.expect("there is room for what is begun");
        self.state.arrived(key, block, self.now)
    }

    /// What hashing a piece shows, as the thread for it sees it.
    pub(super) fn verdict(&self, piece: u32) -> Verdict {
        let is_suspect = self.state.suspects.has(piece);
        let pieces = self.memory.sample.pieces;
        verdict(&*self.memory, pieces, piece, is_suspect).expect("memory works")
    }

    /// Hashes a piece and tells what that has shown.
    pub(super) fn check(&mut self, piece: u32) {
        let verdict = self.verdict(piece);
        assert!(self.state.checked(piece, verdict).is_none());
    }

    /// Sends everything that is asked of a peer, and hashes what is whole.
    pub(super) fn serve(&mut self, key: PeerKey, right: bool) {
        for block in self.asked(key) {
            if let Ok(Some(piece)) = self.block(key, block, right) {
                self.check(piece);
            }
        }
    }

    /// The blocks that are asked of a peer.
    pub(super) fn asked(&self, key: PeerKey) -> Vec<Block> {
        self.state.progress.blocks_of(key).collect()
    }

    pub(super) fn is_closing(&self, key: PeerKey) -> bool {
        let peer = self.state.peers.get(&key);
        peer.is_none_or(|peer| peer.closing.is_some())
    }
}
