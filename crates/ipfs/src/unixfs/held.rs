//! Which ranges of a file are on disk.

use std::{ops::Range, sync::Arc};

use cid::Cid;

use super::{RAW, Root, layout::Layout};

/// Nodes that are read for one file. What lies below more of them is not told.
const MOST_NODES: usize = 1024;

/// Parts that are looked at.
const MOST_PARTS: usize = 1 << 18;

/// Blocks up to this length are read to see what is in them, in bytes.
const SMALL: u64 = 16 << 10;

/// A part of a file that is to be looked at.
struct Part {
    start: u64,
    length: u64,
    cid: Cid,
}

/// The ranges of a file whose blocks are on disk, in order and apart from each other. Nothing is
/// fetched; what lies below a node that is not there counts as missing.
pub(super) async fn ranges(root: &Arc<Root>, layout: &Layout) -> Vec<Range<u64>> {
    let mut held = Vec::new();
    let mut waiting = Vec::new();
    let mut nodes = MOST_NODES;
    let mut parts = MOST_PARTS;
    expand(&mut held, &mut waiting, 0, layout);
    while let Some(part) = waiting.pop() {
        parts = match parts.checked_sub(1) {
            Some(left) => left,
            None => break,
        };
        let known = root.sources.length_at_hand(&part.cid);
        let Some(length) = known else { continue };
        // What is as long as its part has it in itself; nodes that are longer than what they lead to
        // are small.
        let is_leaf = part.cid.codec() == RAW || length > SMALL;
        if is_leaf && length >= part.length {
            add(&mut held, part.start..part.start + part.length);
            continue;
        }
        nodes = match nodes.checked_sub(1) {
            Some(left) => left,
            None => break,
        };
        let Some(block) = root.sources.at_hand(&root.cid, &part.cid).await else {
            continue;
        };
        if let Ok(layout) = Layout::of(&block)
            && layout.length == part.length
        {
            expand(&mut held, &mut waiting, part.start, &layout);
        }
    }
    held
}

/// Adds what is in a node that was read: its own bytes, and its parts to be looked at, the first last.
fn expand(held: &mut Vec<Range<u64>>, waiting: &mut Vec<Part>, start: u64, layout: &Layout) {
    let own = layout.inline.len() as u64;
    add(held, start..start.saturating_add(own));
    let mut at = start.saturating_add(own);
    let first = waiting.len();
    for (cid, length) in layout.parts.iter().take(MOST_PARTS) {
        waiting.push(Part {
            start: at,
            length: *length,
            cid: *cid,
        });
        at = at.saturating_add(*length);
    }
    waiting[first..].reverse();
}

fn add(held: &mut Vec<Range<u64>>, range: Range<u64>) {
    match held.last_mut() {
        _ if range.is_empty() => {}
        Some(last) if last.end == range.start => last.end = range.end,
        _ => held.push(range),
    }
}
