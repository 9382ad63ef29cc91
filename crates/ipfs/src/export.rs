//! Content for those who check it themselves: blocks, and archives of all that a path needs.
//!
//! What is given out was hashed here, and its reader hashes it again: this is what other gateways and
//! light clients ask for (trustless gateway specification).

mod below;
mod walker;

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use cid::Cid;
use futures_util::{StreamExt, stream};
use universal_p2p_core::{ByteStream, Freshness, Hints, Id, ReadCx, Result};

use crate::{
    Block, Ipfs, address,
    unixfs::{Root, layout::Layout, trail},
};
use below::Cover;
use walker::Walker;

/// How much of what a path leads to an archive has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The blocks on the way, and the one that the path leads to.
    Block,
    /// All of a file, or what a directory is listed from.
    Entity,
    /// Everything that it links to.
    All,
}

/// A range of a file as `entity-bytes` writes it. Numbers below zero count from the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntityBytes {
    /// The first byte.
    pub from: i64,
    /// The last byte, which belongs to it; none is the last of the file.
    pub to: Option<i64>,
}

/// A block and the way to it.
#[derive(Clone, Debug)]
pub struct Proof {
    /// What each segment of the path stands for, the root first.
    pub roots: Vec<Cid>,
    /// What the path leads to.
    pub block: Block,
}

/// An archive of blocks, and the way to what it is of.
pub struct Archive {
    /// What each segment of the path stands for, the root first.
    pub roots: Vec<Cid>,
    /// A CAR of version 1, depth first and without blocks that come twice. It breaks off where a block
    /// cannot be had.
    pub stream: ByteStream,
}

impl Ipfs {
    /// Finds the block that a path leads to, of any codec.
    ///
    /// # Errors
    /// As [`universal_p2p_core::Backend::resolve`], and [`universal_p2p_core::Error::Unsupported`] for a
    /// path that ends inside a block.
    pub async fn block(&self, id: &Id, path: &[String], hints: &Hints) -> Result<Proof> {
        let root = self.traced(id, hints)?;
        let trail = trail::follow(&root, path).await?;
        let block = root.block(trail.end()).await?;
        Ok(Proof {
            roots: trail.roots,
            block,
        })
    }

    /// Finds what a path leads to and streams it as an archive, from its root on. Waits for the blocks
    /// on the way, so that their failures can still be answered with a status.
    ///
    /// # Errors
    /// As [`Ipfs::block`].
    pub async fn archive(
        &self,
        id: &Id,
        path: &[String],
        scope: Scope,
        bytes: Option<EntityBytes>,
        hints: &Hints,
        cx: &ReadCx,
    ) -> Result<Archive> {
        let root = self.traced(id, hints)?;
        let trail = trail::follow(&root, path).await?;
        let end = root.block(trail.end()).await?;
        let cover = match (bytes, scope) {
            (Some(bytes), Scope::Entity) => match Layout::of(&end) {
                Ok(layout) => Cover::Bytes(0, bytes.of(layout.length)),
                // Of a directory there are no bytes to choose from.
                Err(_) => Cover::All,
            },
            _ => Cover::All,
        };
        let mut blocks = trail.blocks;
        blocks.push(end);
        let walker = Walker::new(Arc::clone(&root), blocks, scope, cover, *cx);
        let head = stream::once(std::future::ready(Ok(head(&root.cid))));
        let body = stream::try_unfold(walker, |mut walker| async move {
            Ok(walker.next().await?.map(|bytes| (bytes, walker)))
        });
        Ok(Archive {
            roots: trail.roots,
            stream: head.chain(body).boxed(),
        })
    }

    /// A root that notes the blocks on the way.
    fn traced(&self, id: &Id, hints: &Hints) -> Result<Arc<Root>> {
        let cid = address::parse(id.as_str())?;
        let root = self.root(cid, hints, Freshness::Immutable);
        Ok(Arc::new(Root {
            seen: Some(trail::Seen::default()),
            ..root
        }))
    }
}

impl EntityBytes {
    /// The bytes that this means of a file of this length.
    fn of(self, length: u64) -> Range<u64> {
        let place = |number: i64| {
            let from_end = length.saturating_sub(number.unsigned_abs());
            u64::try_from(number).unwrap_or(from_end).min(length)
        };
        let end = match self.to {
            None => length,
            // Before the first byte there is none.
            Some(to) if to < 0 && to.unsigned_abs() > length => 0,
            Some(to) => place(to).saturating_add(1).min(length),
        };
        place(self.from)..end
    }
}

/// The head of an archive: a section with a map of dag-cbor.
fn head(root: &Cid) -> Bytes {
    let cid = root.to_bytes();
    let mut map = b"\xa2\x65roots\x81\xd8\x2a".to_vec();
    // The CID behind a zero; all of it is shorter than 256 bytes.
    map.extend([0x58, u8::try_from(cid.len() + 1).unwrap_or(u8::MAX), 0]);
    map.extend(&cid);
    map.extend(b"\x67version\x01");
    section(map.len()).into_iter().chain(map).collect()
}

/// The length of a section as archives write it.
fn section(mut length: usize) -> Vec<u8> {
    let mut varint = Vec::with_capacity(10);
    while length >= 0x80 {
        varint.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    varint.push((length & 0x7f) as u8);
    varint
}

#[cfg(test)]
mod tests;
