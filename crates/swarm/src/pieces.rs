//! How a torrent is cut into pieces, and pieces into blocks (BEP 3).

use std::ops::Range;

/// Bytes of a block: what one request asks for. Every client serves 16 KiB, and few serve more.
pub const BLOCK: u32 = 16 << 10;

/// One block: what is asked of a peer at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Block {
    /// The piece it belongs to.
    pub piece: u32,
    /// Its number in the piece, from 0.
    pub index: u32,
}

/// The length of a torrent and of its pieces, in bytes. The last piece may be shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pieces {
    length: u64,
    piece_length: u32,
}

impl Pieces {
    /// Cuts `length` bytes into pieces of `piece_length`.
    ///
    /// Returns `None` where the piece length is zero or there would be more than 2³² - 1 pieces.
    #[must_use]
    pub fn new(length: u64, piece_length: u32) -> Option<Self> {
        let count = (piece_length > 0).then(|| length.div_ceil(u64::from(piece_length)))?;
        (count < u64::from(u32::MAX)).then_some(Self {
            length,
            piece_length,
        })
    }

    /// Length of the torrent in bytes.
    #[must_use]
    pub fn length(self) -> u64 {
        self.length
    }

    /// Length of every piece but the last, in bytes.
    #[must_use]
    pub fn piece_length(self) -> u32 {
        self.piece_length
    }

    /// Number of pieces.
    #[must_use]
    pub fn count(self) -> u32 {
        u32::try_from(self.length.div_ceil(u64::from(self.piece_length))).expect("checked by new")
    }

    /// The piece that holds the byte at `offset`; for an offset past the end, one past the last.
    #[must_use]
    pub fn piece_at(self, offset: u64) -> u32 {
        u32::try_from(offset / u64::from(self.piece_length))
            .map_or(self.count(), |piece| piece.min(self.count()))
    }

    /// The bytes of a piece, by offsets of the torrent. Empty past the last piece.
    #[must_use]
    pub fn bytes_of(self, piece: u32) -> Range<u64> {
        let start = (u64::from(piece) * u64::from(self.piece_length)).min(self.length);
        start..(start + u64::from(self.piece_length)).min(self.length)
    }

    /// The pieces that a range of bytes touches.
    #[must_use]
    pub fn pieces_of(self, bytes: &Range<u64>) -> Range<u32> {
        if bytes.is_empty() {
            let at = self.piece_at(bytes.start);
            return at..at;
        }
        self.piece_at(bytes.start)..(self.piece_at(bytes.end - 1) + 1).min(self.count())
    }

    /// Number of blocks in a piece.
    #[must_use]
    pub fn blocks_in(self, piece: u32) -> u32 {
        let bytes = self.bytes_of(piece);
        u32::try_from((bytes.end - bytes.start).div_ceil(u64::from(BLOCK)))
            .expect("a piece has 32 bits of length")
    }

    /// The bytes of a block, by offsets of the torrent. Empty where there is no such block.
    #[must_use]
    pub fn bytes_of_block(self, block: Block) -> Range<u64> {
        let piece = self.bytes_of(block.piece);
        let start = (piece.start + u64::from(block.index) * u64::from(BLOCK)).min(piece.end);
        start..(start + u64::from(BLOCK)).min(piece.end)
    }

    /// The block a message speaks of, if its begin and length are those of a block (BEP 3).
    #[must_use]
    pub fn block(self, piece: u32, begin: u32, length: u32) -> Option<Block> {
        let block = Block {
            piece,
            index: begin / BLOCK,
        };
        let bytes = self.bytes_of_block(block);
        let fits = begin.is_multiple_of(BLOCK)
            && length > 0
            && bytes.end - bytes.start == u64::from(length);
        fits.then_some(block)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn blocks_tile_the_torrent(length in 0_u64..3_000_000, piece_length in 1_u32..200_000) {
            let pieces = Pieces::new(length, piece_length).expect("few pieces");
            let mut at = 0;
            for piece in 0..pieces.count() {
                prop_assert_eq!(pieces.bytes_of(piece).start, at);
                for index in 0..pieces.blocks_in(piece) {
                    let block = Block { piece, index };
                    let bytes = pieces.bytes_of_block(block);
                    prop_assert_eq!(bytes.start, at);
                    prop_assert!(bytes.end > at && bytes.end - at <= u64::from(BLOCK));
                    prop_assert_eq!(pieces.piece_at(at), piece);
                    let length = u32::try_from(bytes.end - bytes.start).expect("a block");
                    prop_assert_eq!(pieces.block(piece, index * BLOCK, length), Some(block));
                    prop_assert_eq!(pieces.block(piece, index * BLOCK, length + 1), None);
                    at = bytes.end;
                }
            }
            prop_assert_eq!(at, length);
        }

        #[test]
        fn no_message_makes_a_block_outside(piece: u32, begin: u32, length: u32) {
            let pieces = Pieces::new(1_000_000, 50_000).expect("few pieces");
            if let Some(block) = pieces.block(piece, begin, length) {
                prop_assert!(pieces.bytes_of_block(block).end <= pieces.length());
            }
        }
    }
}
