//! Addresses of content and names as people copy them: of the protocol, of gateways, of both forms.

use universal_p2p_core::{Hints, Id, Recognized, Result};
use url::{Host, Url};

/// The longest text that is looked at, in bytes.
const LONGEST: usize = 8192;

/// What a name in an address is the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    /// Content.
    Ipfs,
    /// A key or a domain.
    Ipns,
}

impl Space {
    fn of(text: &str) -> Option<Self> {
        match text {
            "ipfs" => Some(Self::Ipfs),
            "ipns" => Some(Self::Ipns),
            _ => None,
        }
    }
}

/// What an address names: the spelling of an id, and a path below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) space: Space,
    pub(crate) name: String,
    pub(crate) path: Vec<String>,
}

impl Named {
    /// An id by itself.
    pub(crate) fn bare(space: Space, name: &str) -> Self {
        Self {
            space,
            name: name.to_owned(),
            path: Vec::new(),
        }
    }

    /// The domain that one label of a host stands for, as gateways write it.
    pub(crate) fn unfolded(&self) -> Option<String> {
        let is_label = !self.name.contains('.') && self.name.contains('-');
        is_label.then(|| {
            let parts: Vec<_> = self.name.split("--").collect();
            let parts: Vec<_> = parts.iter().map(|part| part.replace('-', ".")).collect();
            parts.join("-")
        })
    }

    /// The same with the canonical id.
    pub(crate) fn recognized(&self, id: Result<Id>) -> Result<Recognized> {
        let mut recognized = Recognized::new(id?, Hints::default());
        recognized.path.clone_from(&self.path);
        Ok(recognized)
    }
}

/// Reads `ipfs://…`, `/ipfs/…`, `https://gateway/ipfs/…` and `https://….ipfs.gateway/…`, and the same for
/// names; none for what is no such address.
pub(crate) fn read(text: &str) -> Option<Named> {
    let text = text.trim();
    if text.len() > LONGEST {
        return None;
    }
    for (scheme, space) in [("ipfs://", Space::Ipfs), ("ipns://", Space::Ipns)] {
        let start = text.get(..scheme.len());
        if start.is_some_and(|start| start.eq_ignore_ascii_case(scheme)) {
            let rest = &text[scheme.len()..];
            // Some write the whole path behind the scheme.
            return by_path(rest).or_else(|| below(space, rest));
        }
    }
    if let Some(path) = text.strip_prefix("dweb:") {
        return by_path(path.trim_start_matches('/'));
    }
    if let Some(path) = text.strip_prefix('/') {
        return by_path(path);
    }
    let url = Url::parse(text).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    by_path(url.path().trim_start_matches('/')).or_else(|| by_host(&url))
}

/// What a path without its first slash names.
fn by_path(path: &str) -> Option<Named> {
    let (space, rest) = path.split_once('/')?;
    below(Space::of(space)?, rest)
}

/// What a host with the name as its first label names.
fn by_host(url: &Url) -> Option<Named> {
    let Host::Domain(host) = url.host()? else {
        return None;
    };
    let mut labels = host.split('.');
    let (name, space) = (labels.next()?, Space::of(labels.next()?)?);
    below(space, &format!("{name}{}", url.path()))
}

/// A name and the path behind it, percent-encoded.
fn below(space: Space, text: &str) -> Option<Named> {
    let end = text.find(['?', '#']).unwrap_or(text.len());
    let mut segments = text[..end].split('/').filter(|segment| !segment.is_empty());
    let name = decoded(segments.next()?)?;
    let path: Option<Vec<_>> = segments.map(decoded).collect();
    let path = path?;
    let is_sound = |segment: &String| segment != "." && segment != "..";
    path.iter()
        .all(is_sound)
        .then_some(Named { space, name, path })
}

/// Decodes percent-encoding once, as UTF-8.
fn decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| *first == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.contains('\0')).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_address_is_read() {
        let cid = "bafybeie5nqv6kd3qnfjupgvz34woh3oksc3iau6abmyajn7qvtf6d2ho34";
        let whole = Named {
            space: Space::Ipfs,
            name: cid.to_owned(),
            path: vec!["a b".to_owned(), "c?".to_owned()],
        };
        for text in [
            format!("ipfs://{cid}/a%20b/c%3F"),
            format!("IPFS://{cid}/a%20b/c%3F?x=y"),
            format!("ipfs://ipfs/{cid}/a%20b/c%3F"),
            format!("/ipfs/{cid}/a%20b/c%3F#here"),
            format!("dweb:/ipfs/{cid}/a%20b/c%3F"),
            format!(" https://gateway.example/ipfs/{cid}/a%20b/c%3F "),
            format!("https://{cid}.ipfs.gateway.example/a%20b/c%3F"),
            format!("http://{cid}.ipfs.localhost:8080//a%20b/c%3F/"),
        ] {
            assert_eq!(read(&text), Some(whole.clone()), "{text}");
        }
        let named = read("https://docs--one-example-com.ipns.gateway.example/").expect("a name");
        assert_eq!(named.space, Space::Ipns);
        assert_eq!(named.unfolded().as_deref(), Some("docs-one.example.com"));
        assert_eq!(read("ipns://a.example/x").expect("a name").unfolded(), None);
    }

    #[test]
    fn other_texts_are_none() {
        for text in [
            "",
            "/",
            "/ipfs",
            "/ipfs/",
            "ipfs://",
            "magnet:?xt=urn:btih:x",
            "https://example.org/",
            "https://example.org/file/ipfs/x",
            "ftp://example.org/ipfs/x",
            "/ipfs/x/../y",
            "/ipfs/x/%00",
            "/ipfs/%ff",
            "https://127.0.0.1/",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
