//! The hashes of the pieces of a share.

use std::{io, ops::Range};

use bytes::Bytes;
use librqbit_sha1_wrapper::{ISha1, Sha1};

use crate::torrent;

/// The pieces of a share.
pub(super) struct Pieces {
    pub(super) info: Bytes,
    pub(super) infohash: [u8; 20],
    length: u64,
    piece_length: u64,
    hashes: Bytes,
}

impl Pieces {
    /// Reads an info dictionary that was made here: its hashes are the last of it.
    pub(super) fn parse(info: Bytes, length: u64) -> io::Result<Self> {
        let piece_length = u64::from(torrent::piece_length(length));
        let hashes = usize::try_from(length.div_ceil(piece_length) * 20);
        let hashes = hashes.map_err(io::Error::other)?;
        let end = info.len().saturating_sub(1);
        let start = end.checked_sub(hashes);
        let start = start.ok_or_else(|| io::Error::other("the info dictionary is cut short"))?;
        Ok(Self {
            infohash: torrent::infohash(&info),
            hashes: info.slice(start..end),
            info,
            length,
            piece_length,
        })
    }

    /// The bytes of a piece, if there is such a one.
    pub(super) fn bytes_of(&self, piece: u32) -> Option<Range<u64>> {
        let start = u64::from(piece) * self.piece_length;
        (start < self.length).then(|| start..self.length.min(start + self.piece_length))
    }

    /// Whether these are the bytes of a piece.
    pub(super) fn is_right(&self, piece: u32, bytes: &[u8]) -> bool {
        let mut hash = Sha1::new();
        hash.update(bytes);
        let at = piece as usize * 20;
        self.hashes.get(at..at + 20) == Some(hash.finish().as_slice())
    }
}
