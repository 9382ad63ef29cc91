//! What the node serves to others.

use async_trait::async_trait;
use bytes::Bytes;
use cid::{Cid, multihash::Multihash};

/// The blocks that are served to peers. Every one of them was hashed before it came there.
#[async_trait]
pub trait Held: Send + Sync {
    /// The length of a block in bytes, if it is held. Answers from memory.
    fn has(&self, hash: &Multihash<64>) -> Option<u64>;

    /// Roots of which something is held, the latest used first, at most so many: they are announced, so
    /// that others find them here. None where nothing is to be announced.
    async fn roots(&self, most: usize) -> Vec<Cid> {
        let _ = most;
        Vec::new()
    }

    /// Reads a block; none where it was given up meanwhile, or the disk fails.
    async fn read(&self, hash: &Multihash<64>) -> Option<Bytes>;
}
