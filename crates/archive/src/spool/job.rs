//! One run of a decoder, and who follows it.

use std::{
    cell::Cell,
    collections::HashMap,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, watch},
    task::spawn_blocking,
};
use tokio_util::sync::{CancellationToken, DropGuard};
use universal_p2p_core::{Error, ReadCx, Result};
use universal_p2p_store::Object;

use super::{Context, Recipe, corrupt, guard, sink::Sink};

thread_local! {
    /// Whether this thread decodes: what it waits for must not wait for a decoder that it holds.
    static IS_DECODER: Cell<bool> = const { Cell::new(false) };
}

/// Whether whoever asks is itself a decoder, of an archive within an archive.
pub(super) fn is_within_decoder() -> bool {
    IS_DECODER.get()
}

/// Does a part of a decoder's work on a thread of its own.
#[cfg(feature = "rar")]
pub(crate) fn as_decoder<T>(work: impl FnOnce() -> T) -> T {
    let was_within = IS_DECODER.replace(true);
    let done = work();
    IS_DECODER.set(was_within);
    done
}

/// How a run stands.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Running,
    /// It came to the end, or made place for others.
    Ended,
    Failed(Error),
}

/// What the decoder and its followers know of each other.
pub(super) struct Shared {
    pub(super) object: Arc<Object>,
    /// Bytes decoded so far, whether they were kept or not.
    pub(super) decoded: AtomicU64,
    /// The followers, each with where it is and up to where it may be fetched for.
    followers: Mutex<HashMap<u64, (u64, u64)>>,
    moved: Condvar,
}

impl Shared {
    /// Says where a follower is, and up to where it wants what lies ahead.
    pub(super) fn place(&self, key: u64, at: u64, upto: u64) {
        guard(&self.followers).insert(key, (at, upto));
        self.moved.notify_all();
    }

    fn leave(&self, key: u64) {
        guard(&self.followers).remove(&key);
        self.moved.notify_all();
    }

    /// The places of all followers.
    pub(super) fn places(&self) -> Vec<(u64, u64)> {
        guard(&self.followers).values().copied().collect()
    }

    /// Rests until a follower moves, but not for long.
    pub(super) fn await_move(&self, longest: Duration) {
        let followers = guard(&self.followers);
        let _woken = self.moved.wait_timeout(followers, longest);
    }
}

/// A run of a decoder. It ends when the last who follows it is gone.
pub(super) struct Job {
    pub(super) shared: Arc<Shared>,
    pub(super) outcome: watch::Receiver<Outcome>,
    keys: AtomicU64,
    _end: DropGuard,
}

impl Job {
    /// Starts a decoder on a blocking thread.
    pub(super) fn start(
        recipe: &Arc<Recipe>,
        object: &Arc<Object>,
        cx: &ReadCx,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Arc<Self> {
        let cancel = CancellationToken::new();
        let (tell, outcome) = watch::channel(Outcome::Running);
        let shared = Arc::new(Shared {
            object: Arc::clone(object),
            decoded: AtomicU64::new(0),
            followers: Mutex::default(),
            moved: Condvar::new(),
        });
        let (recipe, followed) = (Arc::clone(recipe), Arc::clone(&shared));
        let context = Context::new(*cx, Handle::current(), cancel.clone(), &recipe.spools.unrar);
        let stop = cancel.clone();
        spawn_blocking(move || {
            let was_within = IS_DECODER.replace(true);
            let result = run(&recipe, &followed, &context, &stop);
            IS_DECODER.set(was_within);
            drop(permit);
            tell.send_replace(match result {
                Ok(()) => Outcome::Ended,
                Err(error) => Outcome::Failed(error),
            });
        });
        Arc::new(Self {
            shared,
            outcome,
            keys: AtomicU64::new(0),
            _end: cancel.drop_guard(),
        })
    }

    /// Whether it still runs and has not got past this byte.
    pub(super) fn may_give(&self, at: u64) -> bool {
        // Closed without a word: the runtime is going down.
        self.outcome.has_changed().is_ok()
            && matches!(*self.outcome.borrow(), Outcome::Running)
            && self.shared.decoded.load(Ordering::Acquire) <= at
    }
}

/// One who follows a run.
#[must_use = "the run ends when nobody follows it"]
pub(super) struct Follow {
    pub(super) job: Arc<Job>,
    key: u64,
}

impl Follow {
    pub(super) fn new(job: Arc<Job>) -> Self {
        let key = job.keys.fetch_add(1, Ordering::Relaxed);
        Self { job, key }
    }

    /// Says where the reader is.
    pub(super) fn place(&self, at: u64, upto: u64) {
        self.job.shared.place(self.key, at, upto);
    }
}

impl Drop for Follow {
    fn drop(&mut self) {
        self.job.shared.leave(self.key);
    }
}

/// Decodes all of it, and says why that failed.
fn run(
    recipe: &Recipe,
    shared: &Shared,
    context: &Context,
    stop: &CancellationToken,
) -> Result<()> {
    let mut sink = Sink::new(&recipe.spools, shared, stop, recipe.length);
    let made = catch_unwind(AssertUnwindSafe(|| (recipe.make)(context, &mut sink)));
    if sink.has_made_place() || stop.is_cancelled() {
        return Ok(());
    }
    if let Some(error) = sink.take_failure() {
        return Err(error);
    }
    let verdict = match made {
        Ok(Ok(())) => match sink.finish() {
            Ok(()) => return Ok(()),
            Err(error) => error,
        },
        Ok(Err(error)) => match context.take_failure() {
            Some(failure) => return Err(failure),
            None if error.kind() == io::ErrorKind::OutOfMemory => recipe.limits.too_much_memory(),
            None => corrupt(error.to_string()),
        },
        Err(_) => {
            return Err(Error::internal(
                "unpacking an entry",
                "the decoder broke off",
            ));
        }
    };
    // What was decoded up to here may be wrong too, and nobody can tell.
    recipe.spools.failures.note(&recipe.item.id, &verdict);
    Err(verdict)
}
