//! One piece of which blocks are there or asked for.

use crate::schedule::PeerKey;

/// No peer: a key that no peer has.
const NOBODY: u32 = u32::MAX;

/// A set of block numbers of one piece: those that nobody was asked for and that are not there.
#[derive(Clone, Debug)]
pub(in crate::schedule) struct Unasked {
    words: Vec<u64>,
    count: u32,
}

impl Unasked {
    /// All of `blocks` blocks.
    pub(in crate::schedule) fn all(blocks: u32) -> Self {
        let mut words = vec![u64::MAX; (blocks as usize).div_ceil(64)];
        if let (Some(last), true) = (words.last_mut(), !blocks.is_multiple_of(64)) {
            *last = (1 << (blocks % 64)) - 1;
        }
        Self {
            words,
            count: blocks,
        }
    }

    /// How many there are.
    pub(in crate::schedule) fn count(&self) -> u32 {
        self.count
    }

    /// The first one that is not before `from`.
    pub(in crate::schedule) fn next(&self, from: u32) -> Option<u32> {
        let start = from as usize / 64;
        let first = self.words.get(start)? & (u64::MAX << (from % 64));
        let rest = self.words.iter().copied().skip(start + 1);
        let (offset, word) = std::iter::once(first)
            .chain(rest)
            .enumerate()
            .find(|(_, word)| *word != 0)?;
        Some((start + offset) as u32 * 64 + word.trailing_zeros())
    }

    /// Puts one in or takes it out, and says whether that changed anything.
    pub(in crate::schedule) fn set(&mut self, index: u32, present: bool) -> bool {
        let bit = 1 << (index % 64);
        let Some(word) = self.words.get_mut(index as usize / 64) else {
            return false;
        };
        if (*word & bit != 0) == present {
            return false;
        }
        *word ^= bit;
        self.count = if present {
            self.count + 1
        } else {
            self.count - 1
        };
        true
    }
}

/// A piece that is neither held nor untouched. Four bytes and a bit for every block.
#[derive(Clone, Debug)]
pub(in crate::schedule) struct Begun {
    unasked: Unasked,
    senders: Vec<u32>,
    arrived: u32,
    owner: Option<PeerKey>,
}

impl Begun {
    /// A piece of which nothing is there and nothing is asked for.
    pub(super) fn new(blocks: u32) -> Self {
        Self {
            unasked: Unasked::all(blocks),
            senders: vec![NOBODY; blocks as usize],
            arrived: 0,
            owner: None,
        }
    }

    /// The blocks that are neither there nor asked for.
    pub(in crate::schedule) fn unasked(&self) -> &Unasked {
        &self.unasked
    }

    /// Who began it, while that peer is connected.
    pub(in crate::schedule) fn owner(&self) -> Option<PeerKey> {
        self.owner
    }

    /// Blocks that are there.
    pub(in crate::schedule) fn arrived(&self) -> u32 {
        self.arrived
    }

    /// Blocks that are not there.
    pub(in crate::schedule) fn missing(&self) -> u32 {
        self.senders.len() as u32 - self.arrived
    }

    /// Whether all blocks are there.
    pub(in crate::schedule) fn is_complete(&self) -> bool {
        self.missing() == 0
    }

    /// Whether nothing is there and nothing is asked for.
    pub(super) fn is_untouched(&self) -> bool {
        self.unasked.count() as usize == self.senders.len()
    }

    /// Whether a block is there. One that does not exist counts as there: nobody needs it.
    pub(super) fn has(&self, index: u32) -> bool {
        self.senders
            .get(index as usize)
            .is_none_or(|sender| *sender != NOBODY)
    }

    /// Who sent a block, if it is there.
    pub(super) fn sender(&self, index: u32) -> Option<PeerKey> {
        let sender = self.senders.get(index as usize).copied();
        sender.filter(|sender| *sender != NOBODY).map(PeerKey)
    }

    /// Notes that somebody was asked for a block.
    pub(super) fn asked(&mut self, index: u32, peer: PeerKey) {
        self.unasked.set(index, false);
        self.owner.get_or_insert(peer);
    }

    /// Notes that nobody is asked for a block any more.
    pub(super) fn unask(&mut self, index: u32) {
        if !self.has(index) {
            self.unasked.set(index, true);
        }
    }

    /// Notes that a block came.
    pub(super) fn arrive(&mut self, index: u32, peer: PeerKey) {
        if let Some(sender) = self.senders.get_mut(index as usize)
            && *sender == NOBODY
        {
            *sender = peer.0;
            self.arrived += 1;
            self.unasked.set(index, false);
        }
    }

    /// Notes that a peer is gone, so that another may take the piece on.
    pub(super) fn disown(&mut self, peer: PeerKey) {
        if self.owner == Some(peer) {
            self.owner = None;
        }
    }

    /// The peer that sent each block that is there.
    pub(super) fn senders(&self) -> impl Iterator<Item = PeerKey> + '_ {
        self.senders
            .iter()
            .filter(|sender| **sender != NOBODY)
            .map(|sender| PeerKey(*sender))
    }
}
