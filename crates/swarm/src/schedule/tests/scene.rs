//! A few peers and readers, our notes, and the rules that every plan keeps to.

use std::collections::HashSet;
use std::time::Duration;

use proptest::prelude::*;

use crate::schedule::progress::Begun;
use crate::schedule::{Peer, PeerKey, Picture, Plan, Progress, Reader, Trust, plan};
use crate::{Bits, Block, Pieces};

/// A peer that owns its values.
#[derive(Clone, Debug)]
pub(super) struct Sketch {
    pub(super) have: Vec<bool>,
    pub(super) choked: bool,
    pub(super) allowed_fast: Vec<u32>,
    pub(super) rate: f64,
    pub(super) delay_ms: u64,
    pub(super) most_requests: u32,
    pub(super) trust: Trust,
    pub(super) snubbed: bool,
}

pub(super) const PIECES: u32 = 24;

pub(super) fn sketch() -> impl Strategy<Value = Sketch> {
    (
        proptest::collection::vec(proptest::bool::weighted(0.7), PIECES as usize),
        proptest::bool::weighted(0.2),
        proptest::collection::vec(0..PIECES, 0..3),
        prop_oneof![Just(0.0), 1e3..1e5, 1e5..1e7],
        0_u64..300,
        1_u32..80,
        prop_oneof![
            Just(Trust::Unproven),
            Just(Trust::Proven),
            Just(Trust::Parole)
        ],
        proptest::bool::weighted(0.1),
    )
        .prop_map(|parts| Sketch {
            have: parts.0,
            choked: parts.1,
            allowed_fast: parts.2,
            rate: parts.3,
            delay_ms: parts.4,
            most_requests: parts.5,
            trust: parts.6,
            snubbed: parts.7,
        })
}

/// What happens between two plans.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// The oldest block asked of a peer comes.
    Arrive(usize),
    /// A peer chokes us: its requests are withdrawn.
    Withdraw(usize),
    /// A piece all of whose blocks came is hashed.
    Hash(bool),
    /// A reader jumps.
    Seek(usize, u64),
    /// A piece is evicted, held or begun.
    Evict(u32),
    /// There is room for so many more pieces.
    Room(u32),
    Plan,
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0_usize..6).prop_map(Step::Arrive),
        1 => (0_usize..6).prop_map(Step::Withdraw),
        3 => proptest::bool::weighted(0.8).prop_map(Step::Hash),
        1 => (0_usize..3, 0..u64::from(PIECES)).prop_map(|(who, to)| Step::Seek(who, to)),
        1 => (0..PIECES).prop_map(Step::Evict),
        1 => prop_oneof![0_u32..4, Just(u32::MAX)].prop_map(Step::Room),
        6 => Just(Step::Plan),
    ]
}

/// A few peers and readers, and our notes.
pub(super) struct Scene {
    pub(super) pieces: Pieces,
    pub(super) progress: Progress,
    pub(super) sketches: Vec<Sketch>,
    pub(super) haves: Vec<Bits>,
    pub(super) readers: Vec<Reader>,
    /// The pieces that there is room for, and for how many more there is.
    pub(super) reserved: Bits,
    pub(super) room: u32,
    pub(super) now: Duration,
}

impl Scene {
    pub(super) fn new(
        sketches: Vec<Sketch>,
        readers: &[(u64, u64, f64)],
        piece_blocks: u32,
    ) -> Self {
        let piece_length = piece_blocks * crate::BLOCK;
        let length = u64::from(piece_length) * u64::from(PIECES) - 5000;
        let pieces = Pieces::new(length, piece_length).expect("few");
        let haves = sketches.iter().map(|sketch| {
            let mut bits = Bits::none(PIECES);
            for (piece, has) in sketch.have.iter().enumerate() {
                bits.set(piece as u32, *has);
            }
            bits
        });
        let readers = readers.iter().map(|(at, window, rate)| Reader {
            at: at * u64::from(piece_length),
            end: length,
            window: window * u64::from(piece_length),
            rate: *rate,
            begins: 0.0,
        });
        Self {
            pieces,
            progress: Progress::new(pieces, Bits::none(PIECES)),
            haves: haves.collect(),
            readers: readers.collect(),
            sketches,
            reserved: Bits::none(PIECES),
            room: u32::MAX,
            now: Duration::from_secs(1),
        }
    }

    pub(super) fn peers(&self) -> Vec<Peer<'_>> {
        let peers = self.sketches.iter().zip(&self.haves).enumerate();
        peers
            .map(|(number, (sketch, have))| Peer {
                key: PeerKey(number as u32),
                have,
                choked: sketch.choked,
                allowed_fast: &sketch.allowed_fast,
                rate: sketch.rate,
                delay: Duration::from_millis(sketch.delay_ms),
                growing: false,
                most_requests: sketch.most_requests,
                trust: sketch.trust,
                snubbed: sketch.snubbed,
            })
            .collect()
    }

    pub(super) fn plan(&self) -> Plan {
        plan(&Picture {
            now: self.now,
            pieces: self.pieces,
            readers: &self.readers,
            peers: &self.peers(),
            progress: &self.progress,
            reserved: &self.reserved,
            may_begin: self.room,
        })
    }

    fn wants(&self, piece: u32) -> bool {
        let bytes = self.pieces.bytes_of(piece);
        self.readers.iter().any(|reader| {
            let end = reader.end.min(reader.at + reader.window);
            reader.at < end && bytes.start < end && reader.at < bytes.end
        })
    }

    /// Checks a plan against the rules and carries it out.
    fn follow(&mut self, plan: &Plan) {
        let mut unwanted = HashSet::new();
        for piece in self
            .progress
            .asked_pieces()
            .filter(|piece| !self.wants(*piece))
        {
            unwanted.extend(self.progress.asks_in(piece));
        }
        let cancels: HashSet<_> = plan.cancels.iter().copied().collect();
        assert_eq!(cancels, unwanted, "exactly what nobody wants is cancelled");
        for (peer, block) in &plan.cancels {
            assert!(self.progress.withdraw(*block, *peer));
        }
        if let Some(piece) = plan.held_back {
            assert!(!self.reserved.has(piece) && self.progress.begun(piece).is_none());
        }
        for (key, block) in &plan.requests {
            self.check(*key, *block);
            if self.reserved.set(block.piece, true) && self.room < u32::MAX {
                assert!(self.room > 0, "there is no room for {block:?}");
                self.room -= 1;
            }
            self.progress.ask(*block, *key, self.now);
        }
        for (number, sketch) in self.sketches.iter().enumerate() {
            let asked = plan
                .requests
                .iter()
                .filter(|(key, _)| key.0 as usize == number)
                .count();
            let all = self.progress.asked_of(PeerKey(number as u32));
            assert!(
                asked == 0 || all <= sketch.most_requests,
                "{all} are too many"
            );
            assert!(
                asked == 0 || !sketch.snubbed || all <= 1,
                "a snubbed peer gets one"
            );
        }
    }

    fn check(&self, key: PeerKey, block: Block) {
        let (sketch, have) = (&self.sketches[key.0 as usize], &self.haves[key.0 as usize]);
        let piece = block.piece;
        assert!(block.index < self.pieces.blocks_in(piece));
        assert!(!self.progress.has(block), "what is there is not asked for");
        assert!(self.wants(piece), "what nobody wants is not asked for");
        assert!(have.has(piece), "nobody is asked for what he has not");
        assert!(!sketch.choked || sketch.allowed_fast.contains(&piece));
        assert!(
            !self.progress.is_asked_of(block, key),
            "nothing is asked twice"
        );
        let lively = self.progress.askers(block).into_iter();
        let lively = lively.filter(|asker| !self.sketches[asker.0 as usize].snubbed);
        assert!(lively.count() < 2, "no more than two are asked");
        let counts = |other: &u32| self.wants(*other) || self.progress.is_being_checked(*other);
        let begun: Vec<u32> = self.progress.pieces_of(key).filter(counts).collect();
        if sketch.trust == Trust::Unproven && !begun.is_empty() {
            assert!(
                begun.contains(&piece),
                "one piece at a time, until it is proven"
            );
        }
        if let Some(owner) = self.progress.begun(piece).and_then(Begun::owner)
            && owner != key
        {
            let theirs = &self.sketches[owner.0 as usize];
            let sends = !theirs.choked || theirs.allowed_fast.contains(&piece);
            // One that is so slow that readers would give up may be helped.
            let hopeless = f64::from(self.pieces.piece_length()) > 60.0 * theirs.rate;
            if theirs.trust == Trust::Parole && sends && !theirs.snubbed && !hopeless {
                panic!("{key:?} breaks into {block:?} of {owner:?}, who is on parole");
            }
        }
    }

    pub(super) fn happen(&mut self, step: Step) {
        self.now += Duration::from_millis(20);
        match step {
            Step::Arrive(number) => {
                let key = PeerKey(number as u32);
                let first = self.progress.blocks_of(key).next();
                if let Some(block) = first {
                    let arrival = self.progress.arrive(block, key, self.now);
                    assert!(arrival.asked_at.is_some() && !arrival.duplicate);
                    assert!(!arrival.others.contains(&key));
                }
            }
            Step::Withdraw(number) => {
                self.progress.leave(PeerKey(number as u32));
            }
            Step::Hash(right) => {
                let done = (0..PIECES).find(|piece| self.progress.is_being_checked(*piece));
                if let (Some(piece), true) = (done, right) {
                    self.progress.set_held(piece, true);
                } else if let Some(piece) = done {
                    assert!(!self.progress.reset(piece).is_empty());
                }
            }
            Step::Seek(reader, to) => {
                if let Some(reader) = self.readers.get_mut(reader) {
                    reader.at = to * u64::from(self.pieces.piece_length());
                }
            }
            Step::Evict(piece) => {
                if !self.progress.is_being_checked(piece) {
                    self.progress.set_held(piece, false);
                    self.reserved.set(piece, false);
                }
            }
            Step::Room(room) => self.room = room,
            Step::Plan => {
                let plan = self.plan();
                self.follow(&plan);
                let asked = (0..self.sketches.len() as u32)
                    .any(|key| self.progress.asked_of(PeerKey(key)) > 0);
                assert!(!asked || plan.look_again.is_some());
            }
        }
    }
}
