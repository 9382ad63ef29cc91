//! Directories whose entries are found by hash (UnixFS specification, "HAMT sharded directory").

use std::{io::Cursor, sync::Arc};

use cid::Cid;
use futures_util::{StreamExt, TryStreamExt, stream};
use universal_p2p_core::{Error, Result};

use super::{
    Root, corrupt,
    node::{self, Kind, Link},
};

/// The only hash function in use: murmur3-x64-64.
const MURMUR3: u64 = 0x22;

/// How many shards and entries a listing looks at.
const MOST_SHARDS: usize = 65_536;
const MOST_ENTRIES: usize = 200_000;

/// Shards that a listing fetches at the same time.
const AT_ONCE: usize = 32;

/// One block of such a directory.
#[derive(Clone)]
pub(crate) struct Shard {
    links: Arc<[Link]>,
    /// Bits of the hash that choose a link here.
    bits: u32,
    /// Bits that the shards above have used.
    used: u32,
}

impl Shard {
    /// The shard that a node is.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for other hash functions and odd widths.
    pub(crate) fn of(node: &node::Node) -> Result<Self> {
        let unixfs = node.unixfs.as_ref();
        let fanout = unixfs.and_then(|unixfs| unixfs.fanout).unwrap_or(0);
        let hash = unixfs.and_then(|unixfs| unixfs.hash_type);
        if hash != Some(MURMUR3) || !fanout.is_power_of_two() || !(8..=1024).contains(&fanout) {
            return Err(Error::Unsupported {
                what: "a sharded directory with another hash function or width than are in use"
                    .into(),
            });
        }
        Ok(Self {
            links: node.links.as_slice().into(),
            bits: fanout.trailing_zeros(),
            used: 0,
        })
    }

    /// How many digits come before the names here.
    fn width(&self) -> usize {
        self.bits.div_ceil(4) as usize
    }

    /// The entry of a name. Fetches only the shards on the way to it.
    pub(crate) async fn get(&self, root: &Root, name: &str) -> Result<Option<Link>> {
        let hash = hash(name);
        let mut shard = self.clone();
        while shard.used + shard.bits <= u64::BITS {
            let index = (hash << shard.used) >> (u64::BITS - shard.bits);
            let prefix = format!("{index:0width$X}", width = shard.width());
            let under = |link: &&Link| link.name.starts_with(prefix.as_bytes());
            let Some(link) = shard.links.iter().find(under) else {
                return Ok(None);
            };
            if link.name.len() > prefix.len() {
                let is_it = link.name.get(prefix.len()..) == Some(name.as_bytes());
                return Ok(is_it.then(|| link.clone()));
            }
            shard = shard.below(root, &link.cid).await?;
        }
        Ok(None)
    }

    /// All entries, without what shards put before their names, up to a bound.
    pub(crate) async fn all(&self, root: &Root) -> Result<Vec<Link>> {
        let mut entries = Vec::new();
        let mut seen = 1;
        let mut level = vec![self.clone()];
        while !level.is_empty() && seen <= MOST_SHARDS && entries.len() < MOST_ENTRIES {
            let mut below: Vec<(Self, Cid)> = Vec::new();
            for shard in &level {
                let width = shard.width();
                for link in shard.links.iter() {
                    if link.name.len() > width && entries.len() < MOST_ENTRIES {
                        let name = link.name.slice(width..);
                        entries.push(Link {
                            name,
                            ..link.clone()
                        });
                    } else if link.name.len() == width && seen < MOST_SHARDS {
                        seen += 1;
                        below.push((shard.bare(), link.cid));
                    }
                }
            }
            let fetched = below
                .into_iter()
                .map(|(shard, cid)| async move { shard.below(root, &cid).await });
            level = stream::iter(fetched)
                .buffer_unordered(AT_ONCE)
                .try_collect()
                .await?;
        }
        Ok(entries)
    }

    /// The shards below this one.
    pub(crate) fn shards(&self) -> Vec<Cid> {
        let width = self.width();
        let below = self.links.iter().filter(|link| link.name.len() == width);
        below.map(|link| link.cid).collect()
    }

    /// The same without its links.
    fn bare(&self) -> Self {
        Self {
            links: [].into(),
            ..*self
        }
    }

    /// A shard that a link here leads to.
    async fn below(&self, root: &Root, cid: &Cid) -> Result<Self> {
        let used = self.used + self.bits;
        if used >= u64::BITS {
            return Err(corrupt(cid, "it lies too deep in its directory"));
        }
        let block = root.block(cid).await?;
        let node = node::parse(block.bytes()).map_err(|error| corrupt(cid, error))?;
        let is_shard = node.unixfs.as_ref().map(|unixfs| unixfs.kind) == Some(Kind::Shard);
        if !is_shard {
            return Err(corrupt(cid, "it is no part of a directory"));
        }
        Ok(Self {
            used,
            ..Self::of(&node)?
        })
    }
}

fn hash(name: &str) -> u64 {
    // Reading from memory does not fail.
    let both = murmur3::murmur3_x64_128(&mut Cursor::new(name), 0).unwrap_or_default();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the first half of the hash is used"
    )]
    let first = both as u64;
    first
}
