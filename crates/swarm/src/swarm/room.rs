//! Room on disk: the pieces that it was taken for, and those that are given up to make some.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use super::state::State;
use crate::{Bits, Block, Holding, schedule::PeerKey};

/// How soon it is looked again whether there is room, at first.
const SOONEST_LOOK: Duration = Duration::from_millis(10);

/// And at last: somebody has to free something, and that may take for ever.
const LATEST_LOOK: Duration = Duration::from_millis(200);

/// What is known of room on disk.
pub(super) struct Room {
    /// The pieces that it was taken for and that were not given up since. Whatever is asked of peers
    /// or came from them is among these; those that are held may be.
    reserved: Bits,
    /// How many writes to a piece are under way.
    writes: BTreeMap<u32, u32>,
    /// How often a piece was given up.
    given_up: HashMap<u32, u32>,
    /// Since when plans are held back for want of room.
    short_since: Option<Duration>,
}

impl Room {
    pub(super) fn new(pieces: u32) -> Self {
        Self {
            reserved: Bits::none(pieces),
            writes: BTreeMap::new(),
            given_up: HashMap::new(),
            short_since: None,
        }
    }

    /// The pieces that it was taken for.
    pub(super) fn reserved(&self) -> &Bits {
        &self.reserved
    }

    /// A write to a piece begins.
    pub(super) fn begin_write(&mut self, piece: u32) {
        *self.writes.entry(piece).or_default() += 1;
    }

    /// A write to a piece is over.
    pub(super) fn end_write(&mut self, piece: u32) {
        if let Some(count) = self.writes.get_mut(&piece) {
            *count -= 1;
            if *count == 0 {
                self.writes.remove(&piece);
            }
        }
    }

    /// A number that changes when a piece is given up: who reads it compares before and after.
    pub(super) fn generation(&self, piece: u32) -> u32 {
        self.given_up.get(&piece).copied().unwrap_or_default()
    }

    /// There is some again, though perhaps not enough.
    pub(super) fn found_some(&mut self) {
        self.short_since = None;
    }

    /// Takes note of whether a plan is held back, and says when to look again.
    pub(super) fn look_again(&mut self, is_short: bool, now: Duration) -> Option<Duration> {
        if !is_short {
            self.short_since = None;
            return None;
        }
        let since = *self.short_since.get_or_insert(now);
        let waited = now.saturating_sub(since);
        Some(now + (waited / 4).clamp(SOONEST_LOOK, LATEST_LOOK))
    }
}

impl State {
    /// Whether there is room for a piece: taken now or before.
    pub(super) fn take_room(&mut self, piece: u32) -> bool {
        let is_there = self.room.reserved.has(piece) || self.content.reserve(piece);
        if is_there {
            self.room.reserved.set(piece, true);
        }
        is_there
    }

    /// Says whether a block that has come from a web server is to be written; if so, that begins.
    pub(super) fn takes(&mut self, block: Block) -> bool {
        let takes = !self.progress.has(block) && self.room.reserved.has(block.piece);
        if takes {
            self.room.begin_write(block.piece);
        }
        takes
    }

    /// A block could not be written. Nothing more is asked for until a reader has heard of it.
    pub(super) fn write_failed(&mut self, key: PeerKey, block: Block) {
        self.room.end_write(block.piece);
        self.progress.withdraw(block, key);
        self.stopped = true;
    }

    /// Gives pieces up towards peers, held or begun: they are no longer offered, what is asked of them
    /// is taken back, and nobody is asked for them until they are released. Says which of them may
    /// go: not those that are being hashed or written to at this moment, since their bytes must stay
    /// for as long as that takes, nor those that are being given up already.
    ///
    /// A reader that has some of them ahead of it reaches no further than the first until it moves: who
    /// pauses while room gets short does not fetch again what was just given up.
    ///
    /// A peer that speaks lt_donthave (BEP 54) is told; the others' requests are refused. Nobody is
    /// blamed for anything in these pieces any more.
    pub(super) fn forget(&mut self, pieces: &[u32]) -> Vec<u32> {
        let mut gone = Vec::new();
        for piece in pieces.iter().copied() {
            if self.may_go(piece) {
                self.give_up(piece);
                gone.push(piece);
            }
        }
        self.update_all_interest();
        gone
    }

    fn may_go(&self, piece: u32) -> bool {
        let is_hashed = self.progress.is_being_checked(piece) && !self.doubts.contains(&piece);
        piece < self.pieces.count() && !is_hashed && !self.room.writes.contains_key(&piece)
    }

    fn give_up(&mut self, piece: u32) {
        let was_held = self.progress.held().has(piece);
        for (key, block) in self.progress.asks_in(piece) {
            self.progress.withdraw(block, key);
            if let Some(peer) = self.peers.get_mut(&key) {
                peer.cancel(block, self.pieces);
            }
        }
        self.progress.set_held(piece, false);
        self.progress.set_aside(piece);
        self.suspects.clear(piece);
        self.doubtful.set(piece, false);
        self.doubts.retain(|doubt| *doubt != piece);
        self.room.reserved.set(piece, false);
        let generation = self.room.given_up.entry(piece).or_default();
        *generation = generation.wrapping_add(1);
        let start = self.pieces.bytes_of(piece).start;
        for reading in self.readers.values_mut() {
            reading.give_up_from(start);
        }
        if was_held {
            for peer in self.peers.values_mut() {
                peer.send_dont_have(piece);
                peer.refuse_piece(piece);
            }
        }
    }

    /// Has pieces that were given up fetched again where they are wanted, or offered again where they
    /// stayed after all.
    pub(super) fn release(&mut self, pieces: &[u32]) {
        for piece in pieces.iter().copied() {
            let holding = self.content.holding(piece);
            self.progress.set_held(piece, holding == Holding::Checked);
            match holding {
                Holding::Checked => self.announce(piece),
                Holding::Unchecked => {
                    self.doubtful.set(piece, true);
                }
                Holding::Absent => {}
            }
        }
    }
}
