//! What goes on below each root: who looks and reads, how fast it comes, what went wrong last.

mod rate;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use cid::Cid;
use futures_util::{StreamExt, stream};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use universal_p2p_core::{ByteStream, Error, Result};

use rate::Rate;

/// How many roots are remembered of which nobody wants anything.
const REMEMBERED: usize = 1024;

/// All roots of which anything is or was wanted lately.
#[derive(Default)]
pub(crate) struct Activities(Mutex<HashMap<Cid, Activity>>);

struct Activity {
    finding: usize,
    reading: usize,
    rate: Rate,
    last_error: Option<String>,
    /// Cancelled when the root is removed.
    gone: CancellationToken,
    used: Instant,
}

/// What is told of a root.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Vitals {
    /// Whether it is looked for.
    pub(crate) is_sought: bool,
    /// Whether somebody reads it.
    pub(crate) is_read: bool,
    /// Bytes per second that come from others.
    pub(crate) speed: u64,
    /// Why it failed last, if it did since it last went well.
    pub(crate) last_error: Option<String>,
}

impl Activities {
    /// Somebody looks for a root, for as long as the value is held.
    pub(crate) fn find(self: &Arc<Self>, root: Cid) -> At {
        self.begin(root, |activity| &mut activity.finding)
    }

    /// Somebody reads below a root, for as long as the value is held.
    pub(crate) fn read(self: &Arc<Self>, root: Cid) -> At {
        self.begin(root, |activity| &mut activity.reading)
    }

    fn begin(self: &Arc<Self>, root: Cid, count: fn(&mut Activity) -> &mut usize) -> At {
        let gone = self.with(&root, |activity| {
            *count(activity) += 1;
            activity.gone.clone()
        });
        At {
            activities: Arc::clone(self),
            root,
            count,
            gone,
        }
    }

    /// A block of so many bytes came from others.
    pub(crate) fn came(&self, root: &Cid, bytes: usize) {
        let now = Instant::now();
        self.with(root, |activity| activity.rate.add(now, bytes as u64));
    }

    /// Ends all reads below a root: it was removed.
    pub(crate) fn remove(&self, root: &Cid) {
        if let Some(activity) = self.all().get_mut(root) {
            activity.last_error = None;
            // Who comes later reads anew.
            std::mem::take(&mut activity.gone).cancel();
        }
    }

    /// What is known of a root.
    pub(crate) fn look(&self, root: &Cid) -> Vitals {
        let now = Instant::now();
        let mut all = self.all();
        let vitals = all.get_mut(root).map(|activity| Vitals {
            is_sought: activity.finding > 0,
            is_read: activity.reading > 0,
            speed: activity.rate.speed(now),
            last_error: activity.last_error.clone(),
        });
        vitals.unwrap_or_default()
    }

    fn with<T>(&self, root: &Cid, act: impl FnOnce(&mut Activity) -> T) -> T {
        let now = Instant::now();
        let mut all = self.all();
        if all.len() >= REMEMBERED && !all.contains_key(root) {
            let idle = |activity: &Activity| activity.finding + activity.reading == 0;
            let idle = all.iter().filter(|(_, activity)| idle(activity));
            let oldest = idle.min_by_key(|(_, activity)| activity.used);
            if let Some(oldest) = oldest.map(|(root, _)| *root) {
                all.remove(&oldest);
            }
        }
        let activity = all.entry(*root).or_insert_with(|| Activity {
            finding: 0,
            reading: 0,
            rate: Rate::new(now),
            last_error: None,
            gone: CancellationToken::new(),
            used: now,
        });
        activity.used = now;
        act(activity)
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Cid, Activity>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody is at work on a root.
pub(crate) struct At {
    activities: Arc<Activities>,
    root: Cid,
    count: fn(&mut Activity) -> &mut usize,
    gone: CancellationToken,
}

impl At {
    /// Opens a stream and goes with it to its end: it ends with an error when the root is removed,
    /// and how it went is noted.
    pub(crate) async fn follow(
        self,
        opening: impl Future<Output = Result<ByteStream>>,
    ) -> Result<ByteStream> {
        let opened = self.unless_gone(opening).await?;
        self.note(opened.as_ref().err());
        let rest = stream::try_unfold((self, opened?), |(at, mut stream)| async move {
            let next = at.unless_gone(stream.next()).await?.transpose();
            if let Err(error) = &next {
                at.note(Some(error));
            }
            Ok(next?.map(|bytes| (bytes, (at, stream))))
        });
        Ok(rest.boxed())
    }

    async fn unless_gone<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        tokio::select! {
            biased;
            () = self.gone.cancelled() => Err(removed()),
            done = work => Ok(done),
        }
    }

    /// Takes note of how the work went.
    pub(crate) fn note(&self, error: Option<&Error>) {
        // That something is not there, or not wanted that way, is an answer.
        let is_answer = |error: &&Error| {
            matches!(
                error,
                Error::NotFound { .. } | Error::NotHeld { .. } | Error::BadAddress { .. }
            )
        };
        if error.as_ref().is_some_and(is_answer) {
            return;
        }
        self.activities.with(&self.root, |activity| {
            activity.last_error = error.map(ToString::to_string);
        });
    }
}

impl Drop for At {
    fn drop(&mut self) {
        if let Some(activity) = self.activities.all().get_mut(&self.root) {
            let count = (self.count)(activity);
            *count = count.saturating_sub(1);
        }
    }
}

/// What a reader gets whose root was removed.
fn removed() -> Error {
    Error::NotFound {
        what: "such content any more: it was removed while it was read".into(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;
    use tokio::time::advance;

    use super::*;
    use crate::testing::raw;

    #[tokio::test(start_paused = true)]
    async fn what_goes_on_is_told_until_it_ends() {
        let (activities, root) = (Arc::new(Activities::default()), raw(b"root").0);
        assert_eq!(activities.look(&root), Vitals::default());
        let finding = activities.find(root);
        assert!(activities.look(&root).is_sought);
        finding.note(Some(&Error::Stopping));
        drop(finding);
        let seen = activities.look(&root);
        assert!(!seen.is_sought && seen.last_error.is_some());
        let readers = [activities.read(root), activities.read(root)];
        activities.came(&root, 2_000_000);
        let seen = activities.look(&root);
        assert_eq!((seen.is_read, seen.speed), (true, 1_000_000));
        readers[0].note(None);
        assert_eq!(activities.look(&root).last_error, None);
        advance(Duration::from_secs(3)).await;
        assert_eq!(activities.look(&root).speed, 0);
        drop(readers);
        assert!(!activities.look(&root).is_read);
    }

    #[tokio::test]
    async fn removing_ends_those_who_read_and_not_those_who_come_later() {
        let (activities, root) = (Arc::new(Activities::default()), raw(b"root").0);
        let before = activities.read(root);
        activities.remove(&root);
        let after = activities.read(root);
        let endless = || async { Ok(stream::pending().boxed()) };
        let mut late = after.follow(endless()).await.expect("it opens");
        assert!(late.next().now_or_never().is_none());
        assert!(matches!(
            before.follow(endless()).await.err(),
            Some(Error::NotFound { .. })
        ));
        activities.remove(&root);
        assert!(matches!(
            late.next().await,
            Some(Err(Error::NotFound { .. }))
        ));
    }

    #[test]
    fn few_are_remembered_but_all_that_are_read() {
        let activities = Arc::new(Activities::default());
        let root = |number: usize| raw(&number.to_le_bytes()).0;
        let _reads: Vec<_> = (0..10)
            .map(|number| activities.read(root(number)))
            .collect();
        for number in 0..3 * REMEMBERED {
            activities.came(&root(number), 1);
        }
        assert!(activities.all().len() <= REMEMBERED);
        assert!((0..10).all(|number| activities.look(&root(number)).is_read));
    }
}
