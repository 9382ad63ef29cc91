//! Counting what is on disk, at the start and while the agent runs.
//!
//! The running total is never kept: it is derived from the files at every start, so that no crash
//! and no damaged index can make it wrong. Files that the index knows nothing of are adopted.

use std::{
    fs::{self, DirEntry, Metadata},
    io,
    path::Path,
    sync::{Arc, Weak},
    time::UNIX_EPOCH,
};

use universal_p2p_core::{Id, Item};

use super::{Store, ballast, documents::BEING_WRITTEN};
use crate::{catalog::Entry, clock, index::protocol, platform};

/// Counts everything, once.
pub(super) fn count(store: &Weak<Store>) {
    let Some(store) = store.upgrade() else { return };
    store.count_objects();
    store.count_documents();
    store.count_own();
    store.set_allowance();
    store.gauge.counted();
    tracing::debug!(figures = ?store.gauge.figures(), "counted what is on disk");
}

impl Store {
    fn count_objects(&self) {
        each_item(&self.folder.join("objects"), |item, _, file| {
            let Ok(metadata) = file.metadata() else {
                return;
            };
            let charge = self.adopt(&item, &metadata, |entry| Arc::clone(&entry.charge));
            match self.open_object(&item) {
                // It counts by itself, and may be written to by now.
                Some(object) => object.recount(),
                None => charge.set(platform::allocated(&metadata)),
            }
        });
    }

    fn count_documents(&self) {
        each_item(&self.folder.join("metadata"), |item, kind, file| {
            if kind.ends_with(BEING_WRITTEN) {
                // What a crash left of a document that was never there.
                let _ = fs::remove_file(file.path());
                return;
            }
            let Ok(metadata) = file.metadata() else {
                return;
            };
            let charge = self.adopt(&item, &metadata, |entry| {
                entry.documents.add(&kind, &self.gauge)
            });
            charge.set(charge.bytes() + platform::allocated(&metadata));
        });
    }

    /// The item of a file; where nothing is known of it, it was last used when the file was changed.
    fn adopt<T>(&self, item: &Item, file: &Metadata, work: impl FnOnce(&mut Entry) -> T) -> T {
        self.catalog.with(item, |entry| {
            entry.came_at(modified(file));
            work(entry)
        })
    }

    /// Counts what is nobody's: the index, what is held back for a full disk, what networks keep for themselves, the folders.
    pub(crate) fn count_own(&self) {
        ballast::take_in(&self.folder);
        let all = tree(&self.folder, &["objects", "metadata"]);
        let folders = ["objects", "metadata"].map(|part| folders(&self.folder.join(part)));
        self.own.set(all + folders.iter().sum::<u64>());
    }

    /// Sets what readers may hold: everything that is not taken for good.
    pub(super) fn set_allowance(&self) {
        let documents_and_pins: u64 = {
            let items = self.catalog.lock();
            let fixed = |entry: &Entry| {
                let pinned = if entry.pinned {
                    entry.charge.bytes()
                } else {
                    0
                };
                entry.documents.bytes() + pinned
            };
            items.entries.values().map(fixed).sum()
        };
        let fixed = documents_and_pins + self.own.bytes();
        self.allowance
            .set(self.gauge.capacity().saturating_sub(fixed));
    }
}

/// Calls for each file that is named by an item; what follows the id after a dot is its kind.
fn each_item(folder: &Path, mut found: impl FnMut(Item, String, &DirEntry)) {
    for protocols in entries(folder) {
        let name = protocols.file_name();
        let Some(protocol) = name.to_str().and_then(protocol) else {
            tracing::warn!(path = %protocols.path().display(), "this is no folder of the agent's");
            continue;
        };
        for file in entries(&protocols.path()) {
            let name = file.file_name();
            let (id, kind) = match name.to_str().and_then(|name| name.split_once('.')) {
                Some((id, kind)) => (Some(id), kind),
                None => (name.to_str(), ""),
            };
            match id.map(Id::new) {
                Some(Ok(id)) => found(Item { protocol, id }, kind.to_owned(), &file),
                _ => {
                    tracing::warn!(path = %file.path().display(), "this is no file of the agent's");
                }
            }
        }
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = DirEntry> {
    let found = fs::read_dir(folder).map_err(|error| {
        if error.kind() != io::ErrorKind::NotADirectory {
            tracing::warn!(path = %folder.display(), %error, "a folder cannot be read");
        }
    });
    found.into_iter().flatten().filter_map(Result::ok)
}

/// Bytes of everything below a folder but some parts of it.
fn tree(folder: &Path, without: &[&str]) -> u64 {
    let own = fs::metadata(folder).map_or(0, |found| platform::allocated(&found));
    let below = entries(folder).filter(|entry| {
        let name = entry.file_name();
        !without.iter().any(|part| name == *part)
    });
    let sizes = below.map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => tree(&entry.path(), &[]),
        Ok(found) => platform::allocated(&found),
        Err(_) => 0,
    });
    own + sizes.sum::<u64>()
}

/// Bytes of a folder and the folders in it, without their files.
fn folders(folder: &Path) -> u64 {
    let own = fs::metadata(folder).map_or(0, |found| platform::allocated(&found));
    let parts = entries(folder).filter_map(|entry| entry.metadata().ok());
    own + parts.map(|found| platform::allocated(&found)).sum::<u64>()
}

fn modified(metadata: &Metadata) -> u64 {
    let since = metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let stamp = since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0));
    stamp.min(clock::stamp())
}
