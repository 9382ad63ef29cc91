//! What a peer is yet to be told, and in which messages.

use std::collections::{HashSet, VecDeque};

use crate::bitswap::message::{Entry, Message};

/// The most that a peer is yet to be told. One that reads so slowly is left.
const LONGEST: usize = 1024;

/// The most entries of one message.
const MESSAGE: usize = 256;

/// Entries that wait for the stream.
#[derive(Debug, Default)]
pub(super) struct Outbox(VecDeque<Entry>);

/// Nothing more can be said to a peer that does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Outbox {
    /// Adds an entry. Of one block no more waits than that it is no longer wanted, then that it is.
    pub(super) fn push(&mut self, entry: Entry) -> Result<(), Full> {
        let is_same = |known: &Entry| known.cid == entry.cid;
        let last = self.0.iter().rposition(is_same);
        let is_cancelled = last.is_some_and(|at| self.is_cancel(at));
        match (last, entry.ask.is_none()) {
            (Some(_), true) if is_cancelled => {}
            (Some(at), true) => {
                // The peer may know an earlier want, or not: it is told in any case.
                self.0.remove(at);
                if !self.0.iter().any(is_same) {
                    self.add(entry)?;
                }
            }
            (Some(at), false) if !is_cancelled => {
                if let Some(known) = self.0.get_mut(at) {
                    *known = entry;
                }
            }
            _ => self.add(entry)?,
        }
        Ok(())
    }

    fn is_cancel(&self, at: usize) -> bool {
        self.0.get(at).is_some_and(|known| known.ask.is_none())
    }

    fn add(&mut self, entry: Entry) -> Result<(), Full> {
        if self.0.len() >= LONGEST {
            return Err(Full);
        }
        self.0.push_back(entry);
        Ok(())
    }

    /// The next message. It names every block once: peers may read cancels after wants.
    pub(super) fn next(&mut self) -> Option<Message> {
        let mut named = HashSet::new();
        let mut entries = Vec::new();
        while let Some(entry) = self.0.front() {
            if entries.len() >= MESSAGE || !named.insert(*entry.cid.hash()) {
                break;
            }
            entries.extend(self.0.pop_front());
        }
        (!entries.is_empty()).then(|| Message {
            entries,
            ..Message::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use cid::Cid;
    use multihash_codetable::{Code, MultihashDigest};

    use super::*;
    use crate::bitswap::message::Ask;

    fn entry(seed: usize, ask: Option<Ask>) -> Entry {
        Entry {
            cid: Cid::new_v1(0x55, Code::Sha2_256.digest(&seed.to_le_bytes())),
            priority: 1,
            ask,
            denial: true,
        }
    }

    fn told(outbox: &mut Outbox) -> Vec<Vec<Option<Ask>>> {
        let messages = std::iter::from_fn(|| outbox.next());
        let asks = |message: Message| message.entries.iter().map(|entry| entry.ask).collect();
        messages.map(asks).collect()
    }

    #[test]
    fn what_is_taken_back_and_wanted_anew_goes_in_two_messages() {
        let mut outbox = Outbox::default();
        outbox.push(entry(1, None)).unwrap();
        outbox.push(entry(2, Some(Ask::Have))).unwrap();
        outbox.push(entry(1, Some(Ask::Block))).unwrap();
        let two = vec![vec![None, Some(Ask::Have)], vec![Some(Ask::Block)]];
        assert_eq!(told(&mut outbox), two);
        assert_eq!(outbox.next(), None);
    }

    #[test]
    fn what_changes_while_it_waits_is_told_as_it_is_in_the_end() {
        let mut outbox = Outbox::default();
        for _ in 0..5 {
            outbox.push(entry(1, Some(Ask::Have))).unwrap();
            outbox.push(entry(1, Some(Ask::Block))).unwrap();
            outbox.push(entry(1, None)).unwrap();
        }
        assert_eq!(told(&mut outbox), [[None]]);
        for ask in [None, Some(Ask::Have), None, None, Some(Ask::Block)] {
            outbox.push(entry(1, ask)).unwrap();
        }
        assert_eq!(told(&mut outbox), [[None], [Some(Ask::Block)]]);
    }

    #[test]
    fn a_peer_that_does_not_read_fills_no_memory() {
        let mut outbox = Outbox::default();
        let full = (0..=LONGEST).find(|seed| outbox.push(entry(*seed, None)).is_err());
        assert_eq!(full, Some(LONGEST));
    }
}
