//! Blocks in the store that all backends share: each in the item of the root it was fetched for.

use std::{io, ops::Range, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use cid::{Cid, multihash::Multihash};
use tokio::{sync::Semaphore, task::spawn_blocking};
use universal_p2p_core::Item;
use universal_p2p_store::{BlockCheck, Place, Store};

use super::{Local, Stored};
use crate::{Block, Held, address, block};

/// What roots are called on disk.
const PROTOCOL: &str = "ipfs";

/// Blocks that are written at the same time.
const WRITERS: usize = 8;

/// How long a block waits for room.
const ROOM_WITHIN: Duration = Duration::from_secs(2);

/// The store as a place for blocks.
pub struct Disk {
    store: Arc<Store>,
    check: BlockCheck,
    writers: Semaphore,
}

impl Disk {
    /// Keeps blocks in this store.
    #[must_use]
    pub fn new(store: Arc<Store>) -> Self {
        Self {
            store,
            check: Arc::new(is_right),
            writers: Semaphore::new(WRITERS),
        }
    }

    async fn look(&self, item: Option<&Item>, hash: &Multihash<64>) -> Option<Place> {
        let key = hash.to_bytes();
        let found = self.store.find_block(item, &key, &self.check);
        found.await.unwrap_or_else(|error| {
            tracing::warn!(%error, "blocks on disk cannot be looked for");
            None
        })
    }

    async fn store(&self, item: Item, block: &Block) -> io::Result<()> {
        let _permit = self.writers.acquire().await.map_err(io::Error::other)?;
        let (store, check) = (Arc::clone(&self.store), Arc::clone(&self.check));
        let open = move || store.blocks(&item, &check);
        let blocks = spawn_blocking(open).await.map_err(io::Error::other)??;
        let key = block.cid().hash().to_bytes();
        let put = blocks.put(&key, block.bytes().clone(), ROOM_WITHIN);
        put.await.map(drop)
    }
}

#[async_trait]
impl Local for Disk {
    fn length(&self, hash: &Multihash<64>) -> Option<u64> {
        self.store.has_block(&hash.to_bytes())
    }

    async fn find(&self, root: &Cid, hash: &Multihash<64>) -> Option<Arc<dyn Stored>> {
        let item = item(root);
        let place = self.look(item.as_ref(), hash).await?;
        place.touch();
        Some(Arc::new(place))
    }

    async fn keep(&self, root: &Cid, block: &Block) {
        let Some(item) = item(root).filter(|_| Block::inline(block.cid()).is_none()) else {
            return;
        };
        if let Err(error) = self.store(item, block).await {
            tracing::debug!(cid = %block.cid(), %error, "a block is not stored");
        }
    }

    async fn held(&self, root: &Cid) -> u64 {
        let known = item(root).filter(|item| self.store.item(item).is_some());
        let Some(item) = known else { return 0 };
        let (store, check) = (Arc::clone(&self.store), Arc::clone(&self.check));
        let count = move || {
            store
                .blocks(&item, &check)
                .map(|blocks| blocks.bytes_held())
        };
        let counted = spawn_blocking(count).await.map_err(io::Error::other);
        counted.flatten().unwrap_or(0)
    }
}

#[async_trait]
impl Held for Disk {
    fn has(&self, hash: &Multihash<64>) -> Option<u64> {
        self.length(hash)
    }

    async fn roots(&self, most: usize) -> Vec<Cid> {
        let store = Arc::clone(&self.store);
        let list = move || {
            let mut items = store.items();
            items.retain(|item| item.protocol == PROTOCOL && item.disk > 0);
            items.sort_by_key(|item| std::cmp::Reverse(item.last_access));
            let roots = items
                .iter()
                .filter_map(|item| address::parse(&item.id).ok());
            roots.take(most).collect()
        };
        spawn_blocking(list).await.unwrap_or_default()
    }

    /// That others are served a block is no use of it, and keeps it no longer.
    async fn read(&self, hash: &Multihash<64>) -> Option<Bytes> {
        told(self.look(None, hash).await?.read_all().await)
    }
}

#[async_trait]
impl Stored for Place {
    fn length(&self) -> u64 {
        Self::length(self)
    }

    async fn read(&self, range: Range<u64>) -> Option<Bytes> {
        self.touch();
        told(Self::read(self, range).await)
    }

    async fn read_all(&self) -> Option<Bytes> {
        told(Self::read_all(self).await)
    }
}

/// What was read; a disk that fails is told of, and the block taken for gone.
fn told(read: io::Result<Option<Bytes>>) -> Option<Bytes> {
    read.unwrap_or_else(|error| {
        tracing::warn!(%error, "a block on disk cannot be read");
        None
    })
}

/// The item of a root; none where its name is longer than an item's may be.
pub(crate) fn item(root: &Cid) -> Option<Item> {
    let id = address::id(root).ok()?;
    Some(Item {
        protocol: PROTOCOL,
        id,
    })
}

/// Whether bytes have the hash that is their key.
fn is_right(key: &[u8], bytes: &[u8]) -> bool {
    Multihash::from_bytes(key).is_ok_and(|hash| block::has_hash(&hash, bytes).is_ok())
}

#[cfg(test)]
mod tests;
