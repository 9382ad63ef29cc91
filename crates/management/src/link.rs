//! Addresses of the content plane: writing them, and reading those that people copied.

use axum::http::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use universal_p2p_core::{Backend, Hints, Recognized, Result};

/// What is encoded: everything that is not unreserved.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Parameters of an address that say how it is answered, and not where its content is.
const NOT_HINTS: [&str; 5] = ["from", "download", "filename", "format", "token"];

/// Writes the address of something below a resource: its encoded path on the content plane.
pub(crate) fn path<'a>(
    backend: &'a dyn Backend,
    kind: &'a str,
    id: &'a str,
    names: impl IntoIterator<Item = &'a str>,
) -> String {
    let own = [backend.protocol(), backend.version(), kind, id];
    let mut path = String::new();
    for segment in own.into_iter().chain(names) {
        path.push('/');
        path.push_str(&encoded(segment));
    }
    path
}

/// What hints add to an address; nothing where there are none.
pub(crate) fn query(hints: &Hints) -> String {
    let mut query = String::new();
    for (name, value) in hints.iter() {
        query.push(if query.is_empty() { '?' } else { '&' });
        query.push_str(&encoded(name));
        query.push('=');
        query.push_str(&encoded(value));
    }
    query
}

/// Percent-encodes all but what needs no encoding anywhere.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// Reads an address of a content plane, whichever agent's it is; none for what is none of this network.
pub(crate) fn read(backend: &dyn Backend, text: &str) -> Option<Result<Recognized>> {
    let uri: Uri = text.trim().parse().ok()?;
    let mut segments = uri.path().strip_prefix('/')?.split('/');
    let is_own = segments.next()? == backend.protocol() && segments.next()? == backend.version();
    let kind = segments.next()?;
    if !is_own || kind.is_empty() {
        return None;
    }
    let id = decoded(segments.next()?)?;
    let names = segments.filter(|segment| !segment.is_empty());
    let names: Option<Vec<_>> = names.map(decoded).collect();
    let names = names?;
    if names.iter().any(|name| name == "." || name == "..") {
        return None;
    }
    let (id, mut hints) = match backend.canonical(&id) {
        Ok(found) => found,
        Err(error) => return Some(Err(error)),
    };
    for (name, value) in parameters(uri.query().unwrap_or_default()) {
        if !NOT_HINTS.contains(&name.as_str()) {
            hints.push(name, value);
        }
    }
    let path = if kind == "stream" { names } else { Vec::new() };
    Some(Ok(Recognized { id, hints, path }))
}

fn parameters(query: &str) -> impl Iterator<Item = (String, String)> {
    query.split('&').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        let text = |part: &str| decoded(&part.replace('+', " "));
        Some((text(name)?, text(value)?))
    })
}

/// Decodes percent-encoding once, as UTF-8.
fn decoded(text: &str) -> Option<String> {
    let decoded = percent_decode_str(text).decode_utf8().ok()?;
    (!decoded.contains('\0')).then(|| decoded.into_owned())
}
