//! librqbit's storage over an object of the store.

use std::{
    any::TypeId,
    collections::HashSet,
    io::{self, IoSlice},
    path::Path,
    sync::{Arc, Mutex},
};

use anyhow::{Context, bail};
use librqbit::{
    ManagedTorrentShared, TorrentMetadata,
    storage::{
        BoxStorageFactory, StorageFactory, StorageFactoryExt, TorrentStorage,
        filesystem::FilesystemStorageFactory,
    },
};
use librqbit_core::lengths::ValidPieceIndex;
use universal_p2p_store::{Held, Object};

use crate::torrent::{guard, is_lack_of_room};

/// The first error of a write, for whoever waits for the piece.
#[derive(Clone, Default)]
pub(super) struct Failure(Arc<Mutex<Option<io::Error>>>);

impl Failure {
    /// Takes the error, if there was one.
    pub(super) fn take(&self) -> Option<io::Error> {
        guard(&self.0).take()
    }

    /// Whether it was that the store has no room.
    pub(super) fn is_lack_of_room(&self) -> bool {
        guard(&self.0).as_ref().is_some_and(is_lack_of_room)
    }
}

/// Makes storages over one object.
pub(super) struct StoreFactory {
    object: Arc<Object>,
    failure: Failure,
}

impl StoreFactory {
    pub(super) fn create_boxed(object: Arc<Object>, failure: Failure) -> BoxStorageFactory {
        Self { object, failure }.boxed()
    }
}

impl StorageFactory for StoreFactory {
    type Storage = StoreStorage;

    fn create(
        &self,
        _: &ManagedTorrentShared,
        metadata: &TorrentMetadata,
    ) -> anyhow::Result<StoreStorage> {
        let part = Part {
            object: Arc::clone(&self.object),
            failure: self.failure.clone(),
            offsets: metadata
                .file_infos
                .iter()
                .map(|file| file.offset_in_torrent)
                .collect(),
            begun: Mutex::default(),
        };
        Ok(StoreStorage(Mutex::new(Some(Arc::new(part)))))
    }

    /// The session's own notes refuse every storage but that of plain files; the bitfields among
    /// them are needed, and their content does not depend on the storage.
    fn is_type_id(&self, type_id: TypeId) -> bool {
        type_id == TypeId::of::<FilesystemStorageFactory>() || type_id == TypeId::of::<Self>()
    }

    fn clone_box(&self) -> BoxStorageFactory {
        Self::create_boxed(Arc::clone(&self.object), self.failure.clone())
    }
}

/// One storage; empty after it was taken.
pub(super) struct StoreStorage(Mutex<Option<Arc<Part>>>);

/// What a storage works on.
pub(super) struct Part {
    object: Arc<Object>,
    failure: Failure,
    /// Where each file starts in the torrent.
    offsets: Vec<u64>,
    /// Pieces that were begun here: only they are read before they are checked, to be hashed.
    begun: Mutex<HashSet<u32>>,
}

impl StoreStorage {
    fn part(&self) -> anyhow::Result<Arc<Part>> {
        guard(&self.0).clone().context("the torrent was parked")
    }
}

impl Part {
    fn position(&self, file: usize, offset: u64) -> anyhow::Result<u64> {
        let start = self.offsets.get(file).context("no such file")?;
        start.checked_add(offset).context("offset too large")
    }
}

impl TorrentStorage for StoreStorage {
    fn init(&mut self, _: &ManagedTorrentShared, _: &TorrentMetadata) -> anyhow::Result<()> {
        Ok(())
    }

    fn pread_exact(&self, file: usize, offset: u64, into: &mut [u8]) -> anyhow::Result<()> {
        let part = self.part()?;
        let at = part.position(file, offset)?;
        let layout = part.object.layout();
        for piece in layout.chunks_of(&(at..at + into.len() as u64)) {
            let readable =
                part.object.held(piece) == Held::Checked || guard(&part.begun).contains(&piece);
            if !readable {
                bail!("piece {piece} is not there");
            }
        }
        Ok(part.object.read_exact_at(at, into)?)
    }

    fn pwrite_all(&self, file: usize, offset: u64, bytes: &[u8]) -> anyhow::Result<()> {
        let part = self.part()?;
        let at = part.position(file, offset)?;
        guard(&part.begun).extend(
            part.object
                .layout()
                .chunks_of(&(at..at + bytes.len() as u64)),
        );
        if let Err(error) = part.object.write_at(at, bytes) {
            // The torrent stops with it; whoever waits sees to what can be done.
            let text = error.to_string();
            guard(&part.failure.0).get_or_insert(error);
            bail!("{text}");
        }
        Ok(())
    }

    /// A block that wraps around the receive buffer comes in two parts; joining them costs less
    /// than a second call to the system.
    fn pwrite_all_vectored(
        &self,
        file: usize,
        offset: u64,
        parts: [IoSlice<'_>; 2],
    ) -> anyhow::Result<usize> {
        let [first, second] = &parts;
        match (first.is_empty(), second.is_empty()) {
            (_, true) => self.pwrite_all(file, offset, first)?,
            (true, false) => self.pwrite_all(file, offset, second)?,
            (false, false) => self.pwrite_all(file, offset, &[&**first, &**second].concat())?,
        }
        Ok(first.len() + second.len())
    }

    fn remove_file(&self, _: usize, _: &Path) -> anyhow::Result<()> {
        Ok(())
    }

    fn remove_directory_if_empty(&self, _: &Path) -> anyhow::Result<()> {
        Ok(())
    }

    fn ensure_file_length(&self, _: usize, _: u64) -> anyhow::Result<()> {
        Ok(())
    }

    fn take(&self) -> anyhow::Result<Box<dyn TorrentStorage>> {
        Ok(Box::new(Self(Mutex::new(guard(&self.0).take()))))
    }

    fn on_piece_completed(&self, piece: ValidPieceIndex) -> anyhow::Result<()> {
        let part = self.part()?;
        part.object.mark_checked(piece.get());
        guard(&part.begun).remove(&piece.get());
        Ok(())
    }
}
