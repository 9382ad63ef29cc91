//! Which blocks belong below a block.

use std::ops::Range;

use cid::Cid;
use universal_p2p_core::{Result, Scope};

use crate::{
    Block,
    ipld::Form,
    unixfs::{
        DAG_PB, corrupt,
        hamt::Shard,
        layout::Layout,
        node::{self, Kind},
    },
};

/// How much of what lies below a block is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cover {
    All,
    /// A range of a file, in which this block starts here.
    Bytes(u64, Range<u64>),
}

/// The blocks that belong below a block, in order.
///
/// # Errors
/// [`universal_p2p_core::Error::Corrupt`] for a block that is not what its CID says.
pub(super) fn below(block: &Block, scope: Scope, cover: &Cover) -> Result<Vec<(Cid, Cover)>> {
    let cid = block.cid();
    if scope == Scope::Block {
        return Ok(Vec::new());
    }
    if let Some(form) = Form::of(cid.codec()) {
        let links = match scope {
            Scope::All => form
                .links(block.bytes())
                .map_err(|error| corrupt(cid, error))?,
            Scope::Block | Scope::Entity => Vec::new(),
        };
        return Ok(whole(links));
    }
    if cid.codec() != DAG_PB {
        return Ok(Vec::new());
    }
    let node = node::parse(block.bytes()).map_err(|error| corrupt(cid, error))?;
    let kind = node.unixfs.as_ref().map(|unixfs| unixfs.kind);
    let links = node.links.iter().map(|link| link.cid);
    Ok(match (kind, cover) {
        (Some(Kind::File), Cover::Bytes(start, range)) => parts(block, *start, range)?,
        (Some(Kind::File), Cover::All) => whole(links),
        (Some(Kind::Shard), _) if scope == Scope::Entity => whole(Shard::of(&node)?.shards()),
        _ if scope == Scope::All => whole(links),
        _ => Vec::new(),
    })
}

fn whole(links: impl IntoIterator<Item = Cid>) -> Vec<(Cid, Cover)> {
    links.into_iter().map(|cid| (cid, Cover::All)).collect()
}

/// The parts of a file that have bytes of a range.
fn parts(block: &Block, start: u64, range: &Range<u64>) -> Result<Vec<(Cid, Cover)>> {
    let layout = Layout::of(block)?;
    let mut at = start.saturating_add(layout.inline.len() as u64);
    let mut found = Vec::new();
    for (cid, size) in &layout.parts {
        let end = at.saturating_add(*size);
        if at < range.end && end > range.start {
            let is_whole = at >= range.start && end <= range.end;
            let cover = if is_whole {
                Cover::All
            } else {
                Cover::Bytes(at, range.clone())
            };
            found.push((*cid, cover));
        }
        at = end;
    }
    Ok(found)
}
