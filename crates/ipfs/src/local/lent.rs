//! Blocks that the user shares, read from the user's own files, beside those in the store.

use std::{ops::Range, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use cid::{Cid, multihash::Multihash};
use tokio::{sync::OnceCell, task::spawn_blocking};
use universal_p2p_sharing::{Digest, Shares};

use super::{Local, Stored};
use crate::{Block, Held};

/// The hash function of all blocks that are shared.
const SHA2_256: u64 = 0x12;

/// Blocks in the store, and those of the user's files. A block of a file is hashed whenever it is read;
/// one that is not right any more counts as not held, and may come from elsewhere.
pub struct Lent<D> {
    disk: Arc<D>,
    shares: Arc<Shares>,
}

impl<D> Lent<D> {
    /// Blocks in a store and of shares.
    #[must_use]
    pub fn new(disk: Arc<D>, shares: Arc<Shares>) -> Self {
        Self { disk, shares }
    }

    async fn read_shared(&self, digest: Digest) -> Option<Bytes> {
        read(&self.shares, digest).await
    }
}

#[async_trait]
impl<D: Local> Local for Lent<D> {
    fn length(&self, hash: &Multihash<64>) -> Option<u64> {
        let shared = || self.shares.block_length(&digest(hash)?);
        self.disk.length(hash).or_else(shared)
    }

    async fn find(&self, root: &Cid, hash: &Multihash<64>) -> Option<Arc<dyn Stored>> {
        if let Some(found) = self.disk.find(root, hash).await {
            return Some(found);
        }
        let digest = digest(hash)?;
        let length = self.shares.block_length(&digest)?;
        Some(Arc::new(Shared {
            shares: Arc::clone(&self.shares),
            digest,
            length,
            bytes: OnceCell::new(),
        }))
    }

    async fn keep(&self, root: &Cid, block: &Block) {
        self.disk.keep(root, block).await;
    }

    async fn held(&self, root: &Cid) -> u64 {
        let of_root = |share: &Arc<_>| universal_p2p_sharing::Share::cid(share) == Some(*root);
        let shared = self.shares.ready().into_iter().find(of_root);
        let held = self.disk.held(root).await;
        shared.map_or(held, |share| held.max(share.length()))
    }
}

#[async_trait]
impl<D: Held> Held for Lent<D> {
    fn has(&self, hash: &Multihash<64>) -> Option<u64> {
        let shared = || self.shares.block_length(&digest(hash)?);
        self.disk.has(hash).or_else(shared)
    }

    /// What the user shares goes first: nobody else may have it.
    async fn roots(&self, most: usize) -> Vec<Cid> {
        let shared = self.shares.ready();
        let mut roots: Vec<_> = shared.iter().filter_map(|share| share.cid()).collect();
        roots.truncate(most);
        for root in self.disk.roots(most - roots.len()).await {
            if !roots.contains(&root) {
                roots.push(root);
            }
        }
        roots
    }

    async fn read(&self, hash: &Multihash<64>) -> Option<Bytes> {
        if let Some(bytes) = self.disk.read(hash).await {
            return Some(bytes);
        }
        self.read_shared(digest(hash)?).await
    }
}

/// A block of a file. It is read whole and hashed when the first of it is wanted, and stays in memory
/// for as long as it is read.
struct Shared {
    shares: Arc<Shares>,
    digest: Digest,
    length: u64,
    bytes: OnceCell<Bytes>,
}

#[async_trait]
impl Stored for Shared {
    fn length(&self) -> u64 {
        self.length
    }

    async fn read(&self, range: Range<u64>) -> Option<Bytes> {
        let bytes = self.read_all().await?;
        let bound = |at: u64| usize::try_from(at).map_or(bytes.len(), |at| at.min(bytes.len()));
        let (start, end) = (bound(range.start), bound(range.end));
        (start <= end).then(|| bytes.slice(start..end))
    }

    async fn read_all(&self) -> Option<Bytes> {
        let reading = || async { read(&self.shares, self.digest).await.ok_or(()) };
        self.bytes.get_or_try_init(reading).await.ok().cloned()
    }
}

async fn read(shares: &Arc<Shares>, digest: Digest) -> Option<Bytes> {
    let shares = Arc::clone(shares);
    let reading = spawn_blocking(move || shares.read_block(&digest));
    reading.await.ok().flatten()
}

fn digest(hash: &Multihash<64>) -> Option<Digest> {
    let is_known = hash.code() == SHA2_256;
    hash.digest().try_into().ok().filter(|_| is_known)
}

#[cfg(test)]
mod tests;
