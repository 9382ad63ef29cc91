//! Work on blocking threads: bounded in number, and its panics are its own.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};
use tokio_util::sync::CancellationToken;
use universal_p2p_core::{Error, Result};

/// How many may wait until a thread is free.
const MOST_WAITING: usize = 64;

/// When a client comes back that found too many waiting.
const COME_BACK: Duration = Duration::from_secs(5);

/// Threads that read indexes.
pub(super) struct Jobs {
    running: Arc<Semaphore>,
    /// Places for those who run and those who wait.
    places: Semaphore,
    /// How long one waits for a thread.
    longest: Duration,
}

impl Jobs {
    pub(super) fn new(most: usize, longest: Duration) -> Self {
        let most = most.clamp(1, 1024);
        Self {
            running: Arc::new(Semaphore::new(most)),
            places: Semaphore::new(most + MOST_WAITING),
            longest,
        }
    }

    /// Runs work on a thread once one is free. When nobody waits for the result any more, the token
    /// that the work has is cancelled.
    ///
    /// # Errors
    /// [`Error::Busy`] where too many wait already or no thread gets free in time,
    /// [`Error::Corrupt`] where the work panics, and whatever it fails with.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&CancellationToken) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _place = self.places.try_acquire().map_err(|_| busy())?;
        let free = Arc::clone(&self.running).acquire_owned();
        let permit = timeout(self.longest, free).await.map_err(|_| busy())?;
        let permit = permit.map_err(|_| Error::Stopping)?;
        let cancel = CancellationToken::new();
        let _cancelled_with_this_future = cancel.clone().drop_guard();
        let done = spawn_blocking(move || {
            // Held by the thread: what is cancelled takes its time to end.
            let _permit = permit;
            work(&cancel)
        });
        done.await.unwrap_or_else(|error| {
            Err(if error.is_panic() {
                tracing::error!(%error, "reading an archive panicked");
                Error::Corrupt {
                    what: "the archive could not be read".into(),
                }
            } else {
                Error::Stopping
            })
        })
    }
}

fn busy() -> Error {
    Error::Busy {
        what: "too many archives are being opened; limits.decode_jobs raises the limit".into(),
        retry_after: COME_BACK,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_panic_is_an_error_of_the_work_alone() {
        let jobs = Jobs::new(1, LONG);
        let ended: Result<()> = jobs.run(|_| panic!("a bug")).await;
        assert!(matches!(ended, Err(Error::Corrupt { .. })));
        assert!(matches!(jobs.run(|_| Ok(7)).await, Ok(7)));
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_cancelled() {
        let jobs = Jobs::new(1, LONG);
        let (told, heard) = mpsc::channel();
        let runtime = tokio::runtime::Handle::current();
        let work = jobs.run(move |cancel| {
            runtime.block_on(cancel.cancelled());
            told.send(())
                .map_err(|error| Error::internal("test", error))
        });
        tokio::select! {
            _ = work => panic!("nobody has cancelled it"),
            () = tokio::time::sleep(Duration::from_millis(50)) => {}
        }
        let heard = spawn_blocking(move || heard.recv()).await;
        assert_eq!(heard.expect("no panic"), Ok(()));
    }

    #[tokio::test]
    async fn who_waits_too_long_is_sent_away() {
        let jobs = Jobs::new(1, Duration::from_millis(50));
        let runtime = tokio::runtime::Handle::current();
        let first = jobs.run(move |cancel| {
            runtime.block_on(cancel.cancelled());
            Ok(())
        });
        tokio::select! {
            _ = first => panic!("nobody has cancelled it"),
            late = async {
                tokio::task::yield_now().await;
                jobs.run(|_| Ok(())).await
            } => assert!(matches!(late, Err(Error::Busy { .. }))),
        }
    }

    #[tokio::test]
    async fn too_many_are_sent_away() {
        let jobs = Jobs::new(1, LONG);
        let runtime = tokio::runtime::Handle::current();
        let waits = || {
            let runtime = runtime.clone();
            jobs.run(move |cancel| {
                runtime.block_on(cancel.cancelled());
                Ok(())
            })
        };
        let all = futures_util::future::join_all((0..=MOST_WAITING).map(|_| waits()));
        tokio::select! {
            biased;
            _ = all => panic!("they wait until they are cancelled"),
            refused = async {
                tokio::task::yield_now().await;
                waits().await
            } => assert!(matches!(refused, Err(Error::Busy { .. }))),
        }
    }
}
