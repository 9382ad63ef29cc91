//! The blocks on the own disk, as the reader sees them.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use cid::{Cid, multihash::Multihash};
use universal_p2p_core::Result;

use crate::Block;

/// The blocks on the own disk. Every one of them was hashed before it came there.
///
/// Blocks are known by multihash: CIDs of both versions and of any codec name the same block.
#[async_trait]
pub trait Local: Send + Sync {
    /// The length of a block in bytes, if it is held. Answers from memory.
    fn length(&self, hash: &Multihash<64>) -> Option<u64>;

    /// Reads a range of a block, or none where it was given up meanwhile.
    ///
    /// # Errors
    /// Only where the own disk fails.
    async fn read(&self, hash: &Multihash<64>, range: Range<u64>) -> Result<Option<Bytes>>;

    /// Takes a block for the item of this root. Returns at once; a block for which there is no room
    /// is not kept, and is fetched again when it is wanted again.
    fn keep(&self, root: &Cid, block: &Block);
}
