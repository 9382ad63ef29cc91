//! Opening a page in the user's browser.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::task::spawn_blocking;

/// How long it is waited for a failure. A browser that is started by it may stay.
const WAIT: Duration = Duration::from_secs(2);

/// Opens an address in the browser, which goes on when this process ends.
///
/// # Errors
/// Where there is none.
pub(crate) async fn open(url: &str) -> Result<()> {
    let url = url.to_owned();
    let opened = spawn_blocking(move || open::that_detached_with_timeout(url, WAIT)).await?;
    opened.context("no browser could be opened")
}
