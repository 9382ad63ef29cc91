//! A torrent's object in the store as the content that a swarm works on.

use std::{io, sync::Arc};

use librqbit_sha1_wrapper::{ISha1, Sha1};
use universal_p2p_sharing::Share;
use universal_p2p_store::{Held, Object};
use universal_p2p_swarm::{Content, Holding};

use crate::{metainfo::Metainfo, torrent::Torrent};

/// Bytes that are read and hashed at once.
const STRIDE: usize = 128 << 10;

/// The bytes of a torrent in the store.
pub(super) struct Disk {
    object: Arc<Object>,
    metainfo: Arc<Metainfo>,
    /// The user's own files, where the user shares it.
    share: Option<Arc<Share>>,
    /// The pieces that could be read from them when the swarm was joined.
    lent: Vec<bool>,
}

impl Disk {
    pub(super) fn of(torrent: &Torrent) -> Self {
        Self {
            object: Arc::clone(&torrent.object),
            metainfo: Arc::clone(&torrent.metainfo),
            share: torrent.share.clone(),
            lent: match torrent.share {
                Some(_) => (0..torrent.object.layout().chunks())
                    .map(|piece| torrent.is_lent(piece))
                    .collect(),
                None => Vec::new(),
            },
        }
    }

    /// The share that a piece is read from, if it is.
    fn lender(&self, piece: u32) -> Option<&Arc<Share>> {
        let is_lent = self.lent.get(piece as usize).copied().unwrap_or(false);
        self.share.as_ref().filter(|_| is_lent)
    }

    /// A stretch of a piece of the user's files, of which every byte is hashed first.
    fn read_lent(&self, share: &Share, piece: u32, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let changed = || io::Error::other("a shared file changed since it was shared");
        let bytes = share.read_piece(piece).ok_or_else(changed)?;
        let start = offset - self.object.layout().bytes_of(piece).start;
        let start = usize::try_from(start).map_err(io::Error::other)?;
        let stretch = bytes.get(start..).and_then(|rest| rest.get(..into.len()));
        into.copy_from_slice(stretch.ok_or(io::ErrorKind::InvalidInput)?);
        Ok(())
    }

    /// The hash of a piece as it is on disk, with the memory of one stride.
    fn hash(&self, piece: u32) -> io::Result<[u8; 20]> {
        let bytes = self.object.layout().bytes_of(piece);
        let mut hash = Sha1::new();
        let mut stride = vec![0; STRIDE];
        let mut at = bytes.start;
        while at < bytes.end {
            let length = usize::try_from(bytes.end - at).map_or(STRIDE, |left| left.min(STRIDE));
            let part = &mut stride[..length];
            self.object.read_exact_at(at, part)?;
            hash.update(part);
            at += length as u64;
        }
        Ok(hash.finish())
    }
}

impl Content for Disk {
    fn holding(&self, piece: u32) -> Holding {
        if self
            .lender(piece)
            .is_some_and(|share| share.has_piece(piece))
        {
            return Holding::Checked;
        }
        match self.object.held(piece) {
            Held::Absent => Holding::Absent,
            Held::Unchecked => Holding::Unchecked,
            Held::Checked => Holding::Checked,
        }
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.object.write_at(offset, bytes)
    }

    fn read(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let piece = self.object.layout().chunk_at(offset);
        match self.lender(piece) {
            // What is in the store of it was never written, as long as it is not checked there.
            Some(share) if self.object.held(piece) != Held::Checked => {
                return self.read_lent(share, piece, offset, into);
            }
            _ => {}
        }
        self.object.read_exact_at(offset, into)
    }

    fn reserve(&self, piece: u32) -> bool {
        self.object.reserve(piece)
    }

    fn room(&self) -> u32 {
        self.object.room()
    }

    fn check(&self, piece: u32) -> io::Result<bool> {
        match self.object.held(piece) {
            Held::Checked => Ok(true),
            Held::Absent
                if self
                    .lender(piece)
                    .is_some_and(|share| share.has_piece(piece)) =>
            {
                Ok(true)
            }
            Held::Unchecked => Ok(self.object.settle_doubt_now(piece)? == Held::Checked),
            Held::Absent => {
                let is_right = self.metainfo.is_hash(piece, self.hash(piece)?);
                if is_right {
                    self.object.mark_checked(piece);
                }
                Ok(is_right)
            }
        }
    }
}
