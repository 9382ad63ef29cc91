//! Whatever peers say, in whatever order: nothing panics, and nothing grows without bound.

mod connections;
mod steps;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock, atomic::Ordering},
    time::Duration,
};

use proptest::{collection::vec, prelude::*, sample::Index};

use self::steps::{Step, step};
use super::{
    memory::{Memory, Sample},
    scene::Scene,
};
use crate::{
    Block, Content, Holding,
    schedule::{PeerKey, Trust},
    swarm::{
        arrivals::{Verdict, Welcome},
        peer::{MOST_UPLOADS, Peer},
    },
    wire::Message,
};

/// Bytes of the torrent: its last piece and its last block are short.
const LENGTH: usize = 300_000;
const PIECE: u32 = 65_536;

static SAMPLE: LazyLock<Arc<Sample>> = LazyLock::new(|| Sample::new(LENGTH, PIECE));

/// How many stories are told. Ten times as many have been.
const CASES: u32 = 150;

/// More than a peer's outgoing queue may hold: its bound and one message.
const MOST_OUTGOING: usize = (2 << 20) + (300 << 10);

/// A scene, and what goes on around it.
struct World {
    scene: Scene,
    checks: Vec<u32>,
    writes: Vec<(PeerKey, Block, bool)>,
    verdicts: Vec<(u32, Verdict)>,
    /// Whether anybody has sent a wrong block.
    lied: bool,
    forgotten: Vec<Vec<u32>>,
    /// How many blocks were asked of each peer before the last step.
    asked: BTreeMap<PeerKey, u32>,
}

impl World {
    fn new(held: &BTreeSet<u32>, doubtful: &BTreeSet<u32>, room: u32) -> Self {
        let memory = Memory::with(&SAMPLE, |piece| held.contains(&piece));
        for piece in doubtful {
            memory.doubt(*piece);
        }
        memory.most_pieces.store(room, Ordering::Relaxed);
        let mut scene = Scene::new(memory);
        scene.read(0);
        Self {
            scene,
            checks: Vec::new(),
            writes: Vec::new(),
            verdicts: Vec::new(),
            lied: false,
            forgotten: Vec::new(),
            asked: BTreeMap::new(),
        }
    }

    fn peer(&self, index: Index) -> Option<PeerKey> {
        let keys: Vec<_> = self.scene.state.peers.keys().copied().collect();
        (!keys.is_empty()).then(|| *index.get(&keys))
    }

    /// A peer says something; where that is misbehaviour its connection ends.
    fn says(&mut self, key: PeerKey, frame: &[u8]) {
        let heard = match Message::parse(frame) {
            Ok(Message::Piece { .. }) => return,
            Ok(message) => self.scene.tries(key, &message).is_ok(),
            Err(_) => false,
        };
        if !heard {
            self.scene.state.leave(key, self.scene.now);
        }
    }

    fn write(&mut self, from: PeerKey, block: Block, right: bool) {
        self.lied |= !right;
        self.checks.extend(self.scene.write(from, block, right));
    }

    fn take(&mut self, step: &Step) -> Option<()> {
        let now = self.scene.now;
        match step {
            Step::Join {
                fast,
                outgoing,
                web,
                opening,
            } => {
                let joined = self.scene.meet_as(|newcomer| {
                    (newcomer.fast, newcomer.outgoing, newcomer.web) = (*fast, *outgoing, *web);
                });
                for frame in opening.iter().filter(|_| !web) {
                    self.says(joined.ok()?, frame);
                }
            }
            Step::Leave(peer) => self.scene.state.leave(self.peer(*peer)?, now),
            Step::Says(peer, frame) => self.says(self.peer(*peer)?, frame),
            Step::Floods(peer, frame) => {
                let key = self.peer(*peer)?;
                for _ in 0..2000 {
                    self.says(key, frame);
                }
            }
            Step::Block {
                asked,
                from,
                number,
                right,
                slowly,
            } => {
                let asked = self.peer(*asked)?;
                let blocks = self.scene.asked(asked);
                let block = (!blocks.is_empty()).then(|| *number.get(&blocks))?;
                let stranger = number.index(7) == 0;
                let from = if stranger { self.peer(*from)? } else { asked };
                match self.scene.welcome(from, block) {
                    Ok(Welcome::Take(block)) if *slowly => self.writes.push((from, block, *right)),
                    Ok(Welcome::Take(block)) => self.write(from, block, *right),
                    Ok(Welcome::Leave) => {}
                    Err(_) => self.scene.state.leave(from, now),
                }
            }
            Step::Write(which) => {
                let at = (!self.writes.is_empty()).then(|| which.index(self.writes.len()))?;
                let (from, block, right) = self.writes.swap_remove(at);
                self.write(from, block, right);
            }
            Step::Check(which) => {
                let at = (!self.checks.is_empty()).then(|| which.index(self.checks.len()))?;
                let piece = self.checks.swap_remove(at);
                self.verdicts.push((piece, self.scene.verdict(piece)));
            }
            Step::Verdict(which) => {
                let at = (!self.verdicts.is_empty()).then(|| which.index(self.verdicts.len()))?;
                let (piece, verdict) = self.verdicts.swap_remove(at);
                assert!(self.scene.state.checked(piece, verdict).is_none());
            }
            Step::Conduct { millis } => {
                self.scene.now += Duration::from_millis(*millis);
                let orders = self.scene.conduct();
                self.checks.extend(orders.check);
            }
            Step::Drain(peer) => {
                let key = self.peer(*peer)?;
                self.scene.heard(key);
                let peer = self.scene.state.peers.get_mut(&key)?;
                peer.uploads.pop_front();
            }
            Step::Read(at) => {
                if self.scene.state.readers.len() < 4 {
                    self.scene.read(*at);
                }
            }
            Step::Move(reader, at) => {
                let mut readers: Vec<_> = self.scene.state.readers.values_mut().collect();
                let at_most = readers.len();
                (at_most > 0)
                    .then(|| readers[reader.index(at_most)].move_to(*at, *at % 2 == 0, now))?;
            }
            Step::Close(reader) => {
                let keys: Vec<_> = self.scene.state.readers.keys().copied().collect();
                let key = (!keys.is_empty()).then(|| *reader.get(&keys))?;
                self.scene.state.readers.remove(&key);
            }
            Step::Forget(pieces) => {
                let gone = self.scene.state.forget(pieces);
                for piece in &gone {
                    self.scene.memory.give_up(*piece);
                }
                self.forgotten.push(gone);
            }
            Step::Release => {
                let pieces = self.forgotten.pop()?;
                self.scene.state.release(&pieces);
            }
            Step::Stop(stopped) => self.scene.state.stopped = *stopped,
        }
        Some(())
    }

    fn check_invariants(&mut self) -> Result<(), TestCaseError> {
        let state = &self.scene.state;
        let held = state.progress.held();
        for piece in 0..state.pieces.count() {
            let checked = self.scene.memory.holding(piece) == Holding::Checked;
            // Between hashing and the word of it a piece is checked and not yet held.
            let untold = self.verdicts.iter().any(|(told, _)| *told == piece);
            prop_assert!(checked || !held.has(piece), "piece {} is not there", piece);
            prop_assert!(held.has(piece) || !checked || untold, "piece {} is", piece);
            let is_begun = !state.progress.asks_in(piece).is_empty()
                || !state.progress.authors(piece).is_empty();
            prop_assert!(
                !is_begun || state.room.reserved().has(piece),
                "no room for {}",
                piece
            );
        }
        if !self.lied {
            prop_assert_eq!(state.totals.bad_pieces, 0);
            let blamed = |peer: &Peer| peer.trust == Trust::Parole;
            prop_assert!(!state.peers.values().any(blamed));
        }
        for (key, peer) in &state.peers {
            let asked = state.progress.asked_of(*key);
            // One that takes fewer than it was asked for already is asked for no more.
            let before = self.asked.insert(*key, asked).unwrap_or_default();
            let most = peer.most_requests.max(before);
            prop_assert!(asked <= most, "{} asked of {:?}", asked, key);
            prop_assert!(peer.uploads.len() <= MOST_UPLOADS);
            prop_assert!(peer.uploads.iter().all(|request| held.has(request.piece)));
            let waiting = peer.waiting_bytes();
            prop_assert!(waiting <= MOST_OUTGOING, "{} bytes wait", waiting);
            let ones = (0..peer.have.count()).filter(|piece| peer.have.has(*piece));
            prop_assert_eq!(peer.have.ones() as usize, ones.count());
            prop_assert!(peer.allowed_fast.len() <= 64 && peer.unasked <= 9 << 20);
        }
        let here = |key: &PeerKey| state.peers.contains_key(key);
        for piece in 0..state.pieces.count() {
            for index in 0..state.pieces.blocks_in(piece) {
                let askers = state.progress.askers(Block { piece, index });
                prop_assert!(askers.iter().all(here), "somebody who has gone is asked");
                prop_assert!(askers.is_empty() || !held.has(piece));
            }
        }
        Ok(())
    }

    /// Nothing is said to be there that was not when it was queued.
    fn check_announcements(&mut self) -> Result<(), TestCaseError> {
        let keys: Vec<_> = self.scene.state.peers.keys().copied().collect();
        for key in keys {
            let said = self.scene.heard(key);
            let held = self.scene.state.progress.held();
            for message in said.messages() {
                if let Message::Have(piece) = message {
                    prop_assert!(held.has(piece));
                }
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn whatever_happens_the_state_is_sound(
        held in proptest::collection::btree_set(0..5_u32, 0..6),
        doubtful in proptest::collection::btree_set(0..5_u32, 0..3),
        room in prop_oneof![Just(u32::MAX), 1..6_u32],
        drained in any::<bool>(),
        steps in vec(step(), 1..400),
    ) {
        let doubtful = &doubtful - &held;
        let mut world = World::new(&held, &doubtful, room);
        for step in &steps {
            world.take(step);
            world.check_invariants()?;
            if drained {
                world.check_announcements()?;
            }
        }
    }
}
