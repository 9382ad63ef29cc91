//! The data directory: who owns it, its objects, its small documents, and the thread that syncs.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use bytes::Bytes;
use tokio::task::spawn_blocking;
use universal_p2p_core::{Item, Site};

use crate::{
    Check, Layout, Lease, Object, OpenError,
    buffers::Buffers,
    dirty::Dirty,
    index::{Health, Index},
    ledger::{Ledger, Use},
    object::Start,
};

/// Tells files that are being written apart.
static PARTIAL: AtomicU64 = AtomicU64::new(0);

/// How often is looked for what is due.
const SETTLE_EVERY: Duration = Duration::from_secs(1);

/// The data directory of one agent.
pub struct Store {
    folder: PathBuf,
    index: Index,
    unclean_stops: u64,
    objects: Mutex<HashMap<Item, Weak<Object>>>,
    dirty: Dirty,
    settling: Mutex<()>,
    ledger: Ledger,
    buffers: Buffers,
    stopper: Mutex<Option<mpsc::Sender<()>>>,
    _lock: File,
}

impl Store {
    /// Opens a data directory, or makes one. It belongs to this store until it is dropped.
    ///
    /// # Errors
    /// [`OpenError::InUse`] where another agent has it, [`OpenError::Unusable`] where it cannot be written.
    pub fn open(folder: &Path) -> Result<Arc<Self>, OpenError> {
        for part in ["objects", "metadata"] {
            let path = folder.join(part);
            fs::create_dir_all(&path).map_err(OpenError::at(path))?;
        }
        let lock = lock(folder)?;
        let (index, health) = Index::open(&folder.join("index"))?;
        let unclean = folder.join("unclean");
        let broken = |error| OpenError::at(folder.join("index"))(error);
        if health == Health::Rebuilt || unclean.exists() {
            tracing::info!(
                "the last stop was not clean: what is on disk is hashed again before it is served"
            );
            index.count_unclean_stop().map_err(broken)?;
        }
        let unclean_stops = index.unclean_stops().map_err(broken)?;
        File::create(&unclean)
            .and_then(|mark| mark.sync_all())
            .map_err(OpenError::at(unclean))?;
        let (stopper, stopped) = mpsc::channel();
        let store = Arc::new(Self {
            folder: folder.to_owned(),
            index,
            unclean_stops,
            objects: Mutex::default(),
            dirty: Dirty::default(),
            settling: Mutex::default(),
            ledger: Ledger::default(),
            buffers: Buffers::default(),
            stopper: Mutex::new(Some(stopper)),
            _lock: lock,
        });
        let weak = Arc::downgrade(&store);
        let settler = thread::Builder::new().name("store".into());
        settler
            .spawn(move || settle_regularly(&weak, &stopped))
            .map_err(OpenError::at(folder))?;
        Ok(store)
    }

    /// The object of an item, opened or made. Everybody who asks for the same item gets the same one.
    ///
    /// Blocks on the disk for a moment.
    ///
    /// # Errors
    /// What the file system says; [`io::ErrorKind::InvalidInput`] where the item is open with another layout.
    pub fn object(
        self: &Arc<Self>,
        item: &Item,
        layout: Layout,
        check: Check,
    ) -> io::Result<Arc<Object>> {
        let mut objects = guard(&self.objects);
        if let Some(open) = objects.get(item).and_then(Weak::upgrade) {
            return if open.layout() == layout {
                Ok(open)
            } else {
                Err(io::ErrorKind::InvalidInput.into())
            };
        }
        let folder = self.folder.join("objects").join(item.protocol);
        fs::create_dir_all(&folder)?;
        let path = folder.join(item.id.as_str());
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        let trusted = self.index.is_trusted(item, self.unclean_stops)?;
        let sound = trusted && file.metadata()?.len() == layout.length();
        file.set_len(layout.length())?;
        let start = Start {
            item: item.clone(),
            layout,
            file,
            check,
            buffers: self.buffers.clone(),
            store: Arc::downgrade(self),
        };
        let object = if sound {
            Object::trusted(start, &self.index.pages(item)?)
        } else {
            Object::suspect(start)
        };
        let object = Arc::new(object);
        if !sound {
            self.dirty.mark(&object);
        }
        objects.retain(|_, open| open.strong_count() > 0);
        objects.insert(item.clone(), Arc::downgrade(&object));
        Ok(object)
    }

    /// Keeps a small document of an item, such as its metadata, until the item is removed.
    ///
    /// # Errors
    /// What the file system says.
    pub async fn keep_document(&self, item: &Item, kind: &str, bytes: Bytes) -> io::Result<()> {
        let path = self.document_path(item, kind);
        let write = move || {
            let folder = path.parent().ok_or(io::ErrorKind::NotFound)?;
            fs::create_dir_all(folder)?;
            // Two may keep the same document at the same moment.
            let number = PARTIAL.fetch_add(1, Ordering::Relaxed);
            let partial = path.with_extension(format!("{number}.partial"));
            let mut file = File::create(&partial)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::rename(&partial, &path)?;
            File::open(folder)?.sync_all()
        };
        spawn_blocking(write).await.map_err(io::Error::other)?
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

    /// Notes that a site reads an item, for as long as the lease lives.
    pub fn lease(self: &Arc<Self>, item: Item, site: Site) -> Lease {
        Lease::new(Arc::clone(self), item, site)
    }

    /// A folder for files that a backend's library keeps by itself; it counts as the agent's own.
    ///
    /// # Errors
    /// What the file system says.
    pub fn scratch(&self, protocol: &str) -> io::Result<PathBuf> {
        let folder = self.folder.join("state").join(protocol);
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// Syncs the data of everything that arrived, then writes the index and syncs that.
    ///
    /// # Errors
    /// What the file system or the index says; what could not be written is tried again later.
    pub fn settle(&self) -> io::Result<()> {
        self.settle_objects(true)
    }

    fn settle_objects(&self, all: bool) -> io::Result<()> {
        let _one_at_a_time = guard(&self.settling);
        let uses = self.ledger.take();
        let objects = self.dirty.take(all);
        if objects.is_empty() && uses.is_empty() {
            return Ok(());
        }
        let mut failed = Ok(());
        for object in objects {
            if let Err(error) = self.settle_object(&object) {
                self.dirty.mark(&object);
                failed = Err(error);
            }
        }
        for ((item, site), fresh) in uses {
            self.index.add_use(&item, &site, fresh)?;
        }
        self.index.settle().and(failed)
    }

    fn settle_object(&self, object: &Object) -> io::Result<()> {
        object.sync_pages(|page, bits| self.index.set_page(object.item(), page, bits))?;
        if object.is_settled() {
            self.index.trust(object.item(), self.unclean_stops)?;
        }
        Ok(())
    }

    /// Ends the store in order: everything is synced, and the next start trusts the index.
    ///
    /// Nothing may be written after it. Blocks on the disk.
    ///
    /// # Errors
    /// What the file system or the index says; the next start then hashes what it finds.
    pub fn close(&self) -> io::Result<()> {
        guard(&self.stopper).take();
        self.settle()?;
        fs::remove_file(self.folder.join("unclean"))
    }

    pub(crate) fn mark_dirty(&self, object: &Arc<Object>) {
        self.dirty.mark(object);
    }

    pub(crate) fn book(&self, item: Item, site: Site, fresh: Use) {
        self.ledger.add(item, site, fresh);
    }

    fn document_path(&self, item: &Item, kind: &str) -> PathBuf {
        self.folder
            .join("metadata")
            .join(item.protocol)
            .join(format!("{}.{kind}", item.id))
    }
}

/// Takes the data directory for this process.
fn lock(folder: &Path) -> Result<File, OpenError> {
    let path = folder.join("lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path);
    let file = file.map_err(OpenError::at(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse {
            path: folder.to_owned(),
        }),
        Err(TryLockError::Error(cause)) => Err(OpenError::Unusable { path, cause }),
    }
}

fn settle_regularly(store: &Weak<Store>, stopped: &mpsc::Receiver<()>) {
    while stopped.recv_timeout(SETTLE_EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
        let Some(store) = store.upgrade() else { return };
        if let Err(error) = store.settle_objects(false) {
            tracing::error!(%error, "the index on disk is behind; it is tried again in a second");
        }
    }
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
