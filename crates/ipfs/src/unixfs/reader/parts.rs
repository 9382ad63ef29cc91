//! The parts of a range that are to come.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use bytes::Bytes;
use cid::Cid;
use universal_p2p_core::{Error, Result};

use super::{super::corrupt, Layout, budget::Charge};
use crate::Stored;

/// How deep the tree of a file may be.
const DEEPEST: u8 = 32;

/// How many children of a node are looked at at once: memory stays small under huge nodes. The node
/// is looked at again for the rest.
const MOST_CHILDREN: usize = 2048;

/// What is known of a part of a file, which starts where the map of parts says.
pub(super) enum Part {
    /// A block that nobody asked for yet.
    Link { cid: Cid, place: Place },
    /// A block that was asked for.
    Coming { cid: Cid, is_urgent: bool },
    /// Bytes at hand.
    Here(
        Bytes,
        #[expect(dead_code, reason = "held until the bytes are read")] Option<Charge>,
    ),
    /// A block on disk that has bytes in itself, not read yet. Nobody gives it up meanwhile.
    Disk {
        cid: Cid,
        place: Place,
        kept: Arc<dyn Stored>,
    },
    /// What the reader is told if it comes here.
    Bad(Error),
}

/// Which bytes of the file a block is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Where the block starts. A part may start later: the rest of a huge node.
    pub(super) base: u64,
    pub(super) end: u64,
    /// How many nodes lie above.
    pub(super) depth: u8,
}

impl Place {
    /// Refuses a block that has more or fewer bytes than its place, or lies too deep.
    pub(super) fn fits(&self, cid: &Cid, layout: Layout) -> Result<Layout> {
        if layout.length != self.end - self.base {
            return Err(corrupt(cid, "it is not as long as its file says"));
        }
        if self.depth > DEEPEST {
            return Err(corrupt(cid, "it lies too deep in its file"));
        }
        Ok(layout)
    }
}

/// Adds what lies in the range of a block that was read.
pub(super) fn expand(
    parts: &mut BTreeMap<u64, Part>,
    cid: Option<&Cid>,
    layout: &Layout,
    charge: Option<Charge>,
    place: &Place,
    range: &Range<u64>,
) {
    let mut start = place.base + layout.inline.len() as u64;
    if place.base < range.end && start > range.start && !layout.inline.is_empty() {
        parts.insert(place.base, Part::Here(layout.inline.clone(), charge));
    }
    let mut added = 0;
    for (child, size) in &layout.parts {
        let end = start + size;
        if start >= range.end {
            return;
        }
        if end > range.start {
            if added == MOST_CHILDREN
                && let Some(cid) = cid
            {
                let (cid, place) = (*cid, *place);
                parts.insert(start, Part::Link { cid, place });
                return;
            }
            added += 1;
            let place = Place {
                base: start,
                end,
                depth: place.depth + 1,
            };
            parts.insert(start, Part::Link { cid: *child, place });
        }
        start = end;
    }
}
