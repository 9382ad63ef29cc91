//! What is known of names, and for how long.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::{
    sync::{Mutex as AsyncMutex, OwnedMutexGuard},
    time::Instant,
};

use super::{Name, lead::Lead};

/// The most names that are remembered.
const MOST: usize = 1024;

/// A name is not looked up again sooner, even where its publisher asks for it: a player sends many
/// requests a second.
const SHORTEST: Duration = Duration::from_secs(5);

/// How long a name is followed that cannot be looked up any more.
const STALE: Duration = Duration::from_secs(24 * 3600);

/// Where a name leads, and how long that stays true.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) lead: Arc<Lead>,
    /// What its publisher says.
    pub(super) fresh_until: Instant,
    /// It is not to be used after this.
    pub(super) good_until: Instant,
}

impl Answer {
    /// One that is good for this long at most.
    pub(super) fn new(lead: Lead, ttl: Duration, good_for: Option<Duration>) -> Self {
        let now = Instant::now();
        let good_for = good_for.map_or(STALE.max(ttl), |good| good.min(STALE.max(ttl)));
        Self {
            lead: Arc::new(lead),
            fresh_until: now + ttl.min(good_for),
            good_until: now + good_for,
        }
    }

    /// For how long nobody needs to look again.
    pub(super) fn fresh_for(&self, now: Instant) -> Duration {
        self.fresh_until.saturating_duration_since(now)
    }
}

/// All names that were looked up lately.
#[derive(Debug, Default)]
pub(super) struct Known {
    answers: Mutex<HashMap<Name, (Answer, Instant)>>,
    /// Names that are being looked up: once at a time.
    busy: Mutex<HashMap<Name, Weak<AsyncMutex<()>>>>,
}

impl Known {
    /// What need not be looked up again.
    pub(super) fn fresh(&self, name: &Name) -> Option<Answer> {
        let now = Instant::now();
        let answers = lock(&self.answers);
        let (answer, looked_up) = answers.get(name)?;
        let is_fresh = now < answer.fresh_until || now < *looked_up + SHORTEST;
        (is_fresh && now < answer.good_until).then(|| answer.clone())
    }

    /// What was good when it was last looked up, and may still be used where it cannot be again.
    pub(super) fn last(&self, name: &Name) -> Option<Answer> {
        let answers = lock(&self.answers);
        let (answer, _) = answers.get(name)?;
        (Instant::now() < answer.good_until).then(|| answer.clone())
    }

    pub(super) fn put(&self, name: &Name, answer: Answer) {
        let now = Instant::now();
        let mut answers = lock(&self.answers);
        if answers.len() >= MOST {
            answers.retain(|_, (answer, _)| now < answer.fresh_until);
        }
        if answers.len() >= MOST {
            answers.clear();
        }
        answers.insert(name.clone(), (answer, now));
    }

    pub(super) fn forget(&self, name: &Name) {
        lock(&self.answers).remove(name);
    }

    /// Waits until nobody else looks this name up.
    pub(super) async fn turn(&self, name: &Name) -> OwnedMutexGuard<()> {
        let turn = {
            let mut busy = lock(&self.busy);
            match busy.get(name).and_then(Weak::upgrade) {
                Some(turn) => turn,
                None => {
                    busy.retain(|_, turn| turn.strong_count() > 0);
                    let turn = Arc::default();
                    busy.insert(name.clone(), Arc::downgrade(&turn));
                    turn
                }
            }
        };
        turn.lock_owned().await
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
