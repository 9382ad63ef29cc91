//! Going through a graph of blocks depth first, a few blocks ahead.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use cid::{Cid, multihash::Multihash};
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use universal_p2p_core::{Error, ReadCx, Result};

use super::{
    Extent,
    below::{Cover, below},
    section,
};
use crate::{Block, Urgency, unixfs::Root};

/// The code of a hash that is the content itself (multicodec table).
const IDENTITY: u64 = 0x00;

/// Blocks that are fetched or kept ahead.
const AHEAD: usize = 16;

/// The most blocks of one archive, and the most that wait at a time.
const MOST_BLOCKS: usize = 1 << 20;
const MOST_WAITING: usize = 1 << 20;

/// A walk under way.
pub(super) struct Walker {
    root: Arc<Root>,
    extent: Extent,
    cx: ReadCx,
    /// What goes out next.
    out: VecDeque<Bytes>,
    /// What is to be visited, the next one last.
    stack: Vec<(Cid, Cover)>,
    /// Blocks that went out, and how often any did.
    given: HashSet<Multihash<64>>,
    count: usize,
    /// Blocks below which everything was visited or will be.
    covered: HashSet<Multihash<64>>,
    /// Blocks that are there before they are needed.
    here: HashMap<Multihash<64>, Result<Block>>,
    coming: FuturesUnordered<BoxFuture<'static, (Multihash<64>, Result<Block>)>>,
    asked: HashSet<Multihash<64>>,
    is_begun: bool,
}

impl Walker {
    /// Begins with blocks on the way, the last of which is where the walk starts.
    pub(super) fn new(
        root: Arc<Root>,
        blocks: Vec<Block>,
        extent: Extent,
        cover: Cover,
        cx: ReadCx,
    ) -> Self {
        let mut walker = Self {
            root,
            extent,
            cx,
            out: VecDeque::new(),
            stack: Vec::new(),
            given: HashSet::new(),
            count: 0,
            covered: HashSet::new(),
            here: HashMap::new(),
            coming: FuturesUnordered::new(),
            asked: HashSet::new(),
            is_begun: false,
        };
        if let Some((end, on_the_way)) = blocks.split_last() {
            for block in on_the_way {
                walker.give(block);
            }
            walker.stack.push((*end.cid(), cover));
            walker.here.insert(*end.cid().hash(), Ok(end.clone()));
        }
        walker
    }

    /// The next bytes, or none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            if let Some(bytes) = self.out.pop_front() {
                return Ok(Some(bytes));
            }
            let Some((cid, cover)) = self.stack.pop() else {
                return Ok(None);
            };
            if self.covered.contains(cid.hash()) {
                continue;
            }
            self.look_ahead(&cid);
            let block = self.block(&cid).await?;
            self.give(&block);
            self.is_begun = true;
            let below = below(&block, self.extent.scope, &cover)?;
            if cover == Cover::All && !self.extent.repeats {
                self.covered.insert(*cid.hash());
            }
            let room = MOST_WAITING.saturating_sub(self.stack.len());
            if below.len() > room || self.count > MOST_BLOCKS {
                return Err(Error::Unsupported {
                    what: "an archive of so many blocks".into(),
                });
            }
            self.stack.extend(below.into_iter().rev());
        }
    }

    /// Puts a block out, unless it was before, or is in its CID.
    fn give(&mut self, block: &Block) {
        if block.cid().hash().code() == IDENTITY {
            return;
        }
        if self.extent.repeats || self.given.insert(*block.cid().hash()) {
            self.count += 1;
            let cid = block.cid().to_bytes();
            let mut head = section(cid.len() + block.bytes().len());
            head.extend(cid);
            self.out.push_back(head.into());
            if !block.bytes().is_empty() {
                self.out.push_back(block.bytes().clone());
            }
        }
    }

    /// A block, which may have been fetched ahead.
    async fn block(&mut self, cid: &Cid) -> Result<Block> {
        loop {
            if let Some(block) = self.here.remove(cid.hash()) {
                self.asked.remove(cid.hash());
                // It may have been wanted under another CID.
                return block.map(|block| block.under(*cid));
            }
            if !self.asked.contains(cid.hash()) {
                self.ask(cid, Urgency::Now);
            } else {
                self.root.sources.hurry(cid);
            }
            while !self.here.contains_key(cid.hash()) {
                let Some((hash, block)) = self.coming.next().await else {
                    break;
                };
                self.here.insert(hash, block);
            }
        }
    }

    /// Asks for what comes after a block.
    fn look_ahead(&mut self, first: &Cid) {
        let next: Vec<Cid> = std::iter::once(first)
            .chain(self.stack.iter().rev().map(|(cid, _)| cid))
            .take(AHEAD)
            .copied()
            .collect();
        for cid in next {
            let hash = cid.hash();
            let is_needed = !self.asked.contains(hash)
                && !self.here.contains_key(hash)
                && !self.covered.contains(hash);
            if is_needed && self.coming.len() + self.here.len() < AHEAD {
                let urgency = if cid == *first {
                    Urgency::Now
                } else {
                    Urgency::Soon
                };
                self.ask(&cid, urgency);
            }
        }
    }

    fn ask(&mut self, cid: &Cid, urgency: Urgency) {
        let (root, cid, within) = (Arc::clone(&self.root), *cid, self.patience());
        self.asked.insert(*cid.hash());
        let fetch = async move {
            let want = root.want(urgency, within);
            (*cid.hash(), root.get(&cid, &want).await)
        };
        self.coming.push(fetch.boxed());
    }

    fn patience(&self) -> Duration {
        if self.is_begun {
            self.cx.stall
        } else {
            self.cx.first_byte
        }
    }
}
