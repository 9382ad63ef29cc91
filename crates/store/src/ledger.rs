//! Who asked for what: coalesced in memory, written to the index once a second.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use universal_p2p_core::{Item, Site};

/// The first byte of every row, so that a later format can be told apart.
const FORMAT: u8 = 1;

/// What one site used of one item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Use {
    /// First access in seconds since 1970; 0 for never.
    pub(crate) first: u64,
    /// Last access in seconds since 1970.
    pub(crate) last: u64,
    /// Bytes served.
    pub(crate) bytes: u64,
}

impl Use {
    /// A use of `bytes` at this moment.
    pub(crate) fn now(bytes: u64) -> Self {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        Self {
            first: since,
            last: since,
            bytes,
        }
    }

    /// Both uses as one.
    pub(crate) fn with(self, other: Self) -> Self {
        let first = match (self.first, other.first) {
            (0, first) | (first, 0) => first,
            (a, b) => a.min(b),
        };
        Self {
            first,
            last: self.last.max(other.last),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }

    pub(crate) fn encode(self) -> [u8; 25] {
        let mut row = [FORMAT; 25];
        for (place, value) in [(1, self.first), (9, self.last), (17, self.bytes)] {
            row[place..place + 8].copy_from_slice(&value.to_be_bytes());
        }
        row
    }

    pub(crate) fn decode(row: &[u8]) -> Option<Self> {
        let number = |at: usize| Some(u64::from_be_bytes(row.get(at..at + 8)?.try_into().ok()?));
        if row.first() != Some(&FORMAT) {
            return None;
        }
        Some(Self {
            first: number(1)?,
            last: number(9)?,
            bytes: number(17)?,
        })
    }
}

/// Uses that are not in the index yet.
#[derive(Default)]
pub(crate) struct Ledger(Mutex<HashMap<(Item, Site), Use>>);

impl Ledger {
    pub(crate) fn add(&self, item: Item, site: Site, fresh: Use) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let booked = waiting.entry((item, site)).or_default();
        *booked = booked.with(fresh);
    }

    pub(crate) fn take(&self) -> HashMap<(Item, Site), Use> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_add_up() {
        let (early, late) = (
            Use {
                first: 5,
                last: 9,
                bytes: 10,
            },
            Use {
                first: 7,
                last: 20,
                bytes: 1,
            },
        );
        let both = Use {
            first: 5,
            last: 20,
            bytes: 11,
        };
        assert_eq!(early.with(late), both);
        assert_eq!(late.with(early), both);
        assert_eq!(Use::default().with(late), late);
        assert_eq!(Use::decode(&both.encode()), Some(both));
        assert_eq!(Use::decode(b"\x02rest"), None);
        assert_eq!(Use::decode(b""), None);
    }
}
