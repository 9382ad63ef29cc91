//! The blocks on the own disk, as the reader sees them.

mod disk;
mod lent;

use std::{ops::Range, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use cid::{Cid, multihash::Multihash};

use crate::Block;

pub use disk::Disk;
pub(crate) use disk::item;
pub use lent::Lent;

/// The blocks on the own disk. Every one of them was hashed before it came there.
///
/// Blocks are known by multihash: CIDs of both versions and of any codec name the same block. Where
/// the disk fails a block counts as not held: it may come from elsewhere.
#[async_trait]
pub trait Local: Send + Sync {
    /// The length of a block in bytes, if it is held, as far as memory knows: it may be gone when it
    /// is looked for.
    fn length(&self, hash: &Multihash<64>) -> Option<u64>;

    /// Looks for a block, whichever item has it, for a reader of the item of this root.
    async fn find(&self, root: &Cid, hash: &Multihash<64>) -> Option<Arc<dyn Stored>>;

    /// Stores a block with the item of this root, and waits for that: who fetches faster than the
    /// disk writes is slowed down. A block for which no room can be made in time is not stored, and
    /// is fetched again when it is wanted again.
    async fn keep(&self, root: &Cid, block: &Block);

    /// Bytes of the blocks that the item of this root has.
    async fn held(&self, root: &Cid) -> u64;
}

/// A block on the own disk. While somebody holds it, it is given up only where readers hold more than
/// the disk allows them, or its item is removed.
#[async_trait]
pub trait Stored: Send + Sync {
    /// Its length in bytes.
    fn length(&self) -> u64;

    /// Reads from the start of a range, less than all of it where that suits the disk; none where the
    /// block is gone.
    async fn read(&self, range: Range<u64>) -> Option<Bytes>;

    /// Reads all of it; none where it is gone.
    async fn read_all(&self) -> Option<Bytes>;
}
