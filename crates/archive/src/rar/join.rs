//! Putting together what the volumes hold of every entry.

use std::sync::Arc;

use super::{
    header::FileHeader,
    scan::{Part, Volume},
};
use crate::{
    Entry, Source, State,
    content::{Content, Segment},
};

/// An entry with the parts that were found of it.
pub(super) struct Joined {
    /// The last part's header, which speaks of the whole.
    pub(super) last: FileHeader,
    pub(super) segments: Vec<Segment>,
    /// Whether its start or its end lies in a volume that is not there.
    pub(super) is_cut: bool,
}

/// Joins the parts of all volumes, in order.
pub(super) fn join(sources: &[Source], volumes: &[Volume]) -> Vec<Joined> {
    let mut joined: Vec<Joined> = Vec::new();
    let mut is_open = false;
    for (source, volume) in sources.iter().zip(volumes) {
        for (position, part) in volume.parts.iter().enumerate() {
            let Part { header, data } = part;
            let segment = Segment {
                source: source.clone(),
                range: data.clone(),
            };
            let before = joined.last_mut().filter(|before| {
                is_open
                    && position == 0
                    && header.is_split_before
                    && before.last.name == header.name
            });
            if let Some(before) = before {
                before.segments.push(segment);
                before.last = header.clone();
            } else {
                if let Some(before) = joined.last_mut() {
                    before.is_cut |= is_open;
                }
                joined.push(Joined {
                    last: header.clone(),
                    segments: vec![segment],
                    is_cut: header.is_split_before,
                });
            }
            is_open = header.is_split_after;
        }
    }
    if let Some(before) = joined.last_mut() {
        before.is_cut |= is_open;
    }
    joined
}

impl Joined {
    /// Bytes that it takes in the archive.
    pub(super) fn packed(&self) -> u64 {
        self.segments
            .iter()
            .map(Segment::length)
            .fold(0, u64::saturating_add)
    }

    /// Bytes that it has.
    pub(super) fn length(&self) -> u64 {
        self.last.length.unwrap_or(self.packed())
    }

    /// Whether it has bytes that have to be unpacked.
    pub(super) fn is_packed(&self) -> bool {
        let header = &self.last;
        header.method != 0 && !header.is_dir && self.packed() > 0
    }

    /// Whether it can be read, as far as that is told without unpacking it.
    pub(super) fn state(&self) -> State {
        let (header, length) = (&self.last, self.length());
        if header.is_link {
            State::Hidden
        } else if header.is_dir || (length == 0 && !self.is_cut) {
            State::Ready
        } else if header.is_encrypted {
            State::Encrypted
        } else if self.is_cut {
            State::Incomplete
        } else if header.method == 0 && self.packed() < length || self.packed() == 0 {
            State::Unsupported
        } else {
            State::Ready
        }
    }

    /// What its bytes are made of, where they lie there as they are.
    pub(super) fn content(&self) -> Content {
        if self.last.method == 0 && !self.last.is_dir && self.length() > 0 {
            return Content::Map(until(self.segments.clone(), self.length()));
        }
        Content::Nothing
    }
}

/// What an entry's header says, in the words of an index.
pub(super) fn entry(
    header: &FileHeader,
    length: u64,
    packed: u64,
    state: State,
    content: Content,
) -> Entry {
    Entry {
        name: header.name.clone(),
        is_dir: header.is_dir,
        length: if header.is_dir { 0 } else { length },
        packed: (!header.is_dir).then_some(packed),
        method: match header.method {
            0 => "stored",
            _ => "rar",
        },
        modified: header.modified,
        checksum: header.checksum.unwrap_or(0),
        state,
        content: Arc::new(content),
    }
}

/// The first `length` bytes of segments.
fn until(mut segments: Vec<Segment>, length: u64) -> Vec<Segment> {
    let mut left = length;
    for segment in &mut segments {
        let taken = segment.length().min(left);
        segment.range.end = segment.range.start + taken;
        left -= taken;
    }
    segments.retain(|segment| segment.length() > 0);
    segments
}
