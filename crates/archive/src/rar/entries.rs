//! From what the volumes hold to entries, each with how it is read.
//!
//! What is stored is read where it lies. What is packed alone is unpacked alone. What builds on what
//! came before is unpacked together with that, once, from the first entry that stands for itself.

use std::sync::Arc;

use super::{
    join::{self, Joined},
    member::Member,
    unpack::Task,
};
use crate::{
    Entry, Limits, State,
    content::Content,
    spool::{self, Make, Recipe, Slice, Spools, What},
};

/// The newest versions of RAR that anything is known of: of the old format, and of the new one.
const VERSIONS: [u8; 7] = [15, 20, 26, 29, 36, 50, 70];

/// Where entries are unpacked to, and what is known of them all.
pub(super) struct Packed<'a> {
    pub(super) is_five: bool,
    /// Whether the archive says that its entries build on each other.
    pub(super) is_solid: bool,
    /// The entity tag of all that the archive lies in.
    pub(super) etag: &'a str,
    pub(super) limits: &'a Limits,
    pub(super) spools: &'a Arc<Spools>,
}

/// Entries that are unpacked together.
#[derive(Default)]
struct Group {
    /// Their numbers among all.
    numbers: Vec<usize>,
    /// Bytes of them all.
    length: u64,
    /// Why the rest of it cannot be unpacked.
    broken: Option<State>,
}

impl Packed<'_> {
    /// The entries of an index, in their order.
    pub(super) fn entries(&self, joined: Vec<Joined>) -> Vec<Entry> {
        let mut states: Vec<_> = joined.iter().map(Joined::state).collect();
        let mut contents: Vec<_> = joined.iter().map(Joined::content).collect();
        for group in self.groups(&joined, &mut states) {
            let Err(why) = self.unpacked(&joined, &group, &mut contents) else {
                continue;
            };
            for number in group {
                if let Some(state) = states.get_mut(number).filter(|was| **was == State::Ready) {
                    *state = why;
                }
            }
        }
        let entries = joined.iter().zip(states).zip(contents);
        let entries = entries.map(|((joined, state), content)| {
            let content = match state {
                State::Ready => content,
                _ => Content::Nothing,
            };
            join::entry(
                &joined.last,
                joined.length(),
                joined.packed(),
                state,
                content,
            )
        });
        entries.collect()
    }

    /// Which entries are unpacked together. What cannot be unpacked is marked, and all that builds on it.
    pub(super) fn groups(&self, joined: &[Joined], states: &mut [State]) -> Vec<Vec<usize>> {
        let mut groups: Vec<Group> = Vec::new();
        for (number, (joined, state)) in joined.iter().zip(states).enumerate() {
            if !joined.is_packed() {
                continue;
            }
            if groups.is_empty() || !self.builds_on_others(joined) {
                groups.push(Group::default());
            }
            let Some(group) = groups.last_mut() else {
                continue;
            };
            let own = self.obstacle(joined, group.length);
            group.broken = group.broken.or(own);
            match group.broken {
                None => {
                    group.numbers.push(number);
                    group.length += joined.length();
                }
                Some(why) if *state != State::Hidden => *state = why,
                Some(_) => {}
            }
        }
        groups
            .into_iter()
            .map(|group| group.numbers)
            .filter(|numbers| !numbers.is_empty())
            .collect()
    }

    fn builds_on_others(&self, joined: &Joined) -> bool {
        let packing = &joined.last.packing;
        // Before RAR 2 entries did not say so themselves.
        packing.is_solid || packing.version < 20 && self.is_solid
    }

    /// Why an entry cannot be unpacked behind so many bytes that have to be unpacked first.
    fn obstacle(&self, joined: &Joined, before: u64) -> Option<State> {
        let (header, packing) = (&joined.last, &joined.last.packing);
        let is_known = VERSIONS.contains(&packing.version)
            && (packing.version >= 50) == self.is_five
            && (1..=5).contains(&header.method);
        if header.is_encrypted {
            Some(State::Encrypted)
        } else if joined.is_cut {
            Some(State::Incomplete)
        } else if !is_known || header.length.is_none() {
            Some(State::Unsupported)
        } else if packing.window > self.limits.memory {
            Some(State::TooMuchMemory)
        } else if before.saturating_add(joined.length()) > self.limits.decoded_entry {
            Some(State::TooLong)
        } else {
            None
        }
    }

    /// Makes the contents of entries that are unpacked together, or says why they are not.
    fn unpacked(
        &self,
        joined: &[Joined],
        numbers: &[usize],
        contents: &mut [Content],
    ) -> Result<(), State> {
        let recipe = self.recipe(joined, numbers)?;
        let mut at = 0;
        for number in numbers {
            let length = joined.get(*number).map_or(0, Joined::length);
            let slice = Slice::part(&recipe, at..at + length);
            if let (Ok(slice), Some(content)) = (slice, contents.get_mut(*number)) {
                *content = Content::Spool(slice);
            }
            at += length;
        }
        Ok(())
    }

    /// How entries are unpacked, or why they are not.
    fn recipe(&self, joined: &[Joined], numbers: &[usize]) -> Result<Arc<Recipe>, State> {
        let members = numbers.iter().filter_map(|number| joined.get(*number));
        let task = Task {
            is_five: self.is_five,
            members: members.map(member).collect(),
            memory: self.limits.memory,
            window: numbers
                .iter()
                .filter_map(|number| joined.get(*number))
                .map(|joined| joined.last.packing.window)
                .max()
                .unwrap_or_default(),
        };
        let part = format!("rar from entry {}", numbers.first().unwrap_or(&0));
        let what = What {
            etag: self.etag,
            part: &part,
            length: task.length(),
            packed: task.packed(),
            room: None,
        };
        match spool::state(what.length, what.packed, self.limits) {
            State::Ready => {}
            other => return Err(other),
        }
        let make: Make = Box::new(move |context, into| task.run(context, into));
        Recipe::new(self.spools, &what, self.limits, make).map_err(|_| State::Unsupported)
    }
}

pub(super) fn member(joined: &Joined) -> Member {
    Member {
        packing: joined.last.packing.clone(),
        method: joined.last.method,
        length: joined.length(),
        segments: joined.segments.clone(),
    }
}
