//! A thread with a runtime of its own.

use std::{io, thread};

use tokio::{
    runtime::{Builder, Handle},
    task::JoinError,
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Threads for work that blocks, such as hashing and reading from the disk. What is more waits.
const BLOCKING: usize = 16;

/// A thread with a runtime of its own. It ends when this is dropped.
///
/// Whatever blocks there for a moment, such as a write to a busy disk, holds up nobody else.
#[derive(Debug)]
pub struct Home {
    handle: Handle,
    _open: DropGuard,
}

impl Home {
    /// Starts the thread under a name.
    ///
    /// # Errors
    /// What the system says where there are no more threads.
    pub fn start(name: &str) -> io::Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(BLOCKING)
            .build()?;
        let handle = runtime.handle().clone();
        let closed = CancellationToken::new();
        let open = closed.clone().drop_guard();
        let live = move || runtime.block_on(closed.cancelled());
        thread::Builder::new().name(name.into()).spawn(live)?;
        Ok(Self {
            handle,
            _open: open,
        })
    }

    /// Where its tasks are started.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Runs a future there, to its end even where nobody waits for it any more.
    ///
    /// # Errors
    /// Where it panics, or the thread has ended.
    pub async fn run<F>(&self, work: F) -> Result<F::Output, JoinError>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.handle.spawn(work).await
    }
}
