//! What is asked of a piece as a whole.

use std::time::Duration;

use super::Progress;
use crate::{Block, schedule::PeerKey};

/// Stands for ourselves as the sender of blocks. Never a peer's.
const OURSELVES: PeerKey = PeerKey(u32::MAX - 1);

impl Progress {
    /// Who sent which block of a piece that is not held, by the blocks' numbers.
    pub(crate) fn authors(&self, piece: u32) -> Vec<(u32, PeerKey)> {
        let Some(begun) = self.begun.get(&piece) else {
            return Vec::new();
        };
        let blocks = 0..self.pieces.blocks_in(piece);
        blocks
            .filter_map(|index| begun.sender(index).map(|sender| (index, sender)))
            .filter(|(_, sender)| *sender != OURSELVES)
            .collect()
    }

    /// Keeps a piece that is not held from being asked for, until [`Progress::set_held`] says what
    /// has become of it.
    pub(crate) fn set_aside(&mut self, piece: u32) {
        for index in 0..self.pieces.blocks_in(piece) {
            self.arrive(Block { piece, index }, OURSELVES, Duration::ZERO);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Bits, Pieces};

    #[test]
    fn what_is_set_aside_is_not_missing_until_it_is_released() {
        let pieces = Pieces::new(100_000, 50_000).expect("pieces");
        let mut progress = Progress::new(pieces, Bits::none(2));
        progress.set_aside(1);
        let block = Block { piece: 1, index: 0 };
        assert!(progress.has(block) && progress.is_being_checked(1));
        assert!(progress.authors(1).is_empty() && !progress.held().has(1));
        progress.set_held(1, false);
        assert!(!progress.has(block) && !progress.is_being_checked(1));
    }

    #[test]
    fn authors_are_known_by_block() {
        let pieces = Pieces::new(100_000, 50_000).expect("pieces");
        let mut progress = Progress::new(pieces, Bits::none(2));
        for (index, peer) in [(2, PeerKey(7)), (0, PeerKey(4))] {
            let block = Block { piece: 0, index };
            progress.ask(block, peer, Duration::ZERO);
            progress.arrive(block, peer, Duration::ZERO);
        }
        assert_eq!(progress.authors(0), [(0, PeerKey(4)), (2, PeerKey(7))]);
    }
}
