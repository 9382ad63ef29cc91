//! UnixFS: files, directories and links made of blocks.
//!
//! Blocks are parsed and walked here and not by `rust-unixfs`, which tests are checked against: that one
//! adds declared sizes without a check and cuts names of shards at byte two wherever that is (both end
//! a process that reads hostile blocks), keeps no positions of what is to come, so that no window can
//! follow a reader, and looks a name up in all shards of a directory instead of those on the way.

pub(crate) mod dir;
pub(crate) mod file;
pub(crate) mod hamt;
mod held;
pub(crate) mod layout;
pub(crate) mod names;
pub(crate) mod node;
pub(crate) mod protobuf;
mod reader;
pub(crate) mod trail;

use std::{sync::Arc, time::Duration};

use cid::Cid;
use universal_p2p_core::{Error, Freshness, Result};

use crate::{Block, Sources, Urgency, Want, sources::Opened};

/// Codecs of blocks (multicodec table).
pub(crate) const RAW: u64 = 0x55;
pub(crate) const DAG_PB: u64 = 0x70;

/// What all reads below one root share.
pub(crate) struct Root {
    pub(crate) sources: Arc<Sources>,
    pub(crate) cid: Cid,
    /// Peers that the request names.
    pub(crate) peers: Arc<[String]>,
    /// The longest wait for a block that tells what something is.
    pub(crate) metadata: Duration,
    /// For how long the address names this root.
    pub(crate) freshness: Freshness,
    /// Where the blocks on the way are noted, if somebody wants them.
    pub(crate) seen: Option<trail::Seen>,
    /// Whether nobody is asked for what is not here.
    pub(crate) is_only_held: bool,
}

impl Root {
    /// What is asked of sources beside the CID.
    pub(crate) fn want(&self, urgency: Urgency, within: Duration) -> Want {
        Want {
            root: self.cid,
            peers: Arc::clone(&self.peers),
            urgency,
            within,
            part: None,
        }
    }

    /// A block, wherever it may be had from.
    pub(crate) async fn get(&self, cid: &Cid, want: &Want) -> Result<Block> {
        if !self.is_only_held {
            return self.sources.get(cid, want).await;
        }
        let held = self.sources.at_hand(&self.cid, cid).await;
        held.ok_or_else(|| not_held(cid))
    }

    /// The same for a block that covers so many bytes of a file: what is on disk is only found.
    pub(crate) async fn open(&self, cid: &Cid, covers: u64, want: &Want) -> Result<Opened> {
        if !self.is_only_held {
            return self.sources.open(cid, covers, want).await;
        }
        let held = self.sources.open_held(&self.cid, cid, covers).await;
        held.ok_or_else(|| not_held(cid))
    }

    /// A block that tells what something is.
    pub(crate) async fn block(&self, cid: &Cid) -> Result<Block> {
        let want = self.want(Urgency::Now, self.metadata);
        let block = self.get(cid, &want).await?;
        if let Some(seen) = &self.seen {
            seen.note(&block)?;
        }
        Ok(block)
    }
}

fn not_held(cid: &Cid) -> Error {
    Error::NotHeld {
        what: format!("block {cid}"),
    }
}

/// A block that is what its hash says, and makes no sense.
pub(crate) fn corrupt(cid: &Cid, why: impl std::fmt::Display) -> Error {
    Error::Corrupt {
        what: format!("block {cid}: {why}"),
    }
}

#[cfg(test)]
pub(crate) mod tests;
