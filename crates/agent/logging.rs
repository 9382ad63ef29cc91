//! What is told on standard error. Libraries are heard only when something is broken.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{Level, Log, LogFormat};

/// How much is told, which may be changed.
pub(crate) struct Loudness(Box<dyn Fn(EnvFilter) + Send + Sync>);

impl Loudness {
    /// Tells so much from now on.
    pub(crate) fn set(&self, level: Level) {
        (self.0)(filter(level));
    }
}

/// Starts logging. Until then nothing is told.
pub(crate) fn start(log: &Log) -> Loudness {
    let lines = fmt()
        .with_env_filter(filter(log.level))
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal());
    match log.format {
        LogFormat::Text => {
            let lines = lines.with_filter_reloading();
            let handle = lines.reload_handle();
            lines.init();
            Loudness(Box::new(move |filter| {
                // It fails only where logging has ended.
                let _ = handle.reload(filter);
            }))
        }
        LogFormat::Json => {
            let lines = lines.json().with_filter_reloading();
            let handle = lines.reload_handle();
            lines.init();
            Loudness(Box::new(move |filter| {
                let _ = handle.reload(filter);
            }))
        }
    }
}

fn filter(level: Level) -> EnvFilter {
    EnvFilter::new(match level {
        Level::Error => "error",
        Level::Warn => "error,universal_p2p=warn",
        Level::Info => "error,universal_p2p=info",
        Level::Debug => "warn,universal_p2p=debug,librqbit=debug",
        Level::Trace => "trace",
    })
}
