//! Lines for systemd's journal, which knows the time by itself and takes the level as a number.

use std::{env, fmt};

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{Format, Full, Writer, format},
    },
    registry::LookupSpan,
};

/// Whether standard error leads to the journal.
pub(crate) fn is_read() -> bool {
    #[cfg(unix)]
    {
        let stream = env::var("JOURNAL_STREAM").unwrap_or_default();
        let told = rustix::fs::fstat(std::io::stderr());
        told.is_ok_and(|told| stream == format!("{}:{}", told.st_dev, told.st_ino))
    }
    #[cfg(not(unix))]
    {
        env::var_os("JOURNAL_STREAM").is_some()
    }
}

/// The form of such lines: `<6>universal_p2p::serve: stopping`.
pub(crate) struct Lines(Format<Full, ()>);

impl Lines {
    /// Without time, level and colours.
    pub(crate) fn new() -> Self {
        Self(format().without_time().with_level(false).with_ansi(false))
    }
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        write!(writer, "<{}>", priority(*event.metadata().level()))?;
        self.0.format_event(context, writer, event)
    }
}

/// The level as syslog and the journal count it.
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}
