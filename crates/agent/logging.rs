//! What is told on standard error. Libraries are heard only when something is broken.

mod journal;

use std::io::{IsTerminal, stderr};

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{Level, Log, LogFormat};

/// Starts logging. Until then nothing is told.
pub(crate) fn start(log: &Log) {
    let filter = match log.level {
        Level::Error => "error",
        Level::Warn => "error,universal_p2p=warn",
        Level::Info => "error,universal_p2p=info",
        Level::Debug => "warn,universal_p2p=debug,librqbit=debug",
        Level::Trace => "trace",
    };
    let lines = fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal());
    match log.format {
        LogFormat::Text if journal::is_read() => lines.event_format(journal::Lines::new()).init(),
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().init(),
    }
}
