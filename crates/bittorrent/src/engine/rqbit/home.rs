//! The session's own runtime: one thread.

use std::{io, thread};

use tokio::{
    runtime::{Builder, Handle},
    task::JoinError,
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// A thread with a runtime of its own. It ends when this is dropped.
pub(super) struct Home {
    handle: Handle,
    _open: DropGuard,
}

impl Home {
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let closed = CancellationToken::new();
        let open = closed.clone().drop_guard();
        let live = move || runtime.block_on(closed.cancelled());
        thread::Builder::new().name("librqbit".into()).spawn(live)?;
        Ok(Self {
            handle,
            _open: open,
        })
    }

    /// Runs a future there, to its end even where nobody waits for it any more.
    pub(super) async fn run<F>(&self, work: F) -> Result<F::Output, JoinError>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.handle.spawn(work).await
    }
}
