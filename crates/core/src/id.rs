//! Canonical ids: one spelling for one resource.

use std::{fmt, sync::Arc};

use crate::{Error, Result};

/// The longest canonical id, in bytes.
const LONGEST: usize = 128;

/// One resource of one network in its only canonical spelling, such as a lower-case hexadecimal infohash.
///
/// Its text is 1 to 128 characters of `a-z 0-9 . - _` and never starts with a dot, so that it is
/// safe as a file name, in a URL and in a log line.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(Arc<str>);

impl Id {
    /// Takes a text that is already canonical.
    ///
    /// # Errors
    /// [`Error::BadId`] where the text breaks the rules above: no backend may let such a text through.
    pub fn new(canonical: &str) -> Result<Self> {
        let allowed = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_')
        };
        let sound = !canonical.is_empty()
            && canonical.len() <= LONGEST
            && !canonical.starts_with('.')
            && canonical.bytes().all(allowed);
        if sound {
            Ok(Self(canonical.into()))
        } else {
            Err(Error::BadId {
                why: "an id is 1 to 128 letters, digits, dots, dashes or underscores".into(),
            })
        }
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What disk use and accounting are booked to: one id of one protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Item {
    /// The protocol's name as in addresses, such as `bittorrent`.
    pub protocol: &'static str,
    /// The resource.
    pub id: Id,
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.protocol, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_safe_as_file_names() {
        assert!(Id::new("dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c").is_ok());
        for bad in [
            "",
            ".",
            "..",
            ".hidden",
            "a/b",
            "A",
            "a b",
            "ä",
            &"a".repeat(129),
        ] {
            assert!(Id::new(bad).is_err(), "{bad:?} got through");
        }
    }
}
