//! What peers say to each other: wants, haves, blocks (bitswap specification, version 1.2.0).

mod codec;

use bytes::Bytes;
use cid::{Cid, multihash::Multihash};
use multihash_codetable::{Code, MultihashDigest};

/// The name of a block: CIDs of both versions and of any codec that hash to it mean the same bytes.
pub(crate) type Hash = Multihash<64>;

/// The longest message that is read or written, in bytes.
pub(crate) const LONGEST: usize = 4 << 20;

/// How many wants, blocks or presences one message may bring; more is malformed.
pub(crate) const MOST: usize = 8192;

/// The multihash code of SHA2-256, which blocks of version 1.0 have.
const SHA2_256: u64 = 0x12;

/// What is wanted of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// The block.
    Block,
    /// Whether it has the block.
    Have,
}

/// One line of a list of wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Which block.
    pub(crate) cid: Cid,
    /// More is sooner.
    pub(crate) priority: i32,
    /// What is wanted; none takes back what was.
    pub(crate) ask: Option<Ask>,
    /// Whether a peer that does not have it shall say so.
    pub(crate) denial: bool,
}

/// One message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    /// Whether the entries are all that is wanted; else they change what was.
    pub(crate) full: bool,
    /// Wants.
    pub(crate) entries: Vec<Entry>,
    /// Blocks, not checked yet.
    pub(crate) payloads: Vec<Payload>,
    /// Which blocks the sender has or has not.
    pub(crate) presences: Vec<(Cid, bool)>,
}

/// Bytes that claim to be somebody's block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Payload {
    /// The version of the CID that it was asked by.
    pub(crate) version: u64,
    /// The codec of that CID.
    pub(crate) codec: u64,
    /// The code of the hash function.
    pub(crate) function: u64,
    /// The length of the digest.
    pub(crate) digest: u64,
    /// The bytes.
    pub(crate) bytes: Bytes,
}

impl Payload {
    /// The block of a CID, to be sent.
    pub(crate) fn of(cid: &Cid, bytes: Bytes) -> Self {
        Self {
            version: cid.version().into(),
            codec: cid.codec(),
            function: cid.hash().code(),
            digest: u64::from(cid.hash().size()),
            bytes,
        }
    }

    /// What the bytes are, by their hash; none where nobody here can compute it.
    pub(crate) fn hash(&self) -> Option<Hash> {
        let hash = Code::try_from(self.function).ok()?.digest(&self.bytes);
        (u64::from(hash.size()) == self.digest).then_some(hash)
    }
}

#[cfg(test)]
mod tests;
