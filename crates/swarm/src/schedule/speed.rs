//! How fast a peer answers, and how many requests keep it busy.

use std::time::Duration;

use crate::BLOCK;
use crate::schedule::Peer;

/// Bytes a second that a peer is taken to bring while no peer's rate is known.
const UNKNOWN_RATE: f64 = 200_000.0;
/// Seconds from request to block that a peer is taken to need while that is not known.
const UNKNOWN_DELAY: f64 = 0.1;
/// Bytes a second below which rates are not told apart.
const LEAST_RATE: f64 = 500.0;
/// Seconds without a block that are not worth a thought.
const LEAST_SILENCE: f64 = 0.2;
/// Requests that a peer is given to be measured with.
const FIRST_REQUESTS: u32 = 16;
/// Requests that a peer gets at least, so that it has the next one before it has sent the last.
const LEAST_REQUESTS: u32 = 4;
/// Requests that a peer gets at most: 16 MiB, which is 30 ms at 500 MB/s.
const MOST_REQUESTS: u32 = 1024;

/// What a peer is reckoned to do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Speed {
    /// Bytes a second.
    pub(super) rate: f64,
    /// Seconds from a request to its block while nothing else is asked.
    pub(super) delay: f64,
}

impl Speed {
    /// Of a peer, taking a quarter of `usual` (the mean rate of the measured peers) while nothing is
    /// known of it.
    pub(super) fn of(peer: &Peer<'_>, usual: Option<f64>) -> Self {
        let measured = (peer.rate > 0.0).then_some(peer.rate);
        let guessed = usual.map_or(UNKNOWN_RATE, |usual| usual / 4.0);
        let delay = peer.delay.as_secs_f64();
        Self {
            rate: measured.unwrap_or(guessed).max(LEAST_RATE),
            delay: if delay > 0.0 { delay } else { UNKNOWN_DELAY },
        }
    }

    /// The same peer when it has sent nothing for some time though it owes blocks, and the seconds of
    /// that silence if it is longer than usual: then it is likely to last as long again.
    pub(super) fn after(self, silence: Duration) -> (Self, f64) {
        let silence = silence.as_secs_f64();
        let usual = 2.0 * (self.delay + f64::from(BLOCK) / self.rate) + LEAST_SILENCE;
        if silence <= usual {
            return (self, 0.0);
        }
        let delay = self.delay + silence;
        (Self { delay, ..self }, silence)
    }

    /// Seconds until it brings one more block, with `queue` blocks asked of it already.
    pub(super) fn until_block(self, queue: u32) -> f64 {
        self.delay + f64::from(queue + 1) * f64::from(BLOCK) / self.rate
    }

    /// Seconds that it takes for so many bytes.
    pub(super) fn until_bytes(self, bytes: f64) -> f64 {
        bytes / self.rate
    }
}

/// The mean rate of the peers whose rate is known. The most that a silent peer can do says nothing of
/// others.
pub(super) fn usual_rate(peers: &[Peer<'_>]) -> Option<f64> {
    let measured = peers
        .iter()
        .filter(|peer| peer.rate > 0.0 && peer.has_sent() && !peer.snubbed);
    let (sum, count) = measured.fold((0.0, 0), |(sum, count), peer| (sum + peer.rate, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

/// How many requests a peer should have outstanding.
///
/// Enough to fill the way to it and back, and some time more, so that it never waits for us; but no
/// more, since what it has begun to send delays what a seek asks for.
pub(super) fn depth(peer: &Peer<'_>) -> u32 {
    let most = peer.most_requests.clamp(1, MOST_REQUESTS);
    if peer.snubbed {
        return 1;
    }
    if peer.rate <= 0.0 {
        return FIRST_REQUESTS.min(most);
    }
    let delay = peer.delay.as_secs_f64();
    // 250 ms for peers of up to 1 MB/s, 50 ms at 10 MB/s, never below 30 ms.
    let headroom = (0.25 * (1e6 / peer.rate).powf(0.7)).clamp(0.03, 0.25);
    let seconds = delay * if peer.growing { 2.0 } else { 1.25 } + headroom;
    let requests = (peer.rate * seconds / f64::from(BLOCK)).ceil() as u32;
    let least = if peer.growing {
        FIRST_REQUESTS
    } else {
        LEAST_REQUESTS
    };
    requests.max(least).min(most)
}
