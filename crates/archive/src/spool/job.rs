//! One run of a decoder, and who follows it.

use std::{
    collections::HashMap,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
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
use crate::memory::{Chain, Lack, Ration};

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
    /// Whether the decoder waits for memory.
    pub(super) is_waiting: Arc<AtomicBool>,
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
    /// Whether it was started for another decoder, and so does not wait for memory that that has.
    pub(super) is_within: bool,
    keys: AtomicU64,
    _end: DropGuard,
}

impl Job {
    /// Starts a decoder on a blocking thread.
    pub(super) fn start(
        recipe: &Arc<Recipe>,
        object: &Arc<Object>,
        cx: &ReadCx,
        (permit, chain): (Option<OwnedSemaphorePermit>, Option<Arc<Chain>>),
    ) -> Arc<Self> {
        let cancel = CancellationToken::new();
        let (tell, outcome) = watch::channel(Outcome::Running);
        let is_within = chain.is_some();
        let memory = &recipe.spools.memory;
        let ration = Ration::new(memory, chain, cx.first_byte, cancel.clone());
        let shared = Arc::new(Shared {
            is_waiting: Arc::clone(ration.is_waiting()),
            object: Arc::clone(object),
            decoded: AtomicU64::new(0),
            followers: Mutex::default(),
            moved: Condvar::new(),
        });
        let (recipe, followed) = (Arc::clone(recipe), Arc::clone(&shared));
        let (runtime, program) = (Handle::current(), &recipe.spools.unrar);
        let context = Context::new(*cx, runtime, cancel.clone(), ration, program);
        let stop = cancel.clone();
        spawn_blocking(move || {
            let result = run(&recipe, &followed, context, &stop);
            drop(permit);
            tell.send_replace(match result {
                Ok(()) => Outcome::Ended,
                Err(error) => Outcome::Failed(error),
            });
        });
        Arc::new(Self {
            shared,
            outcome,
            is_within,
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

/// Why a decoder broke off.
enum Break {
    /// It came to nothing that says anything about what it decodes.
    Failed(Error),
    /// What it decodes is not right.
    Wrong(Error),
    /// It needs more memory than it had.
    TooLittle,
}

/// Decodes all of it, more than once where it lacked something, and says why that failed.
fn run(
    recipe: &Recipe,
    shared: &Shared,
    mut context: Context,
    stop: &CancellationToken,
) -> Result<()> {
    loop {
        let Err(why) = attempt(recipe, shared, &context, stop) else {
            return Ok(());
        };
        let lack = match &why {
            Break::Failed(Error::Busy { .. }) => Some(Lack::Turn),
            Break::TooLittle => Some(Lack::Memory),
            Break::Failed(_) | Break::Wrong(_) => None,
        };
        if let Some(again) = lack.and_then(|lack| context.again(lack)) {
            context = again;
            continue;
        }
        let verdict = match why {
            Break::Failed(Error::Busy { .. }) if context.ration().is_hopeless() => {
                recipe.limits.too_much_memory()
            }
            Break::Failed(error) => return Err(error),
            Break::Wrong(error) => error,
            Break::TooLittle => recipe.limits.too_much_memory(),
        };
        // What was decoded up to here may be wrong too, and nobody can tell.
        recipe.spools.failures.note(&recipe.item.id, &verdict);
        return Err(verdict);
    }
}

/// Decodes all of it once.
fn attempt(
    recipe: &Recipe,
    shared: &Shared,
    context: &Context,
    stop: &CancellationToken,
) -> Result<(), Break> {
    let mut sink = Sink::new(&recipe.spools, shared, stop, recipe.length);
    let make = AssertUnwindSafe(|| (recipe.make)(context, &mut sink));
    let made = catch_unwind(|| context.ration().within(make));
    if sink.has_made_place() || stop.is_cancelled() {
        return Ok(());
    }
    if let Some(error) = sink.take_failure() {
        return Err(Break::Failed(error));
    }
    match made {
        Ok(Ok(())) => sink.finish().map_err(Break::Wrong),
        Ok(Err(error)) => Err(match context.take_failure() {
            Some(failure) => Break::Failed(failure),
            None if error.kind() == io::ErrorKind::OutOfMemory => Break::TooLittle,
            None => Break::Wrong(corrupt(error.to_string())),
        }),
        Err(_) => Err(Break::Failed(Error::internal(
            "unpacking an entry",
            "the decoder broke off",
        ))),
    }
}
