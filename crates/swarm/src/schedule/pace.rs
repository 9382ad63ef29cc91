//! How fast a peer answers: its rate and its delay, measured from what is asked and what comes.

use std::time::Duration;

use crate::BLOCK;

/// Seconds over which the rate is smoothed.
const SMOOTHED: f64 = 1.5;
/// Seconds of work that a rate is reckoned from at least.
const LEAST_WORK: f64 = 0.01;
/// Seconds that a peer has for its first block before its rate is taken to be low.
const FIRST_BLOCK: f64 = 0.5;
/// How long a least delay holds before it is to be seen again.
const HOLDS: Duration = Duration::from_secs(10);
/// How long a peer that owes blocks may send nothing.
const SNUB: Duration = Duration::from_secs(10);

/// The measured pace of one peer. It has no clock: every call is told the time.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    in_flight: u32,
    /// Bytes that came and seconds of work they took, both fading with time.
    bytes: f64,
    work: f64,
    /// Up to when the work is counted.
    counted: Duration,
    /// When something came last, or was asked for first after a pause.
    stirred: Duration,
    delay: Delay,
    growth: Growth,
}

/// The least delay, seen anew from time to time.
///
/// While requests are always queued at the peer, every delay that is measured contains their queue,
/// and the depth of the queue is chosen by the delay: left alone, both would rise for ever. So when
/// the least delay was not seen again for long, a lower one is told for a moment, which drains the
/// queue, and the requests made meanwhile count.
#[derive(Clone, Debug)]
struct Delay {
    least: Option<Duration>,
    recent: Option<Duration>,
    since: Duration,
    probing: bool,
}

/// Whether the rate still rises as more is asked for.
#[derive(Clone, Debug)]
struct Growth {
    rising: bool,
    rate: f64,
    checked: Duration,
}

impl Pace {
    /// Of a peer of which nothing is known.
    pub(crate) fn new() -> Self {
        Self {
            in_flight: 0,
            bytes: 0.0,
            work: 0.0,
            counted: Duration::ZERO,
            stirred: Duration::ZERO,
            delay: Delay {
                least: None,
                recent: None,
                since: Duration::ZERO,
                probing: false,
            },
            growth: Growth {
                rising: true,
                rate: 0.0,
                checked: Duration::ZERO,
            },
        }
    }

    /// Notes how many requests are outstanding, after some were made or withdrawn.
    pub(crate) fn sent(&mut self, now: Duration, requests_in_flight: u32) {
        self.count(now);
        if self.in_flight == 0 {
            self.stirred = now;
        }
        self.in_flight = requests_in_flight;
        self.delay.look(now);
    }

    /// Notes that a block of so many bytes came that was asked for at `asked_at`.
    pub(crate) fn arrived(&mut self, now: Duration, bytes: u32, asked_at: Duration) {
        self.count(now);
        self.bytes += f64::from(bytes);
        self.in_flight = self.in_flight.saturating_sub(1);
        self.stirred = now;
        self.delay.see(now, asked_at);
        let delay = self.delay();
        let rate = self.rate(now);
        self.growth.see(now, rate, delay);
    }

    /// Bytes a second while there is something to send; 0: not known yet. Of a peer that has sent
    /// nothing for half a second, the most it can be.
    pub(crate) fn rate(&self, now: Duration) -> f64 {
        let (bytes, work) = self.faded(now);
        if bytes <= 0.0 {
            return if work < FIRST_BLOCK {
                0.0
            } else {
                f64::from(BLOCK) / work
            };
        }
        bytes / work.max(LEAST_WORK)
    }

    /// The least time from request to block lately; zero: nothing came yet.
    pub(crate) fn delay(&self) -> Duration {
        let least = self.delay.least.unwrap_or_default();
        if self.delay.probing { least / 4 } else { least }
    }

    /// Whether the rate still rises as more is asked for.
    pub(crate) fn growing(&self) -> bool {
        self.growth.rising
    }

    /// Whether it owes blocks and has sent nothing for 10 seconds.
    pub(crate) fn is_snubbed(&self, now: Duration) -> bool {
        self.in_flight > 0 && now.saturating_sub(self.stirred) >= SNUB
    }

    /// Counts the time up to now as work.
    fn count(&mut self, now: Duration) {
        (self.bytes, self.work) = self.faded(now);
        self.counted = self.counted.max(now);
    }

    /// Bytes and work as they are now.
    fn faded(&self, now: Duration) -> (f64, f64) {
        let passed = now.saturating_sub(self.counted).as_secs_f64();
        if self.in_flight == 0 || passed <= 0.0 {
            return (self.bytes, self.work);
        }
        let worked = passed * self.busy(now);
        let rest = (-worked / SMOOTHED).exp();
        // Work of the past fades as it passes, so that a steady rate is the same at any time.
        let work = self.work * rest + SMOOTHED * (1.0 - rest);
        (self.bytes * rest, work)
    }

    /// How much of its time a peer can be busy with what is asked of it: one that has a single
    /// request to answer shows its delay, not its rate. All of it, if it has been silent for long.
    fn busy(&self, now: Duration) -> f64 {
        let delay = self.delay.least.unwrap_or_default().as_secs_f64();
        let silent = now.saturating_sub(self.stirred).as_secs_f64();
        if self.work <= 0.0 || delay <= 0.0 || silent > 0.25 + 4.0 * delay {
            return 1.0;
        }
        let rate = self.bytes / self.work.max(LEAST_WORK);
        let most = f64::from(self.in_flight) * f64::from(BLOCK) / delay;
        (most / rate.max(1.0)).min(1.0)
    }
}

impl Delay {
    /// Takes a measured delay.
    fn see(&mut self, now: Duration, asked_at: Duration) {
        let delay = now.saturating_sub(asked_at).max(Duration::from_micros(1));
        if self.probing && asked_at < self.since && self.least.is_some_and(|least| delay >= least) {
            return;
        }
        self.recent = Some(self.recent.map_or(delay, |recent| recent.min(delay)));
        if self.least.is_none_or(|least| delay < least) {
            self.least = Some(delay);
        }
        self.look(now);
    }

    /// Lets an old least delay go.
    fn look(&mut self, now: Duration) {
        let (Some(least), Some(recent)) = (self.least, self.recent) else {
            return;
        };
        let lasts = if self.probing {
            least * 2 + Duration::from_millis(200)
        } else {
            HOLDS
        };
        if now.saturating_sub(self.since) < lasts {
            return;
        }
        let seen = recent <= least + least / 8 + Duration::from_millis(1);
        if seen || self.probing {
            self.least = Some(recent);
            self.probing = false;
        } else {
            self.probing = true;
        }
        self.recent = None;
        self.since = now;
    }
}

impl Growth {
    /// Looks once in a while whether the rate is clearly higher than before.
    fn see(&mut self, now: Duration, rate: f64, delay: Duration) {
        let pause = (delay * 2).max(Duration::from_millis(100));
        if !self.rising || now.saturating_sub(self.checked) < pause {
            return;
        }
        self.rising = rate > self.rate * 1.2;
        self.rate = rate;
        self.checked = now;
    }
}

#[cfg(test)]
mod tests;
