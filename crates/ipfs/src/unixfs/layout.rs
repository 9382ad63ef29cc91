//! Which bytes of a file a node covers, and which of its links has which of them.

use std::time::SystemTime;

use bytes::Bytes;
use cid::Cid;
use universal_p2p_core::Result;

use super::{
    RAW, corrupt,
    node::{self, Kind, UnixFs},
};
use crate::Block;

/// A file or a part of one: first its own bytes, then those of each part.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) inline: Bytes,
    /// The links that have bytes, and how many.
    pub(crate) parts: Vec<(Cid, u64)>,
    /// All of it, in bytes.
    pub(crate) length: u64,
    pub(crate) modified: Option<SystemTime>,
}

impl Layout {
    /// The layout of a block of a file.
    ///
    /// # Errors
    /// [`universal_p2p_core::Error::Corrupt`] for a block that is no part of a file, and where what it
    /// says of its sizes does not add up.
    pub(crate) fn of(block: &Block) -> Result<Self> {
        let bytes = block.bytes();
        if block.cid().codec() == RAW {
            return Ok(Self::whole(bytes.clone()));
        }
        let node = node::parse(bytes).map_err(|error| corrupt(block.cid(), error))?;
        let unixfs = node.unixfs.filter(|unixfs| unixfs.kind == Kind::File);
        let unixfs = unixfs.ok_or_else(|| corrupt(block.cid(), "it is no part of a file"))?;
        let links = node.links.iter().map(|link| link.cid).collect();
        Self::add_up(&unixfs, links).ok_or_else(|| corrupt(block.cid(), "its sizes do not add up"))
    }

    /// The layout of bytes that are all there.
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self {
            length: bytes.len() as u64,
            inline: bytes,
            parts: Vec::new(),
            modified: None,
        }
    }

    /// The layout of a raw block that is not read yet.
    pub(crate) fn raw(cid: Cid, length: u64) -> Self {
        Self {
            inline: Bytes::new(),
            parts: vec![(cid, length)],
            length,
            modified: None,
        }
    }

    /// The layout that a UnixFS message describes, if its sizes agree with each other.
    pub(crate) fn add_up(unixfs: &UnixFs, links: Vec<Cid>) -> Option<Self> {
        if links.len() != unixfs.blocksizes.len() {
            return None;
        }
        let own = unixfs.content.len() as u64;
        let length = unixfs
            .blocksizes
            .iter()
            .try_fold(own, |sum, size| sum.checked_add(*size))?;
        if unixfs.filesize.is_some_and(|size| size != length) {
            return None;
        }
        let parts = links.into_iter().zip(unixfs.blocksizes.iter().copied());
        Some(Self {
            inline: unixfs.content.clone(),
            parts: parts.filter(|(_, size)| *size > 0).collect(),
            length,
            modified: unixfs.modified,
        })
    }
}
