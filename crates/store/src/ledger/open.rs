//! One stream: what is read of what, how far it is, how fast it goes, and what it waits for.

use std::{
    ops::Range,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use universal_p2p_core::{Item, Site};

use super::{Totals, pace::Pace};
use crate::{
    clock,
    report::{StreamReport, Waiting},
};

/// Names and paths that are told are no longer, in bytes.
const LONGEST_NAME: usize = 255;
const LONGEST_PATH: usize = 1024;

/// A stream that hands nothing out for so long waits, in milliseconds.
const WAITS_AFTER: u64 = 500;

/// What a stream reads, once that is found. Names are hostile text.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The file's name.
    pub name: String,
    /// Its length in bytes.
    pub length: u64,
    /// What is read of it, in that order.
    pub ranges: Vec<Range<u64>>,
    /// Whether it is unpacked from its start to be read.
    pub is_unpacked: bool,
}

/// What is known of what a stream is for.
#[derive(Default)]
struct About {
    path: String,
    reading: Option<Reading>,
}

/// A stream that is open.
pub(crate) struct Open {
    pub(super) number: u64,
    pub(super) item: Item,
    pub(super) site: Site,
    /// When it was opened, as a stamp.
    began: u64,
    pub(super) served: AtomicU64,
    totals: Arc<Totals>,
    pace: Pace,
    about: Mutex<About>,
    /// When it last handed something out or was found, as a stamp.
    moved: AtomicU64,
    /// Whether the client has taken all that was handed out, and asks for more.
    is_asked: AtomicBool,
}

impl Open {
    pub(super) fn new(number: u64, item: Item, site: Site, totals: Arc<Totals>) -> Self {
        let began = clock::stamp();
        Self {
            number,
            item,
            site,
            began,
            served: AtomicU64::new(0),
            totals,
            pace: Pace::default(),
            about: Mutex::default(),
            moved: AtomicU64::new(began),
            is_asked: AtomicBool::new(true),
        }
    }

    /// When it was opened, in seconds since 1970.
    pub(super) fn since(&self) -> u64 {
        clock::seconds(self.began)
    }

    /// Counts bytes that are handed out. No lock.
    pub(crate) fn serve(&self, bytes: u64) {
        let stamp = clock::stamp();
        self.served.fetch_add(bytes, Ordering::Relaxed);
        self.totals.served.fetch_add(bytes, Ordering::Relaxed);
        self.pace.count(bytes, stamp);
        self.moved.store(stamp, Ordering::Relaxed);
        self.is_asked.store(false, Ordering::Relaxed);
    }

    /// The client asks for more than there is yet.
    pub(crate) fn starve(&self) {
        self.is_asked.store(true, Ordering::Relaxed);
    }

    /// Says what is looked for: a path below the item, hostile text.
    pub(crate) fn seek(&self, path: &str) {
        self.about().path = cut(path, LONGEST_PATH).to_owned();
    }

    /// Says what was found.
    pub(crate) fn find(&self, mut reading: Reading) {
        reading.name = cut(&reading.name, LONGEST_NAME).to_owned();
        self.about().reading = Some(reading);
        self.moved.store(clock::stamp(), Ordering::Relaxed);
    }

    /// What is told of it.
    pub(super) fn report(&self) -> StreamReport {
        let stamp = clock::stamp();
        let served = self.served.load(Ordering::Relaxed);
        let about = self.about();
        let reading = about.reading.as_ref();
        let last = about.path.rsplit('/').next();
        let name = reading.map(|reading| reading.name.as_str());
        let name = name.filter(|name| !name.is_empty()).or(last);
        let is_quiet = stamp.saturating_sub(self.moved.load(Ordering::Relaxed)) >= WAITS_AFTER;
        StreamReport {
            number: self.number,
            protocol: self.item.protocol,
            id: self.item.id.as_str().to_owned(),
            name: name.filter(|name| !name.is_empty()).map(str::to_owned),
            path: about.path.clone(),
            length: reading.map(|reading| reading.length),
            position: reading.map(|reading| position(&reading.ranges, served)),
            speed: self.pace.speed(stamp),
            site: self.site.name.to_string(),
            evidence: self.site.evidence,
            since: self.since(),
            served,
            is_unpacked: reading.is_some_and(|reading| reading.is_unpacked),
            waiting: match (reading, is_quiet) {
                (None, _) => Waiting::Finding,
                (Some(_), false) => Waiting::Nothing,
                (Some(_), true) if self.is_asked.load(Ordering::Relaxed) => Waiting::Source,
                (Some(_), true) => Waiting::Client,
            },
        }
    }

    fn about(&self) -> MutexGuard<'_, About> {
        self.about.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The offset of the next byte of ranges of which so many bytes were handed out.
fn position(ranges: &[Range<u64>], mut served: u64) -> u64 {
    for range in ranges {
        let length = range.end.saturating_sub(range.start);
        if served < length {
            return range.start + served;
        }
        served -= length;
    }
    ranges.last().map_or(0, |range| range.end)
}

fn cut(text: &str, longest: usize) -> &str {
    &text[..text.floor_char_boundary(longest)]
}

#[cfg(test)]
mod tests {
    use universal_p2p_core::Id;

    use super::*;

    fn open() -> Open {
        let item = Item {
            protocol: "test",
            id: Id::new("a").expect("valid"),
        };
        Open::new(1, item, Site::unknown(), Arc::default())
    }

    fn reading(ranges: Vec<Range<u64>>) -> Reading {
        Reading {
            name: "film.mkv".into(),
            length: 100,
            ranges,
            is_unpacked: false,
        }
    }

    #[test]
    fn a_stream_tells_what_it_reads_and_where_it_is() {
        let stream = open();
        stream.seek("folder/asked.mkv");
        let report = stream.report();
        assert_eq!(report.name.as_deref(), Some("asked.mkv"));
        assert_eq!((report.position, report.length), (None, None));
        assert_eq!(report.waiting, Waiting::Finding);
        stream.find(reading(vec![10..20, 50..60]));
        for (served, position) in [(0, 10), (4, 14), (6, 50), (9, 59), (1, 60)] {
            stream.serve(served);
            assert_eq!(stream.report().position, Some(position));
        }
        let report = stream.report();
        assert_eq!(report.name.as_deref(), Some("film.mkv"));
        assert_eq!((report.served, report.waiting), (20, Waiting::Nothing));
        assert!(report.speed > 0);
    }

    #[test]
    fn what_is_quiet_says_whose_turn_it_is() {
        let stream = open();
        stream.find(reading(std::iter::once(0..100).collect()));
        let rest = |stream: &Open| stream.moved.store(1, Ordering::Relaxed);
        rest(&stream);
        assert_eq!(stream.report().waiting, Waiting::Source, "no byte came yet");
        stream.serve(1);
        rest(&stream);
        assert_eq!(stream.report().waiting, Waiting::Client);
        stream.starve();
        assert_eq!(stream.report().waiting, Waiting::Source);
    }

    #[test]
    fn hostile_names_are_cut() {
        let stream = open();
        stream.seek(&"ä".repeat(5000));
        assert_eq!(stream.report().path.len(), LONGEST_PATH);
        let mut long = reading(Vec::new());
        long.name = "€".repeat(5000);
        stream.find(long);
        assert!(stream.report().name.is_some_and(|name| name.len() <= 255));
    }
}
