//! Our side of the simulated swarm: what the engine does around plans.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use crate::schedule::simulation::cache::Cache;
use crate::schedule::simulation::far_peer::FarPeer;
use crate::schedule::{Pace, Peer, PeerKey, Picture, Plan, Progress, Reader, Trust, plan};
use crate::{Bits, Block, Pieces};

/// What we know of a peer.
struct Near {
    have: Bits,
    choked: bool,
    most_requests: u32,
    trust: Trust,
    pace: Pace,
}

/// Bytes that came, by what became of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// All of them.
    pub(super) came: u64,
    /// There already.
    pub(super) twice: u64,
    /// Cancelled before, and of pieces that nobody wants.
    pub(super) unwanted: u64,
    /// Of pieces whose hash was wrong.
    pub(super) spoiled: u64,
}

impl Tally {
    /// The share of the bytes that came which came twice.
    pub(super) fn wasted(&self) -> f64 {
        self.twice as f64 / self.came.max(1) as f64
    }
}

pub(super) struct Client {
    pub(super) pieces: Pieces,
    pub(super) progress: Progress,
    peers: BTreeMap<PeerKey, Near>,
    pub(super) cancels: Vec<(PeerKey, Block)>,
    pub(super) tally: Tally,
    pub(super) bad_pieces: u32,
    pub(super) banned: Vec<PeerKey>,
    pub(super) plans: u32,
    pub(super) planning: Duration,
    pub(super) cache: Cache,
    wrong: HashSet<Block>,
}

impl Client {
    pub(super) fn new(pieces: Pieces) -> Self {
        Self {
            pieces,
            progress: Progress::new(pieces, Bits::none(pieces.count())),
            peers: BTreeMap::new(),
            cancels: Vec::new(),
            tally: Tally::default(),
            bad_pieces: 0,
            banned: Vec::new(),
            plans: 0,
            planning: Duration::ZERO,
            cache: Cache::endless(pieces.count()),
            wrong: HashSet::new(),
        }
    }

    pub(super) fn connect(&mut self, key: PeerKey, have: Bits, most_requests: u32) {
        let near = Near {
            have,
            choked: false,
            most_requests,
            trust: Trust::Unproven,
            pace: Pace::new(),
        };
        self.peers.insert(key, near);
    }

    pub(super) fn disconnect(&mut self, key: PeerKey) {
        self.peers.remove(&key);
        self.progress.leave(key);
    }

    pub(super) fn choke(&mut self, now: Duration, key: PeerKey, choked: bool) {
        let Some(near) = self.peers.get_mut(&key) else {
            return;
        };
        near.choked = choked;
        if choked {
            for block in self.progress.blocks_of(key).collect::<Vec<_>>() {
                self.progress.withdraw(block, key);
            }
            near.pace.sent(now, 0);
        }
    }

    /// The rate measured of a peer.
    pub(super) fn rate_of(&self, now: Duration, key: PeerKey) -> f64 {
        self.peers.get(&key).map_or(0.0, |near| near.pace.rate(now))
    }

    /// Takes a block, and says whether it completes its piece.
    pub(super) fn take(
        &mut self,
        now: Duration,
        key: PeerKey,
        block: Block,
        good: bool,
        far: &BTreeMap<PeerKey, FarPeer>,
    ) -> bool {
        if !far.contains_key(&key) || !self.peers.contains_key(&key) {
            return false;
        }
        let range = self.pieces.bytes_of_block(block);
        let bytes = range.end - range.start;
        self.tally.came += bytes;
        let arrival = self.progress.arrive(block, key, now);
        if let (Some(asked_at), Some(near)) = (arrival.asked_at, self.peers.get_mut(&key)) {
            near.pace.arrived(now, bytes as u32, asked_at);
        }
        for other in arrival.others {
            self.cancels.push((other, block));
            let left = self.progress.asked_of(other);
            if let Some(near) = self.peers.get_mut(&other) {
                near.pace.sent(now, left);
            }
        }
        if arrival.duplicate {
            self.tally.twice += bytes;
        } else {
            if arrival.asked_at.is_none() {
                self.tally.unwanted += bytes;
            }
            if !good {
                self.wrong.insert(block);
            }
        }
        arrival.completes_piece
    }

    /// Takes the result of a hash.
    pub(super) fn hashed(&mut self, piece: u32) {
        let bad = self.wrong.iter().any(|block| block.piece == piece);
        if !bad {
            for key in self.progress.contributors(piece) {
                if let Some(near) = self.peers.get_mut(&key) {
                    near.trust = Trust::Proven;
                }
            }
            self.progress.set_held(piece, true);
            return;
        }
        self.wrong.retain(|block| block.piece != piece);
        self.bad_pieces += 1;
        let bytes = self.pieces.bytes_of(piece);
        self.tally.spoiled += bytes.end - bytes.start;
        let authors = self.progress.reset(piece);
        if let [author] = authors[..] {
            self.banned.push(author);
            self.disconnect(author);
        }
        for key in authors {
            if let Some(near) = self.peers.get_mut(&key) {
                near.trust = Trust::Parole;
            }
        }
    }

    /// Makes a plan and notes it.
    pub(super) fn plan(&mut self, now: Duration, readers: &[Reader]) -> Plan {
        let peers: Vec<Peer<'_>> = (self.peers.iter())
            .map(|(key, near)| Peer {
                key: *key,
                have: &near.have,
                choked: near.choked,
                allowed_fast: &[],
                rate: near.pace.rate(now),
                delay: near.pace.delay(),
                growing: near.pace.growing(),
                most_requests: near.most_requests,
                trust: near.trust,
                snubbed: near.pace.is_snubbed(now),
            })
            .collect();
        for piece in self.cache.make_room(self.pieces, readers, &self.progress) {
            self.progress.set_held(piece, false);
        }
        let began = Instant::now();
        let plan = plan(&Picture {
            now,
            pieces: self.pieces,
            readers,
            peers: &peers,
            progress: &self.progress,
            reserved: self.cache.reserved(),
            may_begin: self.cache.room(),
        });
        self.planning += began.elapsed();
        self.plans += 1;
        for (peer, block) in &plan.cancels {
            self.progress.withdraw(*block, *peer);
            self.cancels.push((*peer, *block));
        }
        for (peer, block) in &plan.requests {
            assert!(!self.progress.has(*block), "what is there is not asked for");
            assert!(
                !self.progress.is_asked_of(*block, *peer),
                "nothing is asked twice"
            );
            assert!(self.cache.reserve(block.piece), "there is no room for it");
            self.progress.ask(*block, *peer, now);
        }
        let changed: HashSet<PeerKey> = (plan.cancels.iter().chain(&plan.requests))
            .map(|(peer, _)| *peer)
            .collect();
        for key in changed {
            let left = self.progress.asked_of(key);
            if let Some(near) = self.peers.get_mut(&key) {
                near.pace.sent(now, left);
            }
        }
        plan
    }
}
