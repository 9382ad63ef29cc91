//! What tests share: blocks in memory, and sources that do as they are told.

pub(crate) mod ipns;
pub(crate) mod web;

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use cid::{Cid, multihash::Multihash};
use multihash_codetable::{Code, MultihashDigest};
use universal_p2p_core::{Error, Result};

use crate::{Block, BlockSource, Local, Stored, Urgency, Want};

/// Blocks in memory.
#[derive(Default)]
pub(crate) struct Memory(Mutex<HashMap<Multihash<64>, Bytes>>);

impl Memory {
    pub(crate) fn forget(&self) {
        self.0.lock().unwrap().clear();
    }

    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

#[async_trait]
impl Local for Memory {
    fn length(&self, hash: &Multihash<64>) -> Option<u64> {
        Some(self.0.lock().unwrap().get(hash)?.len() as u64)
    }

    async fn find(&self, _: &Cid, hash: &Multihash<64>) -> Option<Arc<dyn Stored>> {
        let found = self.0.lock().unwrap().get(hash).cloned();
        Some(Arc::new(InMemory(found?)))
    }

    async fn keep(&self, _: &Cid, block: &Block) {
        let bytes = block.bytes().clone();
        self.0.lock().unwrap().insert(*block.cid().hash(), bytes);
    }

    async fn held(&self, _: &Cid) -> u64 {
        let blocks = self.0.lock().unwrap();
        blocks.values().map(|bytes| bytes.len() as u64).sum()
    }
}

struct InMemory(Bytes);

#[async_trait]
impl Stored for InMemory {
    fn length(&self) -> u64 {
        self.0.len() as u64
    }

    async fn read(&self, range: Range<u64>) -> Option<Bytes> {
        // Less than was asked for at once, as stores do.
        let end = range.end.min(range.start + 700);
        Some(self.0.slice(range.start as usize..end as usize))
    }

    async fn read_all(&self) -> Option<Bytes> {
        Some(self.0.clone())
    }
}

/// A source of blocks in memory.
#[derive(Default)]
pub(crate) struct Fake {
    pub(crate) blocks: Mutex<HashMap<Multihash<64>, Bytes>>,
    /// How long an answer takes.
    pub(crate) delay: Duration,
    /// Whether it gives bytes of another block.
    pub(crate) is_liar: bool,
    /// How long it is to be left alone after its first want.
    pub(crate) rest: Duration,
    /// Whether it keeps what it gives.
    pub(crate) keeps: bool,
    /// Blocks that it was asked for, in order.
    pub(crate) asked: Mutex<Vec<(Cid, Urgency)>>,
    pub(crate) hurried: Mutex<HashSet<Cid>>,
    pub(crate) at_work: AtomicUsize,
    pub(crate) most_at_work: AtomicUsize,
}

impl Fake {
    pub(crate) fn slow(delay: Duration) -> Self {
        Self {
            delay,
            ..Self::default()
        }
    }

    pub(crate) fn put(&self, cid: &Cid, bytes: impl Into<Bytes>) {
        self.blocks
            .lock()
            .unwrap()
            .insert(*cid.hash(), bytes.into());
    }

    pub(crate) fn remove(&self, cid: &Cid) {
        self.blocks.lock().unwrap().remove(cid.hash());
    }

    pub(crate) fn asked(&self) -> Vec<Cid> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|(cid, _)| *cid).collect()
    }
}

/// Counts while somebody waits.
struct AtWork<'a>(&'a AtomicUsize);

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl BlockSource for Fake {
    fn name(&self) -> &'static str {
        "fake"
    }

    async fn get(&self, cid: &Cid, want: &Want) -> Result<Block> {
        self.asked.lock().unwrap().push((*cid, want.urgency));
        let now = self.at_work.fetch_add(1, Ordering::SeqCst) + 1;
        let _at_work = AtWork(&self.at_work);
        self.most_at_work.fetch_max(now, Ordering::SeqCst);
        tokio::time::sleep(self.delay).await;
        if !self.rest.is_zero() && self.asked().len() == 1 {
            return Err(Error::Busy {
                what: "it rests".into(),
                retry_after: self.rest,
            });
        }
        let found = self.blocks.lock().unwrap().get(cid.hash()).cloned();
        match found {
            Some(_) if self.is_liar => Ok(raw(b"something else").1),
            Some(bytes) => Block::check(*cid, bytes).map_err(|error| Error::Corrupt {
                what: error.to_string(),
            }),
            None => Err(Error::NoProviders {
                waited: self.delay,
                cure: "none".into(),
            }),
        }
    }

    fn keeps(&self) -> bool {
        self.keeps
    }

    fn hurry(&self, cid: &Cid) {
        self.hurried.lock().unwrap().insert(*cid);
    }
}

/// A raw block and its CID.
pub(crate) fn raw(bytes: &[u8]) -> (Cid, Block) {
    let cid = Cid::new_v1(0x55, Code::Sha2_256.digest(bytes));
    let block = Block::check(cid, Bytes::copy_from_slice(bytes)).expect("its own hash");
    (cid, block)
}

/// An archive of blocks (CAR version 1).
pub(crate) fn car(blocks: &[Block]) -> Vec<u8> {
    let mut archive = b"\x11\xa2eroots\x80gversion\x01".to_vec();
    for block in blocks {
        let cid = block.cid().to_bytes();
        let mut length = cid.len() + block.bytes().len();
        while length >= 0x80 {
            archive.push(length as u8 | 0x80);
            length >>= 7;
        }
        archive.push(length as u8);
        archive.extend(cid);
        archive.extend_from_slice(block.bytes());
    }
    archive
}

pub(crate) fn want(root: Cid, urgency: Urgency) -> Want {
    Want {
        root,
        peers: Arc::new([]),
        urgency,
        within: Duration::from_secs(30),
        part: None,
    }
}
