//! The row of an item, as bytes: a format byte, then numbers of as few bytes as they need.

/// The first byte of every row, so that a later format can be told apart.
const FORMAT: u8 = 1;

/// The longest name that is kept, in bytes.
pub(crate) const LONGEST_NAME: usize = 255;

/// The most runs that are kept.
pub(crate) const MOST_RUNS: usize = 64;

/// What is kept of an item between two runs of the agent. Times are milliseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ItemRow {
    /// Length of everything in it, in bytes.
    pub(crate) length: u64,
    /// Length of its chunks, in bytes; 0 where its layout is not known.
    pub(crate) chunk_length: u64,
    /// First access; 0 where that is not known.
    pub(crate) first: u64,
    /// Last access.
    pub(crate) last: u64,
    /// How many streams of it there were.
    pub(crate) uses: u64,
    /// Bytes served of it.
    pub(crate) served: u64,
    /// Bytes fetched from the network for it.
    pub(crate) fetched: u64,
    /// What the policy has to know of it. Finite.
    pub(crate) floor: f64,
    /// Its own name: hostile text, cut at 255 bytes; empty where it is not known.
    pub(crate) name: String,
    /// When its chunks were last used: first chunk, number of chunks, stamp. At most 64.
    pub(crate) runs: Vec<(u32, u32, u64)>,
}

impl ItemRow {
    /// The row as bytes. A longer name is cut, runs after the 64th are left out, and a floor that
    /// is no number is 0.
    pub(super) fn encode(&self) -> Vec<u8> {
        let name = &self.name[..self.name.floor_char_boundary(LONGEST_NAME)];
        let floor = if self.floor.is_finite() {
            self.floor
        } else {
            0.0
        };
        let runs = &self.runs[..self.runs.len().min(MOST_RUNS)];
        let mut row = vec![FORMAT];
        for number in self.numbers() {
            put(&mut row, number);
        }
        row.extend(floor.to_be_bytes());
        put(&mut row, name.len() as u64);
        row.extend(name.as_bytes());
        put(&mut row, runs.len() as u64);
        for (first, count, stamp) in runs {
            put(&mut row, u64::from(*first));
            put(&mut row, u64::from(*count));
            // A stamp is mostly a little before the last access, so the difference is short.
            put(&mut row, self.last.wrapping_sub(*stamp));
        }
        row
    }

    fn numbers(&self) -> [u64; 7] {
        [
            self.length,
            self.chunk_length,
            self.first,
            self.last,
            self.uses,
            self.served,
            self.fetched,
        ]
    }

    /// The row that bytes stand for; none where they are damaged or of another format.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = Rest(bytes);
        if rest.take(1)? != [FORMAT] {
            return None;
        }
        let mut numbers = [0; 7];
        for number in &mut numbers {
            *number = rest.number()?;
        }
        let [length, chunk_length, first, last, uses, served, fetched] = numbers;
        let floor = f64::from_be_bytes(rest.take(8)?.try_into().ok()?);
        let name = rest.count(LONGEST_NAME)?;
        let name = str::from_utf8(rest.take(name)?).ok()?.to_owned();
        let count = rest.count(MOST_RUNS)?;
        let mut runs = Vec::with_capacity(count);
        for _ in 0..count {
            runs.push(rest.run(last)?);
        }
        let sound = rest.0.is_empty() && floor.is_finite();
        sound.then_some(Self {
            length,
            chunk_length,
            first,
            last,
            uses,
            served,
            fetched,
            floor,
            name,
            runs,
        })
    }
}

/// Seven bits at a time, the lowest first; the top bit says that more follow.
fn put(row: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        row.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    row.push(number.to_le_bytes()[0]);
}

/// What is still to be read of a row.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = u64::from(self.take(1)?[0]);
            let bits = (byte & 0x7f) << shift;
            if bits >> shift != byte & 0x7f {
                return None;
            }
            number |= bits;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn count(&mut self, most: usize) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= most).then_some(count)
    }

    fn run(&mut self, last: u64) -> Option<(u32, u32, u64)> {
        let first = u32::try_from(self.number()?).ok()?;
        let count = u32::try_from(self.number()?).ok()?;
        let stamp = last.wrapping_sub(self.number()?);
        first.checked_add(count)?;
        Some((first, count, stamp))
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn rows() -> impl Strategy<Value = ItemRow> {
        let run = (0..1_u32 << 31, 0..1_u32 << 31, any::<u64>());
        let (numbers, name) = (any::<[u64; 7]>(), ".{0,60}");
        (numbers, any::<u32>(), name, vec(run, 0..=MOST_RUNS)).prop_map(
            |(numbers, floor, name, runs)| {
                let [length, chunk_length, first, last, uses, served, fetched] = numbers;
                let floor = f64::from(floor) / 7.0;
                ItemRow {
                    length,
                    chunk_length,
                    first,
                    last,
                    uses,
                    served,
                    fetched,
                    floor,
                    name,
                    runs,
                }
            },
        )
    }

    proptest! {
        #[test]
        fn a_row_comes_back_as_it_was(row in rows()) {
            prop_assert_eq!(ItemRow::decode(&row.encode()), Some(row));
        }

        #[test]
        fn a_row_that_was_cut_is_none(row in rows(), cut in any::<prop::sample::Index>()) {
            let bytes = row.encode();
            prop_assert_eq!(ItemRow::decode(&bytes[..cut.index(bytes.len())]), None);
            prop_assert_eq!(ItemRow::decode(&[bytes.as_slice(), &[0]].concat()), None);
        }

        #[test]
        fn a_damaged_row_is_none_or_within_bounds(
            row in rows(), at in any::<prop::sample::Index>(), with in vec(any::<u8>(), 1..20)
        ) {
            let mut bytes = row.encode();
            let at = at.index(bytes.len());
            let end = bytes.len().min(at + with.len());
            bytes[at..end].copy_from_slice(&with[..end - at]);
            within_bounds(ItemRow::decode(&bytes));
        }

        #[test]
        fn garbage_is_none_or_within_bounds(mut bytes in vec(any::<u8>(), 0..300)) {
            within_bounds(ItemRow::decode(&bytes));
            bytes.insert(0, FORMAT);
            within_bounds(ItemRow::decode(&bytes));
        }
    }

    fn within_bounds(row: Option<ItemRow>) {
        if let Some(row) = row {
            assert!(row.name.len() <= LONGEST_NAME && row.runs.len() <= MOST_RUNS);
            assert!(row.floor.is_finite());
            assert!(
                row.runs
                    .iter()
                    .all(|run| run.0.checked_add(run.1).is_some())
            );
        }
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        let row = ItemRow {
            name: "ä".repeat(200),
            floor: f64::NAN,
            runs: vec![(0, 1, 5); MOST_RUNS + 9],
            ..ItemRow::default()
        };
        let back = ItemRow::decode(&row.encode()).expect("a sound row");
        assert_eq!(back.name, "ä".repeat(127));
        assert_eq!((back.floor.to_bits(), back.runs.len()), (0, MOST_RUNS));
    }

    #[test]
    fn a_plain_row_is_short() {
        let row = ItemRow {
            length: 4 << 30,
            chunk_length: 1 << 20,
            first: 1_790_000_000_000,
            last: 1_790_000_500_000,
            uses: 12,
            served: 5 << 30,
            fetched: 4 << 30,
            runs: vec![(0, 4096, 1_790_000_499_000)],
            ..ItemRow::default()
        };
        assert!(row.encode().len() < 60, "{}", row.encode().len());
    }
}
