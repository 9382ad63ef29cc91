//! What is told on standard error. Libraries are heard only when something is broken.

mod journal;

use std::io::{IsTerminal, stderr};

use tracing_subscriber::{
    EnvFilter, Layer, Registry, fmt, layer::SubscriberExt, reload, util::SubscriberInitExt,
};

use crate::config::{Level, Log, LogFormat};

/// How much is told, which may be changed.
pub(crate) struct Loudness(reload::Handle<EnvFilter, Registry>);

impl Loudness {
    /// Tells so much from now on.
    pub(crate) fn set(&self, level: Level) {
        // It fails only where logging has ended.
        let _ = self.0.reload(filter(level));
    }
}

/// Starts logging. Until then nothing is told.
pub(crate) fn start(log: &Log) -> Loudness {
    let (filter, handle) = reload::Layer::new(filter(log.level));
    let lines = fmt::layer()
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal());
    let lines = match log.format {
        LogFormat::Text if journal::is_read() => lines.event_format(journal::Lines::new()).boxed(),
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .init();
    Loudness(handle)
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
