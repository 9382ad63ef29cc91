//! The other end of a connection.

use std::collections::VecDeque;
use std::time::Duration;

use crate::schedule::simulation::Change;
use crate::{BLOCK, Bits, Block};

/// What a peer is like.
#[derive(Clone, Debug)]
pub(super) struct Habits {
    /// Bytes a second.
    pub(super) rate: f64,
    /// Time to it and back.
    pub(super) delay: Duration,
    /// How much later than usual a block may come.
    pub(super) jitter: Duration,
    /// What it has; `None`: everything.
    pub(super) have: Option<Bits>,
    /// Requests that it takes at most; further ones are lost.
    pub(super) most_requests: u32,
}

impl Habits {
    pub(super) fn new(rate: f64, delay_ms: u64) -> Self {
        Self {
            rate,
            delay: Duration::from_millis(delay_ms),
            jitter: Duration::ZERO,
            have: None,
            most_requests: 500,
        }
    }
}

/// Blocks that are in the buffers of the sending side, out of reach of a cancel.
const BUFFERED: usize = 4;

/// A peer that serves requests in their order.
pub(super) struct FarPeer {
    pub(super) habits: Habits,
    queue: VecDeque<Block>,
    sending: bool,
    choking: bool,
    stalled: bool,
    lies: bool,
    /// The rate it has come to in slow start.
    reached: f64,
    last_arrival: Duration,
    dice: u64,
}

impl FarPeer {
    pub(super) fn new(habits: Habits, now: Duration) -> Self {
        let trip = habits.delay.as_secs_f64().max(1e-4);
        Self {
            reached: 10.0 * 1460.0 / trip,
            dice: (habits.rate as u64) | 1,
            habits,
            queue: VecDeque::new(),
            sending: false,
            choking: false,
            stalled: false,
            lies: false,
            last_arrival: now,
        }
    }

    pub(super) fn request(&mut self, block: Block) {
        if !self.choking && self.queue.len() < self.habits.most_requests as usize {
            self.queue.push_back(block);
        }
    }

    pub(super) fn cancel(&mut self, block: Block) {
        let place = self.queue.iter().position(|queued| *queued == block);
        if let Some(place) = place.filter(|place| *place >= BUFFERED) {
            self.queue.remove(place);
        }
    }

    pub(super) fn change(&mut self, change: Change) {
        match change {
            Change::Choke(choking) => {
                self.choking = choking;
                if choking {
                    self.queue.truncate(if self.sending { 1 } else { 0 });
                }
            }
            Change::Stall(stalled) => self.stalled = stalled,
            Change::Rate(rate) => self.habits.rate = f64::from(rate),
            Change::Lie => self.lies = true,
            Change::Vanish => {}
        }
    }

    /// Begins to send, and returns how long the block takes.
    pub(super) fn begin(&mut self, _now: Duration) -> Option<Duration> {
        if self.sending || self.stalled || self.queue.is_empty() {
            return None;
        }
        self.sending = true;
        let rate = self.habits.rate.min(self.reached);
        let takes = f64::from(BLOCK) / rate;
        // Slow start: the rate doubles in every round trip.
        let trip = self.habits.delay.as_secs_f64().max(1e-4);
        self.reached = (self.reached * (takes / trip).min(1.0).exp2()).min(1e12);
        Some(Duration::from_secs_f64(takes))
    }

    /// Puts the block on the way: when it arrives and whether it is right.
    pub(super) fn finish(&mut self, now: Duration) -> Option<(Block, Duration, bool)> {
        self.sending = false;
        let block = self.queue.pop_front()?;
        self.dice = self
            .dice
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        let share = (self.dice >> 40) as f64 / f64::from(1 << 24);
        let way = self.habits.delay / 2 + self.habits.jitter.mul_f64(share);
        self.last_arrival = self.last_arrival.max(now + way);
        Some((block, self.last_arrival, !self.lies))
    }
}
