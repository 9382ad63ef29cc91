//! Which pieces are wanted, and in which order.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::ops::Range;

use crate::schedule::{PeerKey, Picture, Progress, Reader};
use crate::{BLOCK, Block};

/// Seconds of play that a reader of known rate should have ahead before a faster one counts more.
const RESERVE: f64 = 3.0;
/// Microseconds of play ahead from which on nothing is urgent for a reader.
const FAR_MICROS: u64 = 10_000_000;

/// A piece that is wanted, and not held or being checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// Which one.
    pub(super) piece: u32,
    /// Seconds until a reader needs it.
    pub(super) slack: f64,
    /// Whether it is the first one that some reader misses, and needed before long.
    pub(super) first: bool,
    /// Bytes that are not there of the pieces before it in this order.
    pub(super) ahead: f64,
    /// Bytes that are not there of it.
    pub(super) missing: f64,
}

impl Wanted {
    /// Whether it is needed so soon that all peers together should bring it.
    pub(super) fn is_urgent(&self) -> bool {
        self.first || self.slack < 4.0
    }
}

/// The pieces that a reader wants, held or not.
fn window(picture: &Picture<'_>, reader: &Reader) -> Range<u32> {
    let length = picture.pieces.length();
    let end = reader.end.min(reader.at.saturating_add(reader.window));
    picture.pieces.pieces_of(&(reader.at..end.min(length)))
}

/// The requests for blocks of pieces that no reader wants any more.
pub(super) fn unwanted(picture: &Picture<'_>) -> Vec<(PeerKey, Block)> {
    let windows = Windows::new(picture);
    let mut cancels = Vec::new();
    for piece in picture.progress.asked_pieces() {
        if !windows.contains(piece) {
            cancels.extend(picture.progress.asks_in(piece));
        }
    }
    cancels
}

/// The union of the windows of all readers.
#[derive(Debug)]
pub(super) struct Windows(Vec<Range<u32>>);

impl Windows {
    pub(super) fn new(picture: &Picture<'_>) -> Self {
        let windows = picture.readers.iter().map(|reader| window(picture, reader));
        let mut windows: Vec<_> = windows.filter(|window| !window.is_empty()).collect();
        windows.sort_unstable_by_key(|window| window.start);
        windows.dedup_by(|next, window| {
            let joins = next.start <= window.end;
            if joins {
                window.end = window.end.max(next.end);
            }
            joins
        });
        Self(windows)
    }

    /// Whether some reader wants a piece.
    pub(super) fn contains(&self, piece: u32) -> bool {
        let at = self.0.partition_point(|window| window.end <= piece);
        self.0.get(at).is_some_and(|window| window.contains(&piece))
    }
}

/// The wanted pieces, most urgent first: an iterator that looks no further than it is asked to.
#[derive(Debug)]
pub(super) struct Wants<'a> {
    picture: &'a Picture<'a>,
    swarm_rate: f64,
    next: BinaryHeap<Reverse<(Urgency, usize)>>,
    seen: HashSet<u32>,
    ahead: f64,
}

/// The order of need: smaller is more urgent. Readers that are equally pressed take turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Urgency {
    pressed_micros: u64,
    turn: u32,
    /// Whether nothing is held before it: readers that have just come go before others.
    follows: bool,
    /// What is nearly there goes first, which makes equal readers take turns.
    missing: u64,
    slack_micros: u64,
    piece: u32,
}

impl<'a> Wants<'a> {
    /// `swarm_rate`: bytes a second of all peers together, which is what a reader of unknown rate is
    /// taken to read.
    pub(super) fn new(picture: &'a Picture<'a>, swarm_rate: f64) -> Self {
        let mut wants = Self {
            picture,
            swarm_rate: swarm_rate.max(1e5),
            next: BinaryHeap::new(),
            seen: HashSet::new(),
            ahead: 0.0,
        };
        for (index, reader) in picture.readers.iter().enumerate() {
            wants.push(index, window(picture, reader).start, 0);
        }
        wants
    }

    /// Queues the first piece from `from` on that a reader misses.
    fn push(&mut self, index: usize, from: u32, turn: u32) {
        let Some(reader) = self.picture.readers.get(index) else {
            return;
        };
        let Some(piece) = missing(
            self.picture.progress,
            from..window(self.picture, reader).end,
        ) else {
            return;
        };
        let start = self.picture.pieces.bytes_of(piece).start;
        let distance = start.saturating_sub(reader.at) as f64;
        let known = reader.rate > 0.0;
        let slack = reader.begins + distance / if known { reader.rate } else { self.swarm_rate };
        let pressed = match (turn, known) {
            (0, false) => reader.begins,
            (_, false) => slack,
            (_, true) => (slack - RESERVE).max(0.0),
        };
        let urgency = Urgency {
            pressed_micros: (pressed * 1e6) as u64,
            turn,
            follows: piece > 0 && self.picture.progress.held().has(piece - 1),
            missing: self.missing(piece),
            slack_micros: (slack * 1e6) as u64,
            piece,
        };
        self.next.push(Reverse((urgency, index)));
    }

    /// Bytes of a piece that are not there.
    fn missing(&self, piece: u32) -> u64 {
        let bytes = self.picture.pieces.bytes_of(piece);
        let begun = self.picture.progress.begun(piece);
        let arrived = begun.map_or(0, |begun| u64::from(begun.arrived()) * u64::from(BLOCK));
        (bytes.end - bytes.start).saturating_sub(arrived)
    }
}

/// The first piece of a range that is neither held nor being checked.
fn missing(progress: &Progress, range: Range<u32>) -> Option<u32> {
    let mut from = range.start;
    loop {
        let piece = progress.held().next_missing(from, range.end)?;
        if !progress.is_being_checked(piece) {
            return Some(piece);
        }
        from = piece + 1;
    }
}

impl Iterator for Wants<'_> {
    type Item = Wanted;

    fn next(&mut self) -> Option<Wanted> {
        loop {
            let Reverse((urgency, index)) = self.next.pop()?;
            let piece = urgency.piece;
            self.push(index, piece + 1, urgency.turn + 1);
            if self.picture.readers.len() > 1 && !self.seen.insert(piece) {
                continue;
            }
            let missing = urgency.missing as f64;
            let ahead = self.ahead;
            self.ahead += missing;
            return Some(Wanted {
                piece,
                slack: urgency.slack_micros as f64 / 1e6,
                first: urgency.turn == 0 && urgency.slack_micros < FAR_MICROS,
                ahead,
                missing,
            });
        }
    }
}
