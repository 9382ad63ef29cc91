//! Media files: players need the end of a file before they play its beginning.
//!
//! An MP4 may have its index (`moov`) at the end, a Matroska file its cues. So whoever begins to
//! read a media file from its head has its tail fetched at the same time.

use std::{ops::Range, sync::Arc};

use universal_p2p_store::Held;
use universal_p2p_swarm::Need;

use crate::{
    engine::{Fetch, Wish},
    file::Source,
    torrent::Torrent,
};

/// How much of the end is fetched, in bytes, and at least one piece of it.
const TAIL: u64 = 256 << 10;

/// Reads shorter than this are probes and start nothing.
const PROBE: u64 = 64 << 10;

/// Files shorter than this are read through at once.
const SMALL: u64 = 4 << 20;

/// Names of formats that keep an index at their end, in lower case.
const INDEXED: [&str; 10] = [
    "mp4", "m4v", "m4a", "mov", "mkv", "webm", "mka", "avi", "3gp", "ogv",
];

/// A stretch of the file that is fetched besides what is read.
pub(super) struct Edge {
    _fetch: Box<dyn Fetch>,
    pieces: Range<u32>,
}

/// What to fetch besides a range (in offsets of the torrent) that is about to be read.
///
/// Nothing where the disk is full: what is read comes first.
pub(super) fn edges(source: &Source, file: usize, range: Range<u64>, reach: u64) -> Vec<Edge> {
    let torrent = &source.torrent;
    let info = &torrent.metainfo.files[file];
    let from_head = range.start == info.offset && range.end - range.start > PROBE;
    if torrent.object.room() == 0 {
        return Vec::new();
    }
    if !from_head || info.length < SMALL || !is_indexed(info.path.as_deref().unwrap_or_default()) {
        return Vec::new();
    }
    let layout = torrent.object.layout();
    let end = info.offset + info.length;
    let pieces = layout.chunks_of(&(end - TAIL..end));
    let start = layout.bytes_of(pieces.start).start.max(info.offset);
    let wish = Wish {
        need: Need::Later,
        reach,
    };
    let edge = Edge {
        _fetch: source.engine.fetch(torrent, file, start..end, wish),
        pieces,
    };
    if is_there(&edge, torrent) {
        Vec::new()
    } else {
        vec![edge]
    }
}

/// Ends the fetching of edges that are there, and of all when the disk is full: they are in nobody's
/// window, so that they might be given up and fetched for ever.
pub(super) fn drop_arrived(edges: &mut Vec<Edge>, torrent: &Arc<Torrent>) {
    edges.retain(|edge| !is_there(edge, torrent) && torrent.object.room() > 0);
}

fn is_there(edge: &Edge, torrent: &Arc<Torrent>) -> bool {
    edge.pieces
        .clone()
        .all(|piece| torrent.held(piece) != Held::Absent)
}

fn is_indexed(path: &[String]) -> bool {
    let extension = path
        .last()
        .and_then(|name| name.rsplit_once('.'))
        .map(|(_, extension)| extension);
    extension.is_some_and(|extension| {
        INDEXED
            .iter()
            .any(|known| known.eq_ignore_ascii_case(extension))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_with_an_index_are_known_by_name() {
        let named = |name: &str| is_indexed(&["folder.mp4".into(), name.into()]);
        assert!(named("a.mp4") && named("B.MKV"));
        assert!(!named("a.zip") && !named("mp4") && !named("a.mp4.txt"));
        assert!(!is_indexed(&[]));
    }
}
