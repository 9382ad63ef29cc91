//! The nodes of a UnixFS DAG, as the profile `unixfs-v1-2025` (IPIP-499) makes them.

mod encode;
mod file;
mod folder;

pub(crate) use encode::leaf;
pub(crate) use file::FileNodes;
pub(crate) use folder::root;

use cid::Cid;

/// Bytes of a leaf.
pub(crate) const CHUNK: usize = 1 << 20;

/// Links of a node of a file.
const WIDTH: usize = 1024;

/// The longest block of a plain directory; a larger one is a HAMT.
const PLAIN: usize = 256 << 10;

/// Links of a shard of a HAMT.
const FANOUT: u64 = 256;

/// The root of something, as what links to it has to know it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Linked {
    pub(crate) cid: Cid,
    /// Bytes of all blocks below it, itself included.
    pub(crate) size: u64,
    /// Bytes of the file that it is of; nothing for directories.
    pub(crate) length: u64,
}
