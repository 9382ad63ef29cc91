//! Ranges of bytes by their places, none of which touches another.

use std::collections::BTreeMap;

/// What a span costs besides its bytes, about: it is not to be cheap to make millions of them.
const EACH: u64 = 64;

/// Ranges of bytes by where they begin.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Spans(BTreeMap<u64, Vec<u8>>);

impl Spans {
    /// Copies what is known from a place on, and says how much that was.
    pub(super) fn copy(&self, at: u64, into: &mut [u8]) -> usize {
        let Some((start, bytes)) = self.0.range(..=at).next_back() else {
            return 0;
        };
        let within = usize::try_from(at - start).unwrap_or(usize::MAX);
        let known = bytes.get(within..).unwrap_or_default();
        let length = known.len().min(into.len());
        into[..length].copy_from_slice(&known[..length]);
        length
    }

    /// Puts bytes in where none are known yet, as long as there is room. Says whether there were any.
    pub(super) fn note(&mut self, mut at: u64, mut bytes: &[u8], left: &mut u64) -> bool {
        let mut has_grown = false;
        while !bytes.is_empty() {
            let known = self.known(at).min(bytes.len());
            at += known as u64;
            bytes = &bytes[known..];
            let next = self.0.range(at..).next().map(|(start, _)| start - at);
            let gap = next.and_then(|gap| usize::try_from(gap).ok());
            let new = gap.unwrap_or(bytes.len()).min(bytes.len());
            if new == 0 {
                continue;
            }
            if *left <= new as u64 + EACH {
                // None is left: it was more than there was room for.
                *left = 0;
                return has_grown;
            }
            *left -= new as u64;
            has_grown = true;
            self.put(at, &bytes[..new], left);
            at += new as u64;
            bytes = &bytes[new..];
        }
        has_grown
    }

    /// How many bytes are known from a place on.
    fn known(&self, at: u64) -> usize {
        let before = self.0.range(..=at).next_back();
        before.map_or(0, |(start, bytes)| {
            let within = usize::try_from(at - start).unwrap_or(usize::MAX);
            bytes.len().saturating_sub(within)
        })
    }

    /// Puts bytes into a gap, and makes one of what touches then.
    fn put(&mut self, at: u64, bytes: &[u8], left: &mut u64) {
        let end = at + bytes.len() as u64;
        let before = self.0.range_mut(..at).next_back();
        let start = match before.filter(|(start, known)| *start + known.len() as u64 == at) {
            Some((start, known)) => {
                known.extend_from_slice(bytes);
                *start
            }
            None => {
                *left -= EACH;
                self.0.insert(at, bytes.to_vec());
                at
            }
        };
        if let Some(behind) = self.0.remove(&end)
            && let Some(known) = self.0.get_mut(&start)
        {
            known.extend_from_slice(&behind);
        }
    }

    /// All of them in order.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (u64, &[u8])> {
        self.0.iter().map(|(at, bytes)| (*at, bytes.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_noted_is_known_and_nothing_else(
            notes in proptest::collection::vec((0_u64..300, 0_usize..60), 0..40),
        ) {
            let byte = |at: u64| (at * 7) as u8;
            let mut spans = Spans::default();
            let mut seen = vec![false; 400];
            let mut left = 1 << 20;
            for (at, length) in notes {
                let bytes: Vec<u8> = (at..at + length as u64).map(byte).collect();
                let is_new = (at..at + length as u64).any(|at| !seen[at as usize]);
                prop_assert_eq!(spans.note(at, &bytes, &mut left), is_new);
                (at..at + length as u64).for_each(|at| seen[at as usize] = true);
            }
            for at in 0..400_u64 {
                let mut into = [0; 400];
                let copied = spans.copy(at, &mut into);
                let right = seen[at as usize..].iter().take_while(|seen| **seen).count();
                prop_assert_eq!(copied, right);
                for (place, got) in (at..).zip(&into[..copied]) {
                    prop_assert_eq!(*got, byte(place));
                }
            }
        }
    }

    #[test]
    fn too_much_is_not_taken() {
        let (mut spans, mut left) = (Spans::default(), 1000);
        assert!(spans.note(0, &[1; 900], &mut left));
        assert!(!spans.note(5000, &[1; 100], &mut left));
        assert_eq!(left, 0);
        assert_eq!(spans.copy(5000, &mut [0; 10]), 0);
    }
}
