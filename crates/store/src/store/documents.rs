//! Small documents of items, such as the metadata of torrents, under a budget of their own.
//!
//! They make a known id answer at once, so that they do not go with the chunks. The budget is a
//! twentieth of the limit; beyond it go those of the items that were used least recently.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::task::spawn_blocking;
use universal_p2p_core::Item;

use super::Store;
use crate::{clock, layout::DISK_BLOCK, platform};

/// Tells files that are being written apart.
static PARTIAL: AtomicU64 = AtomicU64::new(0);

/// What files that are being written end with.
pub(super) const BEING_WRITTEN: &str = "partial";

/// How long a document waits for room.
const PATIENCE: Duration = Duration::from_secs(5);

/// The smallest budget.
const LEAST: u64 = 1 << 20;

impl Store {
    /// Keeps a small document of an item, such as its metadata, until the item is removed.
    ///
    /// # Errors
    /// What the file system says; [`io::ErrorKind::StorageFull`] where no room can be made.
    pub async fn keep_document(
        self: &Arc<Self>,
        item: &Item,
        kind: &str,
        bytes: Bytes,
    ) -> io::Result<()> {
        let (store, item, path) = (
            Arc::clone(self),
            item.clone(),
            self.document_path(item, kind),
        );
        let kind = kind.to_owned();
        let write = move || store.write_document(&item, &kind, &path, &bytes);
        spawn_blocking(write).await.map_err(io::Error::other)?
    }

    fn write_document(&self, item: &Item, kind: &str, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let charge = self.catalog.with(item, |entry| {
            entry.came_at(clock::stamp());
            entry.documents.add(kind, &self.gauge)
        });
        let room = (bytes.len() as u64).next_multiple_of(DISK_BLOCK);
        if !self.gauge.reserve_soon(&charge, room, PATIENCE) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.documents_changed.store(true, Ordering::Relaxed);
        let written = write_in_place(path, bytes);
        self.gauge.written(room);
        // Whatever was there before, or is there now.
        charge.set(self.document_files(item).iter().map(|(_, size)| size).sum());
        written
    }

    /// A small document that was kept, if there is one.
    ///
    /// # Errors
    /// What the file system says.
    pub async fn document(&self, item: &Item, kind: &str) -> io::Result<Option<Bytes>> {
        match tokio::fs::read(self.document_path(item, kind)).await {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes documents of items that were used least recently until the rest is in its budget.
    /// First go those of which nothing else is on disk.
    pub(crate) fn trim_documents(self: &Arc<Self>) {
        if !self.documents_changed.swap(false, Ordering::Relaxed) {
            return;
        }
        let budget = (self.gauge.figures().limit / 20).max(LEAST);
        let open = self.open_objects();
        let mut all: Vec<_> = {
            let items = self.catalog.lock();
            let with = items
                .entries
                .iter()
                .filter(|(_, entry)| entry.documents.bytes() > 0);
            with.map(|(item, entry)| {
                let is_kept =
                    entry.pinned || open.contains_key(item) || self.ledger.streams_of(item) > 0;
                let order = (entry.charge.bytes() > 0, entry.last);
                (is_kept, order, entry.documents.bytes(), item.clone())
            })
            .collect()
        };
        let mut left: u64 = all.iter().map(|(_, _, bytes, _)| bytes).sum();
        if left <= budget {
            return;
        }
        all.sort_unstable();
        for (is_kept, _, bytes, item) in all {
            if left <= budget || is_kept {
                return;
            }
            match self.remove(&item) {
                Ok(_) => left = left.saturating_sub(bytes),
                Err(error) => tracing::warn!(%item, %error, "its documents could not be removed"),
            }
        }
    }

    /// Removes the documents of an item.
    pub(super) fn remove_documents(&self, item: &Item) -> io::Result<()> {
        for (path, _) in self.document_files(item) {
            fs::remove_file(path)?;
        }
        Ok(())
    }

    /// The documents of an item and what they take.
    fn document_files(&self, item: &Item) -> Vec<(PathBuf, u64)> {
        let kinds = self.catalog.look(item, |entry| entry.documents.kinds());
        let files = kinds.unwrap_or_default().into_iter().filter_map(|kind| {
            let path = self.document_path(item, &kind);
            let size = platform::allocated(&fs::metadata(&path).ok()?);
            Some((path, size))
        });
        files.collect()
    }

    fn document_path(&self, item: &Item, kind: &str) -> PathBuf {
        let folder = self.folder.join("metadata").join(item.protocol);
        folder.join(format!("{}.{kind}", item.id))
    }
}

fn write_in_place(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::NotFound)?;
    fs::create_dir_all(folder)?;
    // Two may keep the same document at the same moment.
    let number = PARTIAL.fetch_add(1, Ordering::Relaxed);
    let partial = path.with_extension(format!("{number}.{BEING_WRITTEN}"));
    let mut file = File::create(&partial)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&partial, path));
    if written.is_err() {
        // A full disk must not fill up with what failed.
        let _ = fs::remove_file(&partial);
    }
    written.and_then(|()| File::open(folder)?.sync_all())
}
