//! Values with a spelling of their own. Each reads and prints the same form.

mod size;

use std::{fmt, num::NonZeroU32, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

pub(crate) use size::Size;
use size::{bytes_in, number_and_unit};

/// Makes serde read and print a type by its text.
macro_rules! by_text {
    ($type:ty) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

/// A span of time such as "500ms", "60s", "5min" or "2h".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

by_text!(Span);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, unit) = number_and_unit(text);
        let milliseconds = match unit {
            "ms" => 1,
            "s" => 1000,
            "min" | "m" => 60_000,
            "h" => 3_600_000,
            _ => 0,
        };
        let number: u64 = number.parse().unwrap_or(0);
        match number.checked_mul(milliseconds) {
            Some(milliseconds @ 1..=86_400_000) => Ok(Self(Duration::from_millis(milliseconds))),
            _ => Err(format!(
                "{text:?} is no span of time; write \"500ms\", \"60s\", \"5min\" or \"2h\", at most a day"
            )),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.0.as_millis();
        if milliseconds.is_multiple_of(1000) {
            write!(f, "{}s", milliseconds / 1000)
        } else {
            write!(f, "{milliseconds}ms")
        }
    }
}

/// Bytes per second such as "500kB", "2MB", "1MiB", or "unlimited".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate(pub(crate) Option<NonZeroU32>);

by_text!(Rate);
by_text!(Size);

/// One block of a piece: a limit below it would let nothing through.
const SLOWEST: u64 = 16 * 1024;

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "unlimited" {
            return Ok(Self(None));
        }
        let (number, unit) = number_and_unit(text);
        let bytes = bytes_in(number, unit.trim_end_matches("/s")).unwrap_or(0);
        match u32::try_from(bytes).ok().and_then(NonZeroU32::new) {
            Some(rate) if bytes >= SLOWEST => Ok(Self(Some(rate))),
            _ => Err(format!(
                "{text:?} is no rate; write \"unlimited\" or bytes per second such as \"500kB\" or \"2MB\", from 16KiB to 4GB"
            )),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("unlimited"),
            Some(rate) if rate.get().is_multiple_of(1000) => write!(f, "{}kB", rate.get() / 1000),
            Some(rate) => write!(f, "{rate}B"),
        }
    }
}

/// What goes first when room is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Policy {
    Lru,
    Gdsf,
}

/// How far sockets reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scope {
    Internet,
    Loopback,
}

/// What fetches pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Engine {
    Streaming,
    Librqbit,
}

/// Where blocks of IPFS come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum IpfsSource {
    Embedded,
    Kubo,
    Gateway,
}

impl FromStr for IpfsSource {
    type Err = serde::de::value::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "embedded" => Ok(Self::Embedded),
            "kubo" => Ok(Self::Kubo),
            "gateway" => Ok(Self::Gateway),
            other => Err(serde::de::Error::custom(format!(
                "{other:?} is none of embedded, kubo and gateway"
            ))),
        }
    }
}

/// Whether conversations with peers are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Encryption {
    Off,
    Allow,
    Prefer,
    Require,
}

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_printed_alike() {
        for (text, milliseconds) in [
            ("500ms", 500),
            ("60s", 60_000),
            ("5min", 300_000),
            ("2h", 7_200_000),
        ] {
            let span: Span = text.parse().expect(text);
            assert_eq!(span.0.as_millis(), milliseconds, "{text}");
            assert_eq!(span.to_string().parse(), Ok(span));
        }
        for bad in [
            "",
            "60",
            "s",
            "0s",
            "-1s",
            "1.5s",
            "99999999999999999999s",
            "48h",
            "1 week",
        ] {
            assert!(bad.parse::<Span>().is_err(), "{bad:?} got through");
        }
    }

    #[test]
    fn rates_are_read_and_printed_alike() {
        for (text, bytes) in [
            ("500kB", 500_000),
            ("1MiB", 1 << 20),
            ("2 MB/s", 2_000_000),
            ("16384", 16384),
        ] {
            let rate: Rate = text.parse().expect(text);
            assert_eq!(rate.0.map(NonZeroU32::get), Some(bytes), "{text}");
            assert_eq!(rate.to_string().parse(), Ok(rate));
        }
        assert_eq!("unlimited".parse(), Ok(Rate(None)));
        for bad in ["", "0", "1kB", "5 parsecs", "99GB", "none"] {
            assert!(bad.parse::<Rate>().is_err(), "{bad:?} got through");
        }
    }
}
