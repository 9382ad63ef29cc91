//! The data directory: who owns it, its objects, and the threads that sync, count and collect.

mod ballast;
mod busy;
mod documents;
mod removal;
mod settling;
mod telling;
mod walk;
mod watching;

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64},
        mpsc,
    },
    thread,
};

use universal_p2p_core::{Item, Site};

use crate::{
    Check, Layout, Lease, Object, OpenError, Policy,
    blocks::OpenBlocks,
    buffers::Buffers,
    catalog::Catalog,
    clock, collect,
    dirty::Dirty,
    gauge::{Charge, Gauge},
    history::History,
    index::{Health, Index},
    ledger::Ledger,
    object::Start,
    pins::Pins,
    recency::Run,
    window::{Allowance, Windows},
};

pub(crate) use busy::Busy;
pub use removal::RemoveError;

/// How much may be on disk, and who goes first.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The most that may be allocated under the data directory, in bytes.
    pub limit: u64,
    /// What has to stay free on its file system, in bytes.
    pub keep_free: u64,
    /// Who goes first.
    pub policy: Policy,
}

/// The data directory of one agent.
pub struct Store {
    folder: PathBuf,
    pub(crate) index: Index,
    unclean_stops: u64,
    pub(crate) gauge: Arc<Gauge>,
    pub(crate) catalog: Catalog,
    pub(crate) policy: Policy,
    pins: Pins,
    /// The index and other files that are nobody's.
    own: Charge,
    allowance: Arc<Allowance>,
    objects: Mutex<HashMap<Item, Weak<Object>>>,
    busy: Mutex<HashSet<Item>>,
    idle: Condvar,
    dirty: Dirty,
    settling: Mutex<()>,
    booking: Mutex<()>,
    collecting: Mutex<()>,
    documents_changed: AtomicBool,
    /// How often the index had lost something when all rows were last written.
    losses: AtomicU64,
    floor: Mutex<f64>,
    pub(crate) history: History,
    pub(crate) ledger: Arc<Ledger>,
    buffers: Buffers,
    pub(crate) open_blocks: OpenBlocks,
    stopper: Mutex<Option<mpsc::Sender<()>>>,
    _lock: File,
}

impl Store {
    /// Opens a data directory, or makes one. It belongs to this store until it is dropped.
    ///
    /// What is on disk is counted on a thread of its own: it can be read at once, and nothing is
    /// written before the count is done.
    ///
    /// # Errors
    /// [`OpenError::InUse`] where another agent has it, [`OpenError::Unusable`] where it cannot be written.
    pub fn open(folder: &Path, settings: Settings) -> Result<Arc<Self>, OpenError> {
        for part in ["objects", "metadata"] {
            let path = folder.join(part);
            fs::create_dir_all(&path).map_err(OpenError::at(path))?;
        }
        let lock = lock(folder)?;
        ballast::drop_if_sinking(folder);
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
        let gauge = Gauge::new(folder.to_owned(), settings.limit, settings.keep_free)
            .map_err(OpenError::at(folder))?;
        let pins = Pins::open(folder, &index).map_err(OpenError::at(folder))?;
        let rows = index.items().map_err(broken)?;
        let (stopper, stopped) = mpsc::channel();
        let store = Arc::new(Self {
            folder: folder.to_owned(),
            unclean_stops,
            catalog: Catalog::new(&gauge, rows, &pins.all()),
            policy: settings.policy,
            pins,
            own: Charge::none(&gauge),
            gauge,
            allowance: Arc::default(),
            objects: Mutex::default(),
            busy: Mutex::default(),
            idle: Condvar::new(),
            dirty: Dirty::default(),
            settling: Mutex::default(),
            booking: Mutex::default(),
            collecting: Mutex::default(),
            documents_changed: AtomicBool::new(true),
            losses: AtomicU64::new(0),
            floor: Mutex::new(index.floor().map_err(broken)?),
            index,
            history: History::default(),
            ledger: Arc::default(),
            buffers: Buffers::default(),
            open_blocks: OpenBlocks::default(),
            stopper: Mutex::new(Some(stopper)),
            _lock: lock,
        });
        let (settled, counted, collected) = (
            Arc::downgrade(&store),
            Arc::downgrade(&store),
            Arc::downgrade(&store),
        );
        store.start("store-settle", move || {
            settling::settle_regularly(&settled, &stopped);
        })?;
        store.start("store-count", move || walk::count(&counted))?;
        store.start("store-collect", move || {
            collect::collect_regularly(&collected);
        })?;
        Ok(store)
    }

    fn start(&self, name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), OpenError> {
        let thread = thread::Builder::new().name(name.into());
        thread.spawn(work).map_err(OpenError::at(&self.folder))?;
        Ok(())
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
        // Whoever frees chunks of it without opening it has to be done first.
        let _busy = self.wait_busy(item);
        let mut objects = guard(&self.objects);
        if let Some(open) = objects.get(item).and_then(Weak::upgrade) {
            return if open.layout() == layout {
                Ok(open)
            } else {
                Err(io::ErrorKind::InvalidInput.into())
            };
        }
        let path = self.object_path(item);
        fs::create_dir_all(path.parent().ok_or(io::ErrorKind::NotFound)?)?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        let trusted = self.index.is_trusted(item, self.unclean_stops)?;
        let found = file.metadata()?.len();
        let sound = trusted && found == layout.file_length(found);
        file.set_len(layout.file_length(found))?;
        let (charge, runs) = self.catalog.with(item, |entry| {
            if entry.layout != Some(layout) {
                entry.layout = Some(layout);
                entry.changed();
            }
            entry.came_at(clock::stamp());
            (Arc::clone(&entry.charge), entry.runs.to_vec())
        });
        let start = Start {
            item: item.clone(),
            layout,
            file,
            check,
            buffers: self.buffers.clone(),
            windows: Windows::new(Arc::clone(&self.allowance)),
            charge,
            gauge: Arc::clone(&self.gauge),
            runs,
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

    /// Notes that a site reads an item, for as long as the lease lives.
    pub fn lease(self: &Arc<Self>, item: Item, site: Site) -> Lease {
        // Only what is on disk: ids that nobody has are not noted, whoever asks for them.
        self.catalog
            .look(&item, |entry| entry.last = clock::stamp());
        Lease::new(Arc::clone(&self.ledger), item, site)
    }

    /// Keeps an item's own name for whoever looks at what is on disk. It is hostile text.
    pub fn describe(&self, item: &Item, name: &str) {
        let name = &name[..name.floor_char_boundary(LONGEST_NAME)];
        self.catalog.with(item, |entry| {
            if entry.name.as_deref() != Some(name) && !name.is_empty() {
                entry.name = Some(name.into());
                entry.changed();
            }
        });
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

    /// Ends the store in order: everything is synced, and the next start trusts the index.
    ///
    /// Nothing may be written after it. Blocks on the disk.
    ///
    /// # Errors
    /// What the file system or the index says; the next start then hashes what it finds.
    pub fn close(&self) -> io::Result<()> {
        self.gauge.stop();
        guard(&self.stopper).take();
        let _last = self.one_collection();
        self.settle()?;
        self.index.seal()?;
        fs::remove_file(self.folder.join("unclean"))
    }

    pub(crate) fn mark_dirty(&self, object: &Arc<Object>) {
        self.dirty.mark(object);
    }

    pub(crate) fn book_fetched(&self, item: &Item, bytes: u64) {
        self.ledger.fetch(item, bytes);
    }

    /// An object is closed; what is known of when it was used stays.
    pub(crate) fn closed(&self, item: &Item, runs: Vec<Run>) {
        self.catalog.look(item, |entry| entry.set_runs(runs));
    }

    /// The objects that somebody has open.
    pub(crate) fn open_objects(&self) -> HashMap<Item, Arc<Object>> {
        let objects = guard(&self.objects);
        let open = objects
            .iter()
            .filter_map(|(item, object)| Some((item.clone(), object.upgrade()?)));
        open.collect()
    }

    pub(crate) fn one_collection(&self) -> MutexGuard<'_, ()> {
        guard(&self.collecting)
    }

    /// What went scored so much: whatever is used from now on stands above it.
    pub(crate) fn raise_floor(&self, score: f64) {
        let mut floor = guard(&self.floor);
        *floor = floor.max(score);
    }

    pub(crate) fn object_path(&self, item: &Item) -> PathBuf {
        let objects = self.folder.join("objects");
        objects.join(item.protocol).join(item.id.as_str())
    }
}

/// The longest name of an item that is kept, in bytes.
const LONGEST_NAME: usize = 255;

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

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
