//! A torrent's object in the store as the content that a swarm works on.

use std::{io, sync::Arc};

use librqbit_sha1_wrapper::{ISha1, Sha1};
use universal_p2p_store::{Held, Object};
use universal_p2p_swarm::{Content, Holding};

use crate::{metainfo::Metainfo, torrent::Torrent};

/// Bytes that are read and hashed at once.
const STRIDE: usize = 128 << 10;

/// The bytes of a torrent in the store.
pub(super) struct Disk {
    object: Arc<Object>,
    metainfo: Arc<Metainfo>,
}

impl Disk {
    pub(super) fn of(torrent: &Torrent) -> Self {
        Self {
            object: Arc::clone(&torrent.object),
            metainfo: Arc::clone(&torrent.metainfo),
        }
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
