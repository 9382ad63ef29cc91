//! Where a reader is and how fast it reads.

use std::{ops::Range, time::Duration};

use crate::{Pieces, schedule::Reader};

/// What is fetched ahead of a reader at least, in bytes.
const NEAR: u64 = 32 << 20;

/// And at most.
const FAR: u64 = 64 << 20;

/// A reader that is fast gets as much ahead as it reads in this time, in seconds.
const AHEAD: f64 = 10.0;

/// A jump by more than this is a seek, and says nothing of how fast is read. In bytes.
const SEEK: u64 = 64 << 20;

/// How long a reader is watched for a figure of how fast it reads: players read in bursts.
const WATCHED: Duration = Duration::from_secs(1);

/// One reader of the torrent. Offsets are those of the torrent, in bytes.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    at: u64,
    end: u64,
    /// From where and when on its pace is measured.
    mark: (u64, Duration),
    /// Bytes per second; 0 while unknown.
    rate: f64,
    /// How many bytes from where it is may be fetched.
    reach: u64,
    need: Need,
    /// Whether it waits for what is missing: that time says nothing of how fast it reads.
    waits: bool,
}

/// How soon somebody needs what is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Somebody reads it.
    Now,
    /// Somebody may read it before long: it comes after what is being read.
    Later,
}

/// What is needed later than now is taken to be needed in so many seconds: after everything that
/// readers have in their windows.
const LATER: f64 = 12.0;

impl Reading {
    pub(super) fn new(range: Range<u64>, need: Need, reach: u64, now: Duration) -> Self {
        Self {
            at: range.start,
            end: range.end,
            mark: (range.start, now),
            rate: 0.0,
            reach,
            need,
            waits: true,
        }
    }

    /// Where the reader is.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// The reader is at this offset now. `waits`: what it wants there is missing.
    pub(super) fn move_to(&mut self, at: u64, waits: bool, now: Duration) {
        let is_seek = at < self.at || at - self.at >= SEEK;
        self.at = at;
        if is_seek {
            self.rate = 0.0;
        }
        if std::mem::replace(&mut self.waits, waits) || is_seek {
            self.mark = (at, now);
            return;
        }
        let (from, since) = self.mark;
        let took = now.saturating_sub(since);
        if took >= WATCHED {
            #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
            let rate = (at - from) as f64 / took.as_secs_f64();
            self.rate = if self.rate > 0.0 {
                self.rate.midpoint(rate)
            } else {
                rate
            };
            self.mark = (at, now);
        }
    }

    /// No more than so many bytes from where it is are to be fetched.
    pub(super) fn set_reach(&mut self, reach: u64) {
        self.reach = reach;
    }

    /// A piece that begins at this offset is given up: until the reader moves, what is behind it is out
    /// of its reach. Else it would be fetched again at once, and given up again.
    pub(super) fn give_up_from(&mut self, offset: u64) {
        if offset > self.at {
            self.reach = self.reach.min(offset - self.at);
        }
    }

    /// As the scheduler sees it. The piece where it is is wanted whole, whatever its reach.
    pub(super) fn wish(&self, pieces: Pieces) -> Reader {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped in the next line"
        )]
        let by_rate = (self.rate * AHEAD) as u64;
        let least = NEAR.max(2 * u64::from(pieces.piece_length()));
        let here = pieces.bytes_of(pieces.piece_at(self.at)).end;
        let reach = self.reach.max(here.saturating_sub(self.at));
        Reader {
            at: self.at,
            end: self.end,
            window: by_rate.clamp(least, least.max(FAR)).min(reach),
            rate: self.rate,
            begins: match self.need {
                Need::Now => 0.0,
                Need::Later => LATER,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_fast_reader_gets_more_ahead_and_a_seek_forgets_its_pace() {
        let pieces = Pieces::new(10 << 30, 1 << 20).expect("pieces");
        let mut reading = Reading::new(0..10 << 30, Need::Now, u64::MAX, seconds(0));
        assert_eq!(reading.wish(pieces).window, NEAR);
        reading.move_to(0, false, seconds(7));
        reading.move_to(5 << 20, false, seconds(8));
        assert_eq!(reading.wish(pieces).window, 50 << 20);
        reading.move_to(5 << 30, true, seconds(9));
        let wish = reading.wish(pieces);
        assert_eq!((wish.at, wish.window), (5 << 30, NEAR));
        assert!(wish.rate == 0.0);
    }

    #[test]
    fn waiting_does_not_make_a_reader_slow() {
        let pieces = Pieces::new(10 << 30, 1 << 20).expect("pieces");
        let mut reading = Reading::new(0..10 << 30, Need::Now, u64::MAX, seconds(0));
        reading.move_to(1 << 20, false, seconds(60));
        assert!(reading.wish(pieces).rate == 0.0);
        reading.move_to(3 << 20, true, seconds(61));
        reading.move_to(4 << 20, false, seconds(90));
        let rate = reading.wish(pieces).rate;
        assert!((1.9e6..2.2e6).contains(&rate), "{rate}");
    }

    #[test]
    fn large_pieces_are_fetched_two_at_a_time_at_least() {
        let pieces = Pieces::new(10 << 30, 64 << 20).expect("pieces");
        let reading = Reading::new(0..10 << 30, Need::Now, u64::MAX, seconds(0));
        assert_eq!(reading.wish(pieces).window, 128 << 20);
    }

    #[test]
    fn a_reader_of_short_reach_gets_its_piece_and_no_more() {
        let pieces = Pieces::new(10 << 30, 1 << 20).expect("pieces");
        let mut reading = Reading::new(0..10 << 30, Need::Now, 2 << 20, seconds(0));
        assert_eq!(reading.wish(pieces).window, 2 << 20);
        reading.move_to(1000, false, seconds(1));
        reading.set_reach(5);
        assert_eq!(reading.wish(pieces).window, (1 << 20) - 1000);
        reading.set_reach(8 << 20);
        reading.give_up_from(0);
        assert_eq!(reading.wish(pieces).window, 8 << 20);
        reading.give_up_from(3 << 20);
        assert_eq!(reading.wish(pieces).window, (3 << 20) - 1000);
    }
}
