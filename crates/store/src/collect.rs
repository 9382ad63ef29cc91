//! Making room: what goes is chosen by a pure function, and goes in the order that is safe.
//!
//! A collection runs on a thread of its own, one at a time. Chunks of open objects are taken back
//! from peers first. Then the index says gone, for all victims together, and that is synced. Then
//! the space is freed, and only then may they be fetched again.

mod closed;

use std::{
    collections::HashMap,
    io,
    ops::Range,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use universal_p2p_core::Item;

use crate::{
    Object, Store,
    catalog::Entry,
    clock,
    gauge::Task,
    object::GivenUp,
    policy::{self, Candidate, Choice, Policy},
    report::{Collection, Reason},
};
use closed::Closed;

/// The longest time in which it is not looked whether something has to go.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The rest after a collection that freed nothing, doubled with each more of them.
const SHORTEST_REST: Duration = Duration::from_millis(5);

/// And no longer than this: readers move on, and what they leave behind may go.
const LONGEST_REST: Duration = Duration::from_millis(250);

/// Items that go at once where the file system is short of inodes.
const ITEMS_AT_ONCE: usize = 100;

/// Collects whenever something has to go, until the store is closed.
pub(crate) fn collect_regularly(store: &Weak<Store>) {
    let mut rest = SHORTEST_REST;
    loop {
        let Some(gauge) = store.upgrade().map(|store| Arc::clone(&store.gauge)) else {
            return;
        };
        let task = gauge.wait(LOOK_EVERY);
        // Only now: who waits must not keep the store.
        let Some(store) = store.upgrade() else { return };
        match task {
            Task::Stop => return,
            Task::Rest => store.trim_documents(),
            Task::Free(need, reason) => {
                let freed = match reason {
                    Reason::Inodes => store.collect_inodes(),
                    _ => store.collect_bytes(need, reason),
                };
                if freed == 0 {
                    drop(store);
                    gauge.rest(rest);
                    rest = (rest * 2).min(LONGEST_REST);
                } else {
                    rest = SHORTEST_REST;
                }
            }
        }
    }
}

/// An item as the collector sees it.
struct Subject {
    item: Item,
    open: Option<Arc<Object>>,
}

impl Store {
    /// Frees bytes, or tells what holds them. Returns how many were freed.
    fn collect_bytes(self: &Arc<Self>, need: u64, reason: Reason) -> u64 {
        let hopes = self.gauge.hopes();
        let (done, settled) = self.collect_now(need, reason);
        if let Err(error) = settled {
            tracing::error!(%error, "room was made, but the index does not know of it yet");
        }
        let stuck = (done.freed < need).then(|| self.what_holds());
        self.gauge.collected(stuck, hopes);
        done.freed
    }

    /// Chooses victims and gives them up, and tells what the index said to that. The space is freed
    /// in any case, or a full disk could not be cleaned: a chunk that the index takes for present
    /// after a power cut is hashed before it is served.
    pub(crate) fn collect_now(
        self: &Arc<Self>,
        need: u64,
        reason: Reason,
    ) -> (Collection, io::Result<()>) {
        let (begun, at) = (Instant::now(), clock::stamp());
        let _one_at_a_time = self.one_collection();
        // What was read a moment ago counts as much as what was read before.
        if let Err(error) = self.book_fresh() {
            tracing::debug!(%error, "who read what is written later");
        }
        let (subjects, candidates) = self.candidates();
        let policy = self.policy;
        let choice = policy::choose(&candidates, policy, need);
        drop(candidates);
        if policy == Policy::Gdsf {
            self.raise_floor(choice.floor);
        }
        let items = by_item(&choice);
        let (freed, settled) = self.give_up(&subjects, &items);
        let chunks = choice
            .victims
            .iter()
            .map(|victim| victim.chunks.len() as u64);
        let collection = Collection {
            at: clock::seconds(at),
            reason,
            freed,
            chunks: chunks.sum(),
            items: items.len() as u64,
            took_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        };
        tracing::debug!(?collection, need, "made room");
        if freed > 0 {
            self.history.note(collection.clone());
        }
        (collection, settled)
    }

    /// Everything that is on disk of items, in stretches that were last used at the same time.
    fn candidates(&self) -> (Vec<Subject>, Vec<Candidate>) {
        let open = self.open_objects();
        let (mut subjects, mut candidates) = (Vec::new(), Vec::new());
        let items = self.catalog.lock();
        for (item, entry) in &items.entries {
            if entry.charge.bytes() == 0 || entry.pinned {
                continue;
            }
            let number = u32::try_from(subjects.len()).unwrap_or(u32::MAX);
            let add = |chunks, bytes, kept, stamp| {
                candidates.push(Candidate {
                    item: number,
                    chunks,
                    bytes,
                    kept,
                    standing: entry.standing(stamp),
                });
            };
            let object = open.get(item).cloned();
            stretches(entry, object.as_deref(), add);
            subjects.push(Subject {
                item: item.clone(),
                open: object,
            });
        }
        (subjects, candidates)
    }

    /// Gives chunks up in the order that is safe. Returns how many bytes are free now.
    fn give_up(
        self: &Arc<Self>,
        subjects: &[Subject],
        victims: &HashMap<u32, Vec<Range<u32>>>,
    ) -> (u64, io::Result<()>) {
        let (mut open, mut closed) = (Vec::new(), Vec::new());
        let mut settled = Ok(());
        for (number, chunks) in victims {
            let Some(subject) = subjects.get(*number as usize) else {
                continue;
            };
            match &subject.open {
                Some(object) => {
                    let chunks: Vec<u32> = chunks.iter().cloned().flatten().collect();
                    open.push(object.give_up(&chunks));
                }
                None => match self.take_closed(&subject.item, chunks) {
                    Ok(taken) => closed.extend(taken),
                    Err(error) => settled = Err(error),
                },
            }
        }
        open.retain(|given_up| !given_up.chunks().is_empty());
        for given_up in &open {
            if let Err(error) = self.write_gone_pages(given_up.object()) {
                settled = Err(error);
            }
            self.forget_blocks(given_up.object().item(), given_up.chunks());
        }
        if !(open.is_empty() && closed.is_empty()) {
            settled = self.index.settle().and(settled);
        }
        let freed = open.into_iter().map(GivenUp::free).sum::<u64>()
            + closed.into_iter().map(Closed::free).sum::<u64>();
        (freed, settled)
    }

    /// Removes whole items that nobody uses, the least recently used first, for their inodes.
    fn collect_inodes(self: &Arc<Self>) -> u64 {
        let mut idle: Vec<_> = {
            let open = self.open_objects();
            let items = self.catalog.lock();
            let idle = items.entries.iter().filter(|(item, entry)| {
                !entry.pinned && !open.contains_key(item) && self.ledger.streams_of(item) == 0
            });
            idle.map(|(item, entry)| (entry.last, item.clone()))
                .collect()
        };
        idle.sort_unstable();
        let mut freed = 0;
        for (_, item) in idle.into_iter().take(ITEMS_AT_ONCE) {
            match self.remove(&item) {
                Ok(removed) => freed += removed.items,
                Err(error) => tracing::warn!(%item, %error, "an item could not be removed"),
            }
        }
        self.gauge.collected(None, self.gauge.hopes());
        freed
    }
}

/// What is on disk of an item, in stretches that were last used at the same time: the chunks, what
/// they take, whether a reader keeps them, and when that was.
pub(crate) fn stretches(
    entry: &Entry,
    object: Option<&Object>,
    mut add: impl FnMut(Range<u32>, u64, bool, u64),
) {
    let Some(object) = object else {
        return closed::stretches(entry, add);
    };
    for stretch in object.stretches() {
        // Of what came from disk it may not be known when it was used.
        let stamp = if stretch.stamp == 0 {
            entry.last
        } else {
            stretch.stamp
        };
        add(stretch.chunks, stretch.bytes, stretch.kept, stamp);
    }
}

/// The victims of each item.
fn by_item(choice: &Choice) -> HashMap<u32, Vec<Range<u32>>> {
    let mut items: HashMap<_, Vec<_>> = HashMap::new();
    for victim in &choice.victims {
        items
            .entry(victim.item)
            .or_default()
            .push(victim.chunks.clone());
    }
    items
}
