//! How this process is told to stop.

#[cfg(unix)]
use anyhow::Context;
use anyhow::Result;
use tokio::signal;

/// Begins to listen for SIGTERM and Ctrl-C; what it returns ends with the first of them.
pub(crate) fn signals() -> Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).context("listening for signals");
        let (mut terminate, mut interrupt) = (
            listen(SignalKind::terminate())?,
            listen(SignalKind::interrupt())?,
        );
        Ok(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        let _ = signal::ctrl_c().await;
    })
}
