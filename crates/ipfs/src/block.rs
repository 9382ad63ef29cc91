//! A block: bytes that were hashed.

use bytes::Bytes;
use cid::{Cid, multihash::Multihash};
use multihash_codetable::{Code, MultihashDigest};

/// The longest block that is taken from anybody, in bytes (bitswap specification, "Block Sizes").
pub(crate) const LONGEST: usize = 2 << 20;

/// The multihash code of the identity function: the digest is the block itself.
const IDENTITY: u64 = 0x00;

/// Bytes and the CID that they have. There is no way to make one of other bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    cid: Cid,
    bytes: Bytes,
}

/// Why bytes are not the block that they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// They have another hash.
    #[error("its bytes have another hash")]
    Hash,
    /// Nobody here can compute this hash.
    #[error("its hash function {0:#x} is not supported")]
    Function(u64),
    /// It is longer than a block may be.
    #[error("it has {0} bytes; a block has at most 2 MiB")]
    Length(usize),
}

impl Block {
    /// Hashes bytes, and takes them where they are those of the CID.
    ///
    /// # Errors
    /// [`Mismatch`] where they are not.
    pub fn check(cid: Cid, bytes: Bytes) -> Result<Self, Mismatch> {
        has_hash(cid.hash(), &bytes).map(|()| Self { cid, bytes })
    }

    /// The block that a CID carries in itself, if it does.
    #[must_use]
    pub fn inline(cid: &Cid) -> Option<Self> {
        (cid.hash().code() == IDENTITY).then(|| Self {
            cid: *cid,
            bytes: Bytes::copy_from_slice(cid.hash().digest()),
        })
    }

    /// Bytes of the own disk, which were hashed before they came there.
    pub(crate) fn held(cid: Cid, bytes: Bytes) -> Self {
        Self { cid, bytes }
    }

    /// The same block under another CID of the same multihash.
    pub(crate) fn under(self, cid: Cid) -> Self {
        debug_assert_eq!(self.cid.hash(), cid.hash(), "other bytes");
        Self { cid, ..self }
    }

    /// Its CID.
    #[must_use]
    pub fn cid(&self) -> &Cid {
        &self.cid
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

/// Hashes bytes, and says whether they have this hash.
pub(crate) fn has_hash(hash: &Multihash<64>, bytes: &[u8]) -> Result<(), Mismatch> {
    if bytes.len() > LONGEST {
        return Err(Mismatch::Length(bytes.len()));
    }
    let is_right = if hash.code() == IDENTITY {
        hash.digest() == bytes
    } else {
        let code = Code::try_from(hash.code());
        let code = code.map_err(|_| Mismatch::Function(hash.code()))?;
        code.digest(bytes) == *hash
    };
    is_right.then_some(()).ok_or(Mismatch::Hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bytes_with_the_right_hash_are_a_block() {
        let bytes = Bytes::from_static(b"hello");
        let cid = Cid::new_v1(0x55, Code::Sha2_256.digest(&bytes));
        let block = Block::check(cid, bytes.clone()).expect("the right bytes");
        assert_eq!((block.cid(), block.bytes()), (&cid, &bytes));
        let wrong = Block::check(cid, Bytes::from_static(b"hellp"));
        assert_eq!(wrong, Err(Mismatch::Hash));
        let long = Block::check(cid, vec![0; LONGEST + 1].into());
        assert_eq!(long, Err(Mismatch::Length(LONGEST + 1)));
    }

    #[test]
    fn a_cid_can_carry_its_block() {
        let cid = Cid::try_from("bafkqabtimvwgy3yk").expect("a CID");
        let block = Block::inline(&cid).expect("it carries it");
        assert_eq!(block.bytes(), &Bytes::from_static(b"hello\n"));
        assert!(Block::check(cid, block.bytes().clone()).is_ok());
    }
}
