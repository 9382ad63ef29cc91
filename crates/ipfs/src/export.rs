//! Content for those who check it themselves: blocks, and archives of all that a path needs.
//!
//! What is given out was hashed here, and its reader hashes it again: this is what other gateways and
//! light clients ask for (trustless gateway specification).

mod below;
mod tape;
mod walker;

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use cid::Cid;
use futures_util::{StreamExt, stream};
use universal_p2p_core::{
    ByteStream, Data, DataForm, EntityBytes, Error, Freshness, Hints, Id, Proof, ProofBody,
    ProofForm, ReadCx, Result, Scope, Trace,
};

use crate::{
    Block, Ipfs, address,
    ipld::{CBOR, DAG_CBOR, DAG_JSON, JSON},
    unixfs::{Root, layout::Layout, trail},
};
use below::Cover;
use walker::Walker;

/// What an archive has.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// How much of what the path leads to.
    pub scope: Scope,
    /// Which bytes, where that is a file and [`Scope::Entity`] of it is wanted.
    pub bytes: Option<EntityBytes>,
    /// Whether a block comes every time it is met.
    pub repeats: bool,
}

/// An archive of blocks, and the way to what it is of.
pub struct Archive {
    /// What each segment of the path stands for, the root first.
    pub roots: Vec<Cid>,
    /// A CAR of version 1, depth first. It breaks off where a block cannot be had.
    pub stream: ByteStream,
}

impl Ipfs {
    /// Finds the block that a path leads to, of any codec, and what each segment of the path stands
    /// for: the root first.
    ///
    /// # Errors
    /// As [`universal_p2p_core::Backend::resolve`], and [`universal_p2p_core::Error::Unsupported`] for a
    /// path that ends inside a block.
    pub async fn block(
        &self,
        id: &Id,
        path: &[String],
        hints: &Hints,
    ) -> Result<(Vec<Cid>, Block)> {
        let root = self.traced(id, hints)?;
        let trail = trail::follow(&root, path).await?;
        let block = root.block(trail.end()).await?;
        Ok((trail.roots, block))
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
        extent: Extent,
        hints: &Hints,
        cx: &ReadCx,
    ) -> Result<Archive> {
        let root = self.traced(id, hints)?;
        let trail = trail::follow(&root, path).await?;
        let end = root.block(trail.end()).await?;
        let cover = match (extent.bytes, extent.scope) {
            (Some(bytes), Scope::Entity) => match Layout::of(&end) {
                Ok(layout) => Cover::Bytes(0, bytes_of(bytes, layout.length)),
                // Of a directory there are no bytes to choose from.
                Err(_) => Cover::All,
            },
            _ => Cover::All,
        };
        let mut blocks = trail.blocks;
        blocks.push(end);
        let walker = Walker::new(Arc::clone(&root), blocks, extent, cover, *cx);
        let head = stream::once(std::future::ready(Ok(head(&root.cid))));
        let body = stream::try_unfold(walker, |mut walker| async move {
            Ok(walker.next().await?.map(|bytes| (bytes, walker)))
        });
        Ok(Archive {
            roots: trail.roots,
            stream: head.chain(body).boxed(),
        })
    }

    /// Finds content in a form that its reader checks, named for this long.
    pub(crate) async fn proof(
        &self,
        id: &Id,
        path: &[String],
        form: ProofForm,
        freshness: Freshness,
        hints: &Hints,
        cx: &ReadCx,
    ) -> Result<Proof> {
        match form {
            ProofForm::Block => {
                let (roots, block) = self.block(id, path, hints).await?;
                Ok(Proof {
                    media_type: "application/vnd.ipld.raw",
                    etag: format!("{}.raw", block.cid()),
                    is_weak: false,
                    filename: format!("{}.bin", block.cid()),
                    freshness,
                    roots: roots.iter().map(Cid::to_string).collect(),
                    body: ProofBody::Whole(block.bytes().clone()),
                })
            }
            ProofForm::Archive {
                scope,
                bytes,
                repeats,
            } => {
                let extent = Extent {
                    scope,
                    bytes,
                    repeats,
                };
                let archive = self.archive(id, path, extent, hints, cx).await?;
                let end = archive.roots.last().copied().unwrap_or_default();
                Ok(Proof {
                    media_type: if repeats {
                        "application/vnd.ipld.car; version=1; order=dfs; dups=y"
                    } else {
                        "application/vnd.ipld.car; version=1; order=dfs; dups=n"
                    },
                    etag: format!("{id}.{end}.car.{}", extent.tag()),
                    is_weak: true,
                    filename: format!("{id}.car"),
                    freshness,
                    roots: archive.roots.iter().map(Cid::to_string).collect(),
                    body: ProofBody::Stream(archive.stream),
                })
            }
            ProofForm::Tape => self.tape(id, path, freshness, hints, cx).await,
            ProofForm::Record => Err(Error::BadAddress {
                why: "records are of names, under /ipns/, without a path".into(),
            }),
        }
    }

    /// What each segment of a path stands for, and the structured data that it leads to.
    pub(crate) async fn traced_to(
        &self,
        id: &Id,
        path: &[String],
        freshness: Freshness,
        hints: &Hints,
    ) -> Result<Trace> {
        let root = self.traced(id, hints)?;
        let trail = trail::follow(&root, path).await?;
        let form = match trail.end().codec() {
            JSON => Some(DataForm::Json),
            CBOR => Some(DataForm::Cbor),
            DAG_JSON => Some(DataForm::DagJson),
            DAG_CBOR => Some(DataForm::DagCbor),
            _ => None,
        };
        let data = match form {
            Some(form) => {
                let bytes = root.block(trail.end()).await?.bytes().clone();
                Some(Data { form, bytes })
            }
            None => None,
        };
        Ok(Trace {
            roots: trail.roots.iter().map(Cid::to_string).collect(),
            freshness,
            data,
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

impl Extent {
    /// What tells archives of one path apart.
    fn tag(&self) -> String {
        let (from, to) = self.bytes.map_or((0, None), |bytes| (bytes.from, bytes.to));
        let to = to.map_or_else(|| "*".to_owned(), |to| to.to_string());
        let repeats = if self.repeats { ".dups" } else { "" };
        format!("{:?}.{from}.{to}{repeats}", self.scope)
    }
}

/// The bytes that are meant of a file of this length.
fn bytes_of(bytes: EntityBytes, length: u64) -> Range<u64> {
    let place = |number: i64| {
        let from_end = length.saturating_sub(number.unsigned_abs());
        u64::try_from(number).unwrap_or(from_end).min(length)
    };
    let end = match bytes.to {
        None => length,
        // Before the first byte there is none.
        Some(to) if to < 0 && to.unsigned_abs() > length => 0,
        Some(to) => place(to).saturating_add(1).min(length),
    };
    place(bytes.from)..end
}

/// The head of an archive: a section with a map of dag-cbor.
fn head(root: &Cid) -> Bytes {
    let cid = root.to_bytes();
    let mut map = b"\xa2\x65roots\x81\xd8\x2a".to_vec();
    // The CID behind a zero; all of it is shorter than 256 bytes. Lengths are as short as they can be.
    match u8::try_from(cid.len() + 1).unwrap_or(u8::MAX) {
        length @ ..24 => map.push(0x40 | length),
        length => map.extend([0x58, length]),
    }
    map.push(0);
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
