//! Entries that can only be decoded from the start: once, forwards, to disk, where readers follow.
//!
//! ```text
//! Slice::open ─ held in the store? ─ yes → read
//!                     └ no → join or start the Job of the Recipe ─ blocking thread:
//!                            make(context, sink) ─ 1 MiB chunks → Object → arrival → read
//! ```
//! What is decoded is an object of the store like any other: it has room there, it is given up when
//! it was not used for long, and it is decoded again when somebody wants it after that. A job ends
//! when nobody follows it. How far it may be ahead of its readers is bounded unless there is plenty
//! of room.

mod context;
#[cfg(feature = "tar")]
mod early;
mod job;
mod reader;
mod sink;
#[cfg(any(feature = "seven", feature = "tar", feature = "zip"))]
mod unpack;
mod what;
#[cfg(feature = "zip")]
mod zip;

use std::{
    collections::HashMap,
    ffi::OsString,
    io::{self, Write},
    ops::Range,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Semaphore, task::spawn_blocking};
use universal_p2p_core::{ByteStream, Error, Id, Item, ReadCx, Result};
use universal_p2p_store::{Layout, Object, Store};

#[cfg(feature = "zip")]
use crate::inflate::Shelf;
use crate::{failures::Failures, index::State, limits::Limits, memory::Memory};
use job::Job;

pub(crate) use context::Context;
#[cfg(feature = "tar")]
pub(crate) use early::Early;
pub(crate) use what::What;
#[cfg(feature = "zip")]
pub(crate) use zip::{ZipEntry, zip_recipe};

/// Bytes in a chunk: what is given up and decoded again at a time.
const CHUNK: u64 = 1 << 20;

/// Bytes of memory for checkpoints of streams that can be entered at them.
#[cfg(feature = "zip")]
const CHECKPOINTS: usize = 64 << 20;

/// How many may wait until a decoder is free.
const MOST_WAITING: usize = 64;

/// A wait may be this many times as long as its limit while it gets on: what lies far from the start
/// takes long, and nothing waits for ever.
pub(crate) const PATIENCE: u32 = 20;

/// Up to here an entry may be as well packed as it likes, in bytes.
const UNSUSPICIOUS: u64 = 256 << 20;

/// Beyond that, nobody packs so well who means to be unpacked.
const MOST_RATIO: u64 = 1000;

/// How an entry is decoded: everything in order into the writer, on a blocking thread.
///
/// An error of the writer has to be handed on at once: it means that nobody wants any more.
pub(crate) type Make = Box<dyn Fn(&Context, &mut dyn Write) -> io::Result<()> + Send + Sync>;

/// Where everything is decoded to, and how many do it at a time.
pub struct Spools {
    store: Arc<Store>,
    decoders: Arc<Semaphore>,
    memory: Arc<Memory>,
    #[cfg(feature = "zip")]
    shelf: Arc<Shelf>,
    waiting: AtomicUsize,
    /// The jobs that run, by the id of what they decode; several where readers are far apart.
    jobs: Mutex<HashMap<Id, Vec<Weak<Job>>>>,
    /// The command line of another decoder for RAR; empty where there is none.
    unrar: Arc<[OsString]>,
    /// What could not be decoded a moment ago.
    failures: Failures<Id>,
}

impl Spools {
    /// Decodes into a store, with so many decoders at a time that take so many bytes of memory together.
    #[must_use]
    pub fn new(store: Arc<Store>, decoders: usize, memory: u64) -> Arc<Self> {
        Self::with_unrar(store, decoders, memory, &[])
    }

    /// The same with a program for what is packed in ways of RAR that are not known here.
    #[must_use]
    pub fn with_unrar(
        store: Arc<Store>,
        decoders: usize,
        memory: u64,
        program: &[OsString],
    ) -> Arc<Self> {
        Arc::new(Self {
            unrar: program.into(),
            decoders: Arc::new(Semaphore::new(decoders.max(1))),
            memory: Memory::new(memory),
            #[cfg(feature = "zip")]
            shelf: Shelf::new(CHECKPOINTS, Some(Arc::clone(&store))),
            store,
            waiting: AtomicUsize::new(0),
            jobs: Mutex::default(),
            failures: Failures::default(),
        })
    }

    /// Where it is decoded to.
    pub(crate) fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// What all decoders share.
    #[cfg(any(test, feature = "seven", feature = "tar"))]
    pub(crate) fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    /// Where the checkpoints of all streams are.
    #[cfg(feature = "zip")]
    pub(crate) fn shelf(&self) -> &Arc<Shelf> {
        &self.shelf
    }

    /// Whether anybody waits for what a decoder has.
    fn has_waiting(&self) -> bool {
        self.waiting.load(Ordering::Acquire) > 0 || self.memory.has_waiting()
    }

    fn jobs(&self) -> MutexGuard<'_, HashMap<Id, Vec<Weak<Job>>>> {
        guard(&self.jobs)
    }

    /// Takes a place among those who wait for a decoder.
    fn queue(self: &Arc<Self>) -> Result<Place> {
        let place = Place(Arc::clone(self));
        if self.waiting.fetch_add(1, Ordering::AcqRel) >= MOST_WAITING {
            return Err(Error::Busy {
                what: "too many entries of archives are waiting to be unpacked".into(),
                retry_after: Duration::from_secs(5),
            });
        }
        Ok(place)
    }
}

/// A place in the queue for a decoder.
#[must_use = "the place is free when it is dropped"]
struct Place(Arc<Spools>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

/// How something is decoded, and what is known of it.
pub(crate) struct Recipe {
    spools: Arc<Spools>,
    item: Item,
    layout: Layout,
    length: u64,
    limits: Limits,
    make: Make,
    /// Whether the store knows what it is called.
    named: OnceLock<()>,
}

impl Recipe {
    /// Says how something is decoded, and does nothing yet.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where more comes out than the limits let through, [`Error::Corrupt`]
    /// where it is packed better than anything honest.
    pub(crate) fn new(
        spools: &Arc<Spools>,
        what: &What<'_>,
        limits: &Limits,
        make: Make,
    ) -> Result<Arc<Self>> {
        match state(what.length, what.packed, limits) {
            State::TooLong => return Err(limits.too_long_entry()),
            State::Bomb => return Err(corrupt("it is packed better than anything can be")),
            _ => {}
        }
        Ok(Arc::new(Self {
            spools: Arc::clone(spools),
            item: what.item()?,
            layout: what.layout()?,
            length: what.length,
            limits: limits.clone(),
            make,
            named: OnceLock::new(),
        }))
    }

    /// Bytes that come out.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Its object in the store.
    async fn object(&self) -> Result<Arc<Object>> {
        let (store, item, layout) = (
            Arc::clone(&self.spools.store),
            self.item.clone(),
            self.layout,
        );
        let opened = spawn_blocking(move || opened(&store, &item, layout)).await;
        let opened = opened.map_err(|error| Error::internal("opening what is unpacked", error))?;
        opened.map_err(|error| disk_error("opening what is unpacked", error))
    }
}

/// A part of what comes out of a recipe: an entry, of which several may be packed together.
#[derive(Clone)]
pub(crate) struct Slice {
    recipe: Arc<Recipe>,
    within: Range<u64>,
}

impl Slice {
    /// All of it.
    #[cfg(feature = "zip")]
    pub(crate) fn whole(recipe: &Arc<Recipe>) -> Self {
        Self {
            within: 0..recipe.length(),
            recipe: Arc::clone(recipe),
        }
    }

    /// A part of it.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where it does not lie within.
    #[cfg(any(feature = "rar", feature = "seven", feature = "tar"))]
    pub(crate) fn part(recipe: &Arc<Recipe>, within: Range<u64>) -> Result<Self> {
        if within.start > within.end || within.end > recipe.length() {
            return Err(corrupt(
                "an entry lies past the end of what it is packed in",
            ));
        }
        Ok(Self {
            within,
            recipe: Arc::clone(recipe),
        })
    }

    /// Names it by its entry for whoever looks at what is on disk; once, and by the first that is read
    /// where several are packed together.
    pub(crate) fn describe(&self, entry: &str) {
        let recipe = &self.recipe;
        recipe.named.get_or_init(|| {
            let is_whole = self.within == (0..recipe.length());
            let others = if is_whole { "" } else { " and others" };
            let name = format!("{entry}{others} (unpacked)");
            recipe.spools.store.describe(&recipe.item, &name);
        });
    }

    /// Opens a range of it, counted from its own start, and waits for the first byte.
    ///
    /// # Errors
    /// [`Error::Busy`] where too many wait for a decoder, [`Error::NoSpace`] where nothing can go,
    /// [`Error::Corrupt`] for what cannot be decoded, and whatever kept the packed bytes away.
    pub(crate) async fn open(&self, range: Range<u64>, cx: &ReadCx) -> Result<ByteStream> {
        let place = |at: u64| self.within.start.saturating_add(at).min(self.within.end);
        reader::open(&self.recipe, place(range.start)..place(range.end), cx).await
    }
}

/// Whether so many bytes are unpacked from so many others, and why not.
pub(crate) fn state(length: u64, packed: u64, limits: &Limits) -> State {
    if length > limits.decoded_entry {
        State::TooLong
    } else if length > most_from(packed) {
        State::Bomb
    } else {
        State::Ready
    }
}

/// The most that may honestly come out of so many bytes.
pub(crate) fn most_from(packed: u64) -> u64 {
    packed.saturating_mul(MOST_RATIO).max(UNSUSPICIOUS)
}

/// The object of what is decoded. Blocks on the disk.
fn opened(store: &Arc<Store>, item: &Item, layout: Layout) -> io::Result<Arc<Object>> {
    // There is no hash to check it by: after an unclean stop it is decoded again.
    store.object(item, layout, Arc::new(|_, _| false))
}

fn corrupt(why: impl Into<String>) -> Error {
    Error::Corrupt {
        what: format!("an entry of the archive: {}", why.into()),
    }
}

/// An I/O error on the own disk as what its reader can do about it.
fn disk_error(doing: &'static str, error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::NoSpace {
            why: "the disk is full; free some space and try again".into(),
        },
        _ => Error::internal(doing, error),
    }
}

/// What a reader gets whose entry was removed from the disk.
fn removed() -> Error {
    Error::NotFound {
        what: "such entry any more: it was removed while it was read".into(),
    }
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
