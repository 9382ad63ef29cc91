//! What one site used of one item, as a value and as a row.

use crate::clock;

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
        let since = seconds();
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

    /// The row of the index for it.
    pub(crate) fn encode(self) -> [u8; 25] {
        let mut row = [FORMAT; 25];
        for (place, value) in [(1, self.first), (9, self.last), (17, self.bytes)] {
            row[place..place + 8].copy_from_slice(&value.to_be_bytes());
        }
        row
    }

    /// What a row of the index says; none where it is damaged or of another format.
    pub(crate) fn decode(row: &[u8]) -> Option<Self> {
        let number = |at: usize| Some(u64::from_be_bytes(row.get(at..at + 8)?.try_into().ok()?));
        if row.first() != Some(&FORMAT) || row.len() != 25 {
            return None;
        }
        Some(Self {
            first: number(1)?,
            last: number(9)?,
            bytes: number(17)?,
        })
    }
}

/// Seconds since 1970.
pub(super) fn seconds() -> u64 {
    clock::seconds(clock::stamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_add_up() {
        let used = |first, last, bytes| Use { first, last, bytes };
        let (early, late, both) = (used(5, 9, 10), used(7, 20, 1), used(5, 20, 11));
        assert_eq!(early.with(late), both);
        assert_eq!(late.with(early), both);
        assert_eq!(Use::default().with(late), late);
        assert_eq!(Use::decode(&both.encode()), Some(both));
        assert_eq!(Use::decode(b"\x02rest"), None);
        assert_eq!(Use::decode(&both.encode()[..24]), None);
        assert_eq!(Use::decode(b""), None);
    }
}
