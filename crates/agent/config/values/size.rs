//! Numbers of bytes.

use std::{fmt, str::FromStr};

/// A number of bytes such as "300MB", "20GB", "512MiB" or "0".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, unit) = number_and_unit(text);
        match bytes_in(number, unit) {
            // A small bare number is more likely a forgotten unit than a number of bytes.
            Some(bytes) if bytes == 0 || bytes >= 1_000_000 || !unit.is_empty() => Ok(Self(bytes)),
            _ => Err(format!(
                "{text:?} is no size; write a whole number and its unit, such as \"300MB\", \"20GB\" or \"512MiB\""
            )),
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = |(_, factor): &&(&str, u64)| self.0.is_multiple_of(*factor);
        match UNITS.iter().rev().filter(|_| self.0 > 0).find(exact) {
            Some((unit, factor)) => write!(f, "{}{unit}", self.0 / factor),
            None => write!(f, "{}", self.0),
        }
    }
}

/// Units of bytes, smallest first.
const UNITS: [(&str, u64); 9] = [
    ("B", 1),
    ("kB", 1000),
    ("KiB", 1 << 10),
    ("MB", 1_000_000),
    ("MiB", 1 << 20),
    ("GB", 1_000_000_000),
    ("GiB", 1 << 30),
    ("TB", 1_000_000_000_000),
    ("TiB", 1 << 40),
];

/// Reads a number of bytes; none where it is no number, no unit or too much.
pub(crate) fn bytes_in(number: &str, unit: &str) -> Option<u64> {
    let factor = match unit {
        "" => 1,
        "KB" => 1000,
        unit => UNITS.iter().find(|(known, _)| *known == unit)?.1,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// Divides a text behind its leading digits.
pub(crate) fn number_and_unit(text: &str) -> (&str, &str) {
    let end = text
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(text.len());
    (&text[..end], text[end..].trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_printed_alike() {
        for (text, bytes, printed) in [
            ("0", 0, "0"),
            ("0GB", 0, "0"),
            ("300MB", 300_000_000, "300MB"),
            ("20 GB", 20_000_000_000, "20GB"),
            ("1000KB", 1_000_000, "1MB"),
            ("3TB", 3_000_000_000_000, "3TB"),
            ("512MiB", 512 << 20, "512MiB"),
            ("16TiB", 16 << 40, "16TiB"),
            ("1001B", 1001, "1001B"),
            ("48000000", 48_000_000, "48MB"),
        ] {
            let size: Size = text.parse().expect(text);
            assert_eq!(size.0, bytes, "{text}");
            assert_eq!(size.to_string(), printed);
            assert_eq!(printed.parse(), Ok(size));
        }
        for bad in [
            "",
            "GB",
            "20",
            "-1GB",
            "1.5GB",
            "20gb",
            "1 parsec",
            "20000000TB",
            "99999999999999999999B",
        ] {
            assert!(bad.parse::<Size>().is_err(), "{bad:?} got through");
        }
    }
}
