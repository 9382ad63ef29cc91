//! The wanted pieces of which blocks are left to ask for, looked up as far as peers have room.

use std::collections::HashMap;

use crate::schedule::progress::{Begun, Unasked};
use crate::schedule::wanted::{Wanted, Wants};
use crate::schedule::{Peer, PeerKey, Picture};

/// How many pieces are looked through at most for urgent ones whose blocks are all asked.
const MOST_URGENT: usize = 256;

/// A wanted piece with blocks that nobody was asked for.
#[derive(Clone, Debug)]
pub(super) struct Open {
    /// Which one it is.
    pub(super) title: Title,
    /// What is left to ask for.
    pub(super) unasked: Unasked,
    /// The peers that send it: the least time until a block, and the sum of their rates.
    pub(super) senders: Option<(f64, f64)>,
}

/// What an open piece is, but for its blocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Title {
    /// Which one, and how soon.
    pub(super) wanted: Wanted,
    /// Number of its blocks.
    pub(super) blocks: u32,
    /// Who began it.
    pub(super) owner: Option<PeerKey>,
    /// Whether nothing of it is there or asked for.
    pub(super) untouched: bool,
    /// Whether its hash was wrong the last time, so that it should have one author.
    pub(super) retried: bool,
}

impl Open {
    /// The first unasked block that all peers together would not get to before `until`, all in
    /// seconds: the first one at all if that is no later than `early`.
    pub(super) fn first_after(
        &self,
        until: f64,
        early: f64,
        reached: f64,
        rate: f64,
    ) -> Option<u32> {
        if until <= early || until <= reached {
            return self.unasked.next(0);
        }
        let share = (until - reached) * rate / self.title.wanted.missing.max(1.0);
        if share >= 1.0 {
            return None;
        }
        let from = (share * f64::from(self.title.blocks)).ceil() as u32;
        self.unasked.next(from)
    }
}

/// The open pieces, most urgent first, and the urgent ones whether open or not.
#[derive(Debug)]
pub(super) struct Shelf<'a> {
    picture: &'a Picture<'a>,
    wants: Wants<'a>,
    open: Vec<Open>,
    /// The urgent pieces that were looked up.
    pub(super) urgent: HashMap<u32, Wanted>,
    /// The first piece that is left out because there is no room on disk for it.
    pub(super) held_back: Option<u32>,
    /// For how many more pieces there is room.
    room: u32,
    ended: bool,
}

impl<'a> Shelf<'a> {
    /// `swarm_rate`: bytes a second of all peers together.
    pub(super) fn new(picture: &'a Picture<'a>, swarm_rate: f64) -> Self {
        Self {
            picture,
            wants: Wants::new(picture, swarm_rate),
            open: Vec::new(),
            urgent: HashMap::new(),
            held_back: None,
            room: picture.may_begin,
            ended: false,
        }
    }

    /// The open piece at a place, if there are so many.
    pub(super) fn get(&mut self, index: usize) -> Option<&mut Open> {
        while self.open.len() <= index && self.look_further().is_some() {}
        self.open.get_mut(index)
    }

    /// How many open pieces were looked up so far.
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// Looks up the urgent pieces, up to some.
    pub(super) fn look_up_urgent(&mut self) {
        let mut looked = self.urgent.len();
        while looked < MOST_URGENT && self.look_further().is_some_and(|next| next.is_urgent()) {
            looked += 1;
        }
    }

    /// Looks up one more wanted piece.
    fn look_further(&mut self) -> Option<Wanted> {
        if self.ended {
            return None;
        }
        let Some(wanted) = self.wants.next() else {
            self.ended = true;
            return None;
        };
        if wanted.is_urgent() && self.urgent.len() < MOST_URGENT {
            self.urgent.insert(wanted.piece, wanted);
        }
        let begun = self.picture.progress.begun(wanted.piece);
        if begun.is_some_and(|begun| begun.unasked().count() == 0) {
            return Some(wanted);
        }
        if begun.is_none() && !self.finds_room(wanted.piece) {
            return Some(wanted);
        }
        let blocks = self.picture.pieces.blocks_in(wanted.piece);
        let title = Title {
            wanted,
            blocks,
            owner: begun.and_then(Begun::owner),
            untouched: begun.is_none(),
            retried: self.picture.progress.is_retried(wanted.piece),
        };
        self.open.push(Open {
            title,
            unasked: begun.map_or_else(|| Unasked::all(blocks), |begun| begun.unasked().clone()),
            senders: None,
        });
        Some(wanted)
    }

    /// Whether there is room on disk for a piece that is not begun. One that nobody sends takes none.
    fn finds_room(&mut self, piece: u32) -> bool {
        if self.room == u32::MAX || self.picture.reserved.has(piece) {
            return true;
        }
        let sends = |peer: &Peer<'_>| {
            peer.have.has(piece) && (!peer.choked || peer.allowed_fast.contains(&piece))
        };
        if !self.picture.peers.iter().any(sends) {
            return false;
        }
        if self.room == 0 {
            self.held_back.get_or_insert(piece);
            return false;
        }
        self.room -= 1;
        true
    }
}
