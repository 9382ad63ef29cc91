//! Bytes per second over the last two seconds.

use std::time::Duration;

use tokio::time::Instant;

/// How long a slot is, and how many there are.
const SLOT: Duration = Duration::from_millis(250);
const SLOTS: usize = 8;

/// What came in the last two seconds.
#[derive(Debug)]
pub(super) struct Rate {
    since: Instant,
    /// The number of the slot that is filled now.
    now: u128,
    slots: [u64; SLOTS],
}

impl Rate {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            since: now,
            now: 0,
            slots: [0; SLOTS],
        }
    }

    pub(super) fn add(&mut self, now: Instant, bytes: u64) {
        self.turn(now);
        if let Some(slot) = self.slots.first_mut() {
            *slot = slot.saturating_add(bytes);
        }
    }

    pub(super) fn speed(&mut self, now: Instant) -> u64 {
        self.turn(now);
        let bytes = self
            .slots
            .iter()
            .fold(0_u64, |sum, slot| sum.saturating_add(*slot));
        bytes / (SLOT * SLOTS as u32).as_secs()
    }

    /// Forgets what came longer ago.
    fn turn(&mut self, now: Instant) {
        let number = now.duration_since(self.since).as_millis() / SLOT.as_millis();
        let passed = number.saturating_sub(self.now).min(SLOTS as u128) as usize;
        self.slots.rotate_right(passed % SLOTS);
        self.slots[..passed].fill(0);
        self.now = number.max(self.now);
    }
}
