//! The grammar of addresses: `/<protocol>/<version>/<kind>/<id>/<path>`, and the standard one of IPFS,
//! `/ipfs/<id>/<path>` and `/ipns/<id>/<path>`, which stand for version 0 and kind `stream`.
//!
//! The raw path is cut at its slashes first and decoded piece by piece afterwards, so that an
//! encoded slash never cuts: a whole magnet link fits into the one segment of the id.

use axum::http::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use universal_p2p_core::Error;

use crate::query::Query;

/// What is encoded when a link is written: everything that is not unreserved.
pub(crate) const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A decoded address.
#[derive(Debug)]
pub(crate) struct Address {
    pub(crate) target: Target,
    pub(crate) query: Query,
}

/// Protocols with standard addresses of their own.
const STANDARD: [&str; 2] = ["ipfs", "ipns"];

/// What an address leads to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// `/`
    Dashboard,
    /// Something that a backend may know.
    Resource(Resource),
}

/// The decoded segments of an address below a protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) protocol: String,
    pub(crate) version: String,
    /// `stream`, `status`, `playlist` or a kind of document.
    pub(crate) kind: String,
    /// The id in the client's spelling.
    pub(crate) id: String,
    /// The names below the resource.
    pub(crate) path: Vec<String>,
    /// Whether the address ends with a slash: a directory is meant.
    pub(crate) slash: bool,
    /// Whether the address is of the standard form.
    pub(crate) is_standard: bool,
}

impl Address {
    /// Decodes an address.
    ///
    /// # Errors
    /// [`Error::BadAddress`] for malformed segments and parameters, [`Error::NotFound`] where
    /// there are too few segments to name anything.
    pub(crate) fn parse(uri: &Uri) -> Result<Self, Error> {
        Ok(Self {
            target: Target::parse(uri.path())?,
            query: Query::parse(uri.query().unwrap_or_default())?,
        })
    }
}

impl Target {
    fn parse(raw: &str) -> Result<Self, Error> {
        let raw = raw.strip_prefix('/').unwrap_or(raw);
        if raw.is_empty() {
            return Ok(Self::Dashboard);
        }
        let (raw, slash) = match raw.strip_suffix('/') {
            Some(without) => (without, true),
            None => (raw, false),
        };
        if let Some((protocol, id, below)) = standard(raw)? {
            let (path, ends_inside) = names(below)?;
            return Ok(Self::Resource(Resource {
                protocol,
                version: "v0".into(),
                kind: "stream".into(),
                id,
                path,
                slash: slash || ends_inside,
                is_standard: true,
            }));
        }
        let mut segments = raw.split('/').map(segment).collect::<Result<Vec<_>, _>>()?;
        if segments.len() < 4 {
            return Err(Error::NotFound {
                what: "such address; one begins with /<protocol>/<version>/stream/<id>".into(),
            });
        }
        let path = segments.split_off(4);
        let mut first = segments.into_iter();
        let mut next = || first.next().unwrap_or_default();
        Ok(Self::Resource(Resource {
            protocol: next(),
            version: next(),
            kind: next(),
            id: next(),
            path,
            slash,
            is_standard: false,
        }))
    }
}

/// The protocol, the id and the raw names below it, where an address is of the standard form. No id is
/// called as a version is.
fn standard(raw: &str) -> Result<Option<(String, String, &str)>, Error> {
    let Some((protocol, rest)) = raw.split_once('/') else {
        return Ok(None);
    };
    let (second, below) = rest.split_once('/').unwrap_or((rest, ""));
    let digits = second.strip_prefix('v').unwrap_or_default();
    let is_version = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !STANDARD.contains(&protocol) || is_version {
        return Ok(None);
    }
    Ok(Some((protocol.to_owned(), segment(second)?, below)))
}

/// Whether the raw path of an address is of the standard form.
pub(crate) fn is_at_standard(raw: &str) -> bool {
    let raw = raw.strip_prefix('/').unwrap_or(raw);
    standard(raw).is_ok_and(|found| found.is_some())
}

/// The names of a standard address, and whether they end as a directory does. There an encoded slash
/// cuts as well, and dots lead up and down, though not out (IPIP-548).
fn names(raw: &str) -> Result<(Vec<String>, bool), Error> {
    if raw.is_empty() {
        return Ok((Vec::new(), false));
    }
    let decoded = raw.split('/').map(decode).collect::<Result<Vec<_>, _>>()?;
    let decoded = decoded.join("/");
    let (whole, ends_inside) = match decoded.strip_suffix('/') {
        Some(whole) => (whole, true),
        None => (decoded.as_str(), false),
    };
    let bad = |why: &str| Error::BadAddress { why: why.into() };
    let mut names: Vec<String> = Vec::new();
    for name in whole.split('/') {
        match name {
            "" => return Err(bad("a path has no empty segments")),
            "." => {}
            ".." => drop(
                names
                    .pop()
                    .ok_or_else(|| bad("a path leads not out of its root"))?,
            ),
            _ if name.contains('\0') => return Err(bad("a path has no NUL characters")),
            name => names.push(name.to_owned()),
        }
    }
    let is_dots = matches!(whole.rsplit('/').next(), Some("." | ".."));
    Ok((names, ends_inside || is_dots))
}

impl Resource {
    /// The path of an address of the same resource in its encoded form.
    pub(crate) fn link<'a>(
        &'a self,
        kind: &'a str,
        path: impl IntoIterator<Item = &'a str>,
        slash: bool,
    ) -> String {
        let mut link = String::new();
        let own = [&self.protocol, &self.version, kind, &self.id];
        let standard = [self.protocol.as_str(), self.id.as_str()];
        // Only streams have addresses of the standard form.
        let head: &[&str] = if self.is_standard && kind == "stream" {
            &standard
        } else {
            &own
        };
        for segment in head.iter().copied().chain(path) {
            link.push('/');
            link.extend(utf8_percent_encode(segment, PLAIN));
        }
        if slash {
            link.push('/');
        }
        link
    }

    /// The names of the path.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.path.iter().map(String::as_str)
    }
}

/// Decodes one segment of a path.
fn segment(raw: &str) -> Result<String, Error> {
    let decoded = decode(raw)?;
    let why = match decoded.as_str() {
        "" => "a path has no empty segments",
        "." | ".." => "a path has no . or .. segments",
        _ if decoded.contains('\0') => "a path has no NUL characters",
        _ => return Ok(decoded),
    };
    Err(Error::BadAddress { why: why.into() })
}

/// Decodes percent-encoding once, strictly, as UTF-8.
///
/// # Errors
/// [`Error::BadAddress`] for a `%` without two hexadecimal digits and for what is no UTF-8.
pub(crate) fn decode(raw: &str) -> Result<String, Error> {
    let bad = |why: &str| Error::BadAddress { why: why.into() };
    let digits_follow = |piece: &str| {
        let digits = piece.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if !raw.split('%').skip(1).all(digits_follow) {
        return Err(bad("a % is followed by two hexadecimal digits"));
    }
    let decoded = percent_decode_str(raw).decode_utf8();
    Ok(decoded
        .map_err(|_| bad("an address is UTF-8"))?
        .into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn resource(raw: &str) -> Resource {
        match Target::parse(raw).expect("well formed") {
            Target::Resource(resource) => resource,
            Target::Dashboard => panic!("{raw} is no dashboard"),
        }
    }

    #[test]
    fn segments_are_cut_before_they_are_decoded() {
        let found = resource("/bittorrent/v0/stream/magnet%3A%3Fxt%3Da%2Fb/d%C3%A4r/a%2525");
        assert_eq!(found.id, "magnet:?xt=a/b");
        assert_eq!(found.path, ["där", "a%25"]);
        assert!(!found.slash);
        assert!(resource("/p/v/stream/id/").slash);
        assert!(resource("/p/v/stream/id/").path.is_empty());
        assert_eq!(Target::parse("/").ok(), Some(Target::Dashboard));
    }

    #[test]
    fn malformed_paths_are_refused() {
        for bad in [
            "/p/v/stream/id/..",
            "/p/v/stream/id/../x",
            "/p/v/stream/id/%2e%2E/x",
            "/p/v/stream/id/./x",
            "/p/v/stream/id//x",
            "//p/v/stream/id",
            "/p/v/stream/id//",
            "/p/v/stream/id/a%00b",
            "/p/v/stream/id/%zz",
            "/p/v/stream/id/%f",
            "/p/v/stream/id/%",
            "/p/v/stream/id/%ff",
            "/p/v/stream/%c3%28",
        ] {
            let refused = Target::parse(bad);
            assert!(matches!(refused, Err(Error::BadAddress { .. })), "{bad}");
        }
        for short in ["/p", "/p/v", "/p/v/stream", "/p/v/stream/", "/favicon.ico"] {
            let refused = Target::parse(short);
            assert!(matches!(refused, Err(Error::NotFound { .. })), "{short}");
        }
    }

    #[test]
    fn standard_addresses_stand_for_the_own_ones() {
        let found = resource("/ipfs/bafkqaaa/a%20b/c/");
        assert_eq!(
            (found.protocol.as_str(), found.version.as_str()),
            ("ipfs", "v0")
        );
        assert_eq!(
            (found.kind.as_str(), found.id.as_str()),
            ("stream", "bafkqaaa")
        );
        assert_eq!(found.path, ["a b", "c"]);
        assert!(found.slash && found.is_standard);
        assert_eq!(
            found.link("stream", found.names(), true),
            "/ipfs/bafkqaaa/a%20b/c/"
        );
        assert_eq!(
            found.link("playlist", [], false),
            "/ipfs/v0/playlist/bafkqaaa"
        );
        assert_eq!(resource("/ipns/docs.example").id, "docs.example");
        assert!(!resource("/ipfs/v0/stream/bafkqaaa").is_standard);
        for short in [
            "/ipfs",
            "/ipfs/",
            "/ipfs/v0",
            "/ipfs/v0/stream",
            "/other/bafkqaaa",
        ] {
            let refused = Target::parse(short);
            assert!(matches!(refused, Err(Error::NotFound { .. })), "{short}");
        }
    }

    proptest! {
        #[test]
        fn a_link_leads_back_to_what_it_was_made_from(
            id in "[^\0]{1,20}", path in prop::collection::vec("[^\0]{1,12}", 0..5), slash: bool,
        ) {
            prop_assume!(path.iter().chain([&id]).all(|name| name != "." && name != ".."));
            let made = Resource {
                protocol: "p".into(), version: "v".into(), kind: "stream".into(), id, path, slash,
                is_standard: false,
            };
            let link = made.link("stream", made.names(), slash);
            prop_assert!(link.parse::<Uri>().is_ok());
            prop_assert_eq!(resource(&link), made);
        }

        #[test]
        fn no_path_makes_the_parser_panic_or_let_dots_through(raw in "/[ -~]{0,60}") {
            if let Ok(Target::Resource(found)) = Target::parse(&raw) {
                let safe = |name: &String| {
                    !name.is_empty() && name != "." && name != ".." && !name.contains('\0')
                };
                prop_assert!(found.path.iter().all(safe));
            }
        }
    }
}
