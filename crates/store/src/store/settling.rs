//! What is written once a second: data that arrived, who read what, and when it was used.

use std::{
    io,
    sync::{Arc, Weak, atomic::Ordering, mpsc},
    time::Duration,
};

use universal_p2p_core::Item;

use super::{Store, guard};
use crate::{Object, catalog::Entry, clock, ledger::Taken};

/// How often is looked for what is due.
const SETTLE_EVERY: Duration = Duration::from_secs(1);

/// How many times that is between two writes of who read what: an abrupt stop loses no more of the
/// accounting. Every write is synced, so that more of them would wear the disk for nothing.
const BOOK_EVERY: u32 = 3;

/// How often everything that is nobody's is counted anew.
const COUNT_EVERY: u32 = 5;

/// Settles until the store is closed.
pub(super) fn settle_regularly(store: &Weak<Store>, stopped: &mpsc::Receiver<()>) {
    let (mut rounds, mut before) = (0_u32, 0);
    while stopped.recv_timeout(SETTLE_EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
        let Some(store) = store.upgrade() else { return };
        let books = rounds.is_multiple_of(BOOK_EVERY);
        if let Err(error) = store.settle_due(false, books) {
            tracing::error!(%error, "the index on disk is behind; it is tried again in a second");
        }
        rounds = rounds.wrapping_add(1);
        if rounds.is_multiple_of(COUNT_EVERY) {
            store.count_own();
        }
        let used = store.gauge.figures().used;
        // With nothing new on disk there is nothing to look for, however many items there are.
        if std::mem::replace(&mut before, used) != used {
            store.set_allowance();
        }
    }
}

impl Store {
    /// Syncs the data of everything that arrived, then writes the index and syncs that.
    ///
    /// # Errors
    /// What the file system or the index says; what could not be written is tried again later.
    pub fn settle(&self) -> io::Result<()> {
        self.settle_due(true, true)
    }

    /// Writes objects that are due, or all of them; and who read what, where the `books` are.
    fn settle_due(&self, all: bool, books: bool) -> io::Result<()> {
        let _one_at_a_time = guard(&self.settling);
        let objects = self.dirty.take(all);
        let (booked, rows) = if books {
            let booked = self.book_fresh();
            self.note_recency();
            let losses = self.index.losses();
            if self.losses.swap(losses, Ordering::Relaxed) != losses {
                // Rows that were written may be gone.
                self.catalog.all_changed();
            }
            (booked, self.catalog.take_changed())
        } else {
            (Ok(false), Vec::new())
        };
        if objects.is_empty() && rows.is_empty() && matches!(booked, Ok(false)) {
            return Ok(());
        }
        let mut failed = booked.map(|_| ());
        for object in objects {
            if let Err(error) = self.settle_object(&object) {
                self.dirty.mark(&object);
                failed = Err(error);
            }
        }
        for (item, row) in rows {
            if let Err(error) = self.index.set_item(&item, &row) {
                self.catalog.look(&item, Entry::changed);
                failed = Err(error);
            }
        }
        if let Err(error) = self.index.set_floor(*guard(&self.floor)) {
            failed = Err(error);
        }
        self.index.settle().and(failed)
    }

    /// Books what was read and fetched since the last time. Says whether there was anything.
    pub(crate) fn book_fresh(&self) -> io::Result<bool> {
        let _one_at_a_time = guard(&self.booking);
        let taken = self.ledger.take();
        let is_any = !taken.is_empty();
        let Taken { uses, fetched } = taken;
        let floor = *guard(&self.floor);
        let (mut failed, mut behind) = (Ok(is_any), Taken::default());
        for (item, bytes) in fetched {
            self.catalog.look(&item, |entry| {
                entry.fetched += bytes;
                entry.changed();
            });
        }
        for ((item, site), fresh) in uses {
            let now = clock::stamp();
            let is_known = self.catalog.look(&item, |entry| entry.last = now).is_some();
            // An item that was removed while it was read stays removed.
            if !is_known {
                continue;
            }
            if let Err(error) = self.index.add_use(&item, &site, fresh.used) {
                failed = Err(error);
                behind.uses.insert((item, site), fresh);
                continue;
            }
            self.catalog.look(&item, |entry| {
                entry.uses += fresh.began;
                entry.served += fresh.used.bytes;
                if entry.first == 0 {
                    entry.first = fresh.used.first * 1000;
                }
                entry.floor = entry.floor.max(floor);
                entry.changed();
            });
        }
        self.ledger.put_back(behind);
        failed
    }

    /// Takes over from open objects when their chunks were used, and what they really take.
    fn note_recency(&self) {
        for (item, object) in self.open_objects() {
            if let Some(runs) = object.take_runs() {
                object.recount();
                self.catalog.look(&item, |entry| entry.set_runs(runs));
            }
        }
    }

    fn settle_object(&self, object: &Object) -> io::Result<()> {
        if object.is_gone() {
            return Ok(());
        }
        object.sync_pages(|page, bits| self.index.set_page(object.item(), page, bits))?;
        if object.is_settled() {
            self.index.trust(object.item(), self.unclean_stops)?;
        }
        Ok(())
    }

    /// Tells the index what went of an object; that is not synced by it.
    pub(crate) fn write_gone_pages(&self, object: &Object) -> io::Result<()> {
        object.write_gone_pages(|page, bits| self.index.set_page(object.item(), page, bits))
    }

    pub(crate) fn open_object(&self, item: &Item) -> Option<Arc<Object>> {
        guard(&self.objects).get(item)?.upgrade()
    }
}
