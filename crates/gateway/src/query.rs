//! The part of an address behind the question mark.

use std::borrow::Cow;

use percent_encoding::utf8_percent_encode;
use universal_p2p_core::{Error, Hints};

use crate::address::{PLAIN, decode};

/// Which form was asked for: of a listing, or of content that its reader checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    Html,
    /// For programs.
    Json,
    /// One block.
    Raw,
    /// An archive of blocks.
    Car,
    /// The record of a name.
    Record,
    /// A directory with all that is in it.
    Tar,
    /// Structured data.
    Cbor,
    /// Structured data with links.
    DagJson,
    /// The same.
    DagCbor,
}

/// The formats by the words that addresses have for them.
const FORMATS: [(&str, Format); 9] = [
    ("html", Format::Html),
    ("json", Format::Json),
    ("raw", Format::Raw),
    ("car", Format::Car),
    ("ipns-record", Format::Record),
    ("tar", Format::Tar),
    ("cbor", Format::Cbor),
    ("dag-json", Format::DagJson),
    ("dag-cbor", Format::DagCbor),
];

impl Format {
    /// The word for it in an address, unless it is what browsers get anyway.
    pub(crate) fn word(self) -> Option<&'static str> {
        let mut known = FORMATS.iter().filter(|(_, format)| *format != Self::Html);
        known
            .find(|(_, format)| *format == self)
            .map(|(word, _)| *word)
    }
}

/// The decoded parameters: the gateway's own, and what is left for the backend.
#[derive(Debug, Default)]
pub(crate) struct Query {
    /// Who asks, in its own words.
    pub(crate) from: Option<String>,
    /// Save it rather than show it.
    pub(crate) download: bool,
    /// A name that replaces the file's own.
    pub(crate) filename: Option<String>,
    /// A form that replaces the negotiated one.
    pub(crate) format: Option<Format>,
    /// The access token, for elements that cannot send headers.
    pub(crate) token: Option<String>,
    /// Everything else: trackers, peers and the like.
    pub(crate) hints: Hints,
    /// What links to neighbours carry on, with its question mark: the hints, `from` and `token`.
    pub(crate) carried: String,
}

impl Query {
    /// Parses the text behind the question mark. Of a repeated name, site or token the first counts.
    ///
    /// # Errors
    /// [`Error::BadAddress`] for broken percent-encoding and unknown formats.
    pub(crate) fn parse(raw: &str) -> Result<Self, Error> {
        let mut query = Self::default();
        for piece in raw.split('&').filter(|piece| !piece.is_empty()) {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            query.take(&decode(name)?, value)?;
        }
        Ok(query)
    }

    fn take(&mut self, name: &str, raw: &str) -> Result<(), Error> {
        let value = decode(raw)?;
        match name {
            "from" => {
                let value = decode(&spaced(raw))?;
                self.carry(name, &value);
                self.from.get_or_insert(value);
            }
            "filename" => {
                self.filename.get_or_insert(decode(&spaced(raw))?);
            }
            "download" => self.download = !matches!(value.as_str(), "0" | "false"),
            "format" => {
                let known = FORMATS.iter().find(|(word, _)| *word == value);
                let (_, format) = known.ok_or_else(|| Error::BadAddress {
                    why: format!("format is {}", FORMATS.map(|(word, _)| word).join(", ")),
                })?;
                self.format = Some(*format);
            }
            "token" => {
                self.carry(name, &value);
                self.token.get_or_insert(value);
            }
            _ => {
                self.carry(name, &value);
                self.hints.push(name, value);
            }
        }
        Ok(())
    }

    fn carry(&mut self, name: &str, value: &str) {
        self.carried
            .push(if self.carried.is_empty() { '?' } else { '&' });
        self.carried.extend(utf8_percent_encode(name, PLAIN));
        self.carried.push('=');
        self.carried.extend(utf8_percent_encode(value, PLAIN));
    }
}

/// A plus stands for a space where a form may have written the value; addresses of peers and
/// trackers keep theirs.
fn spaced(raw: &str) -> Cow<'_, str> {
    if raw.contains('+') {
        Cow::Owned(raw.replace('+', " "))
    } else {
        Cow::Borrowed(raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_parameters_are_kept_from_the_backend() {
        let query = Query::parse(
            "from=my+site&tr=udp%3A%2F%2Ft%3A1&download=1&filename=a+b%2Bc&x.pe=1.2.3.4:5&tr=b+c&format=json&&flag",
        )
        .expect("well formed");
        assert_eq!(query.from.as_deref(), Some("my site"));
        assert_eq!(query.filename.as_deref(), Some("a b+c"));
        assert!(query.download);
        assert_eq!(query.format, Some(Format::Json));
        let hints: Vec<_> = query.hints.iter().collect();
        assert_eq!(
            hints,
            [
                ("tr", "udp://t:1"),
                ("x.pe", "1.2.3.4:5"),
                ("tr", "b+c"),
                ("flag", "")
            ]
        );
        assert_eq!(
            query.carried,
            "?from=my%20site&tr=udp%3A%2F%2Ft%3A1&x.pe=1.2.3.4%3A5&tr=b%2Bc&flag="
        );
    }

    #[test]
    fn broken_parameters_are_refused() {
        for bad in ["tr=%zz", "tr=%ff", "%=1", "format=xml", "from=%f"] {
            assert!(Query::parse(bad).is_err(), "{bad} got through");
        }
    }
}
