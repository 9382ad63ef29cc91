//! Directories: a page for people, JSON for programs.

mod index;

use std::{fmt::Write, sync::Arc};

use axum::{
    body::Body,
    http::{
        HeaderValue, Response, StatusCode,
        header::{CACHE_CONTROL, ETAG, VARY},
    },
};
use percent_encoding::utf8_percent_encode;
use serde::Serialize;
use universal_p2p_core::{Dir, Entry, EntryKind, Error, Expand, Freshness, Trace, natural};

use crate::{
    accept,
    address::PLAIN,
    answer,
    asked::Asked,
    conditional,
    page::{self, escape},
    query::Format,
};

/// A listing may change its form with every version of the gateway.
const CACHE: &str = "no-cache";

/// At standard addresses it may be shown for a while before that is seen.
const CACHE_INDEX: &str = "public, max-age=604800, stale-while-revalidate=2678400";

/// What the table of a directory in an archive has further columns for.
const IN_ARCHIVE: &str = "<th scope=\"col\">Packed</th><th scope=\"col\">Method</th>\
    <th scope=\"col\">Seek</th><th scope=\"col\">Modified</th>";

#[derive(Serialize)]
struct Listing {
    path: String,
    entries: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    /// In bytes; nothing for a directory.
    length: Option<u64>,
    /// Bytes that it takes in its archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    packed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'static str>,
    /// In the form of HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seekable: Option<bool>,
    /// Its own content address.
    #[serde(rename = "cid", skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    url: String,
    /// Where what is in it is listed, if it looks like an archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    contents: Option<String>,
}

/// Lists a directory: directories first, then files, each in the order people sort names.
///
/// # Errors
/// Whatever kept the directory from being read.
pub(crate) async fn answer(
    dir: &Arc<dyn Dir>,
    asked: &Asked<'_>,
    expand: &dyn Expand,
    trace: &Trace,
) -> Result<Response<Body>, Error> {
    let standard = Standard::of(asked, trace);
    if let Some(standard) = &standard
        && standard.is_held(asked)
    {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        standard.mark(&mut response);
        return Ok(response);
    }
    let mut entries = dir.list().await?;
    let is_file = |entry: &Entry| matches!(entry.kind, EntryKind::File { .. });
    entries.sort_by(|one, other| {
        let order = is_file(one).cmp(&is_file(other));
        order.then_with(|| natural::compare(&one.name, &other.name))
    });
    let listing = lines(entries, asked, expand);
    let mut response = match form(asked) {
        Format::Json => {
            let json = serde_json::to_vec(&listing)
                .map_err(|error| Error::internal("writing a listing", error))?;
            answer::small("application/json", CACHE, json)
        }
        _ if asked.resource.is_standard => index::page(&listing, asked),
        _ => as_page(&listing, dir.name(), asked),
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(CACHE));
    headers.insert(VARY, HeaderValue::from_static("Accept"));
    if let Some(standard) = &standard {
        standard.mark(&mut response);
    }
    Ok(response)
}

/// What caches need to know of a listing at a standard address.
struct Standard<'a> {
    /// The content address of the directory.
    cid: &'a str,
    etag: String,
    cache: String,
}

impl<'a> Standard<'a> {
    fn of(asked: &Asked<'_>, trace: &'a Trace) -> Option<Self> {
        let cid = trace.roots.last().filter(|_| asked.resource.is_standard)?;
        let kind = match (&trace.data, form(asked)) {
            (Some(_), _) => "DagIndex",
            (None, Format::Json) => "DirList",
            (None, _) => "DirIndex",
        };
        Some(Self {
            cid,
            etag: format!("{kind}-{}_CID-{cid}", env!("CARGO_PKG_VERSION")),
            cache: match trace.freshness {
                Freshness::Immutable => CACHE_INDEX.to_owned(),
                Freshness::For(time) => format!("public, max-age={}", time.as_secs()),
            },
        })
    }

    /// Whether a client has it already, or says that it has all of the directory.
    fn is_held(&self, asked: &Asked<'_>) -> bool {
        let tags = [self.etag.as_str(), self.cid];
        tags.iter()
            .any(|tag| conditional::is_held(asked.headers(), tag))
    }

    fn mark(&self, response: &mut Response<Body>) {
        let headers = response.headers_mut();
        answer::set(headers, ETAG, &format!("\"{}\"", self.etag));
        answer::set(headers, CACHE_CONTROL, &self.cache);
    }
}

/// The form that is wanted of a listing.
fn form(asked: &Asked<'_>) -> Format {
    match asked.query.format {
        Some(format @ (Format::Html | Format::Json)) => format,
        _ if accept::json_for_listing(asked.headers()) => Format::Json,
        _ => Format::Html,
    }
}

fn lines(entries: Vec<Entry>, asked: &Asked<'_>, expand: &dyn Expand) -> Listing {
    let (resource, carried) = (asked.resource, &asked.query.carried);
    // What all links begin with is encoded once: there may be thousands.
    let here = resource.link("stream", resource.names(), true);
    let line = |entry: Entry| {
        let (kind, length, slash) = match entry.kind {
            EntryKind::File { length } => ("file", Some(length), ""),
            EntryKind::Dir => ("directory", None, "/"),
        };
        let name = utf8_percent_encode(&entry.name, PLAIN);
        let is_likely = length.is_some() && expand.is_likely(&entry.name);
        Line {
            contents: is_likely.then(|| format!("{here}{name}/{carried}")),
            url: format!("{here}{name}{slash}{carried}"),
            name: entry.name,
            kind,
            length,
            packed: entry.details.packed,
            method: entry.details.method,
            modified: entry.details.modified.and_then(answer::date),
            seekable: entry.details.seekable,
            address: entry.details.address,
        }
    };
    let mut path = String::from("/");
    for name in resource.names() {
        path.push_str(name);
        path.push('/');
    }
    Listing {
        path,
        entries: entries.into_iter().map(line).collect(),
    }
}

impl Listing {
    /// What stands above the listing of a standard address.
    fn name(&self, asked: &Asked<'_>) -> String {
        format!("{}{}", asked.resource.id, self.path)
    }
}

fn as_page(listing: &Listing, name: &str, asked: &Asked<'_>) -> Response<Body> {
    let resource = asked.resource;
    let title = match (listing.path.as_str(), name) {
        ("/", "") => resource.id.clone(),
        ("/", name) => name.to_owned(),
        (path, _) => path.to_owned(),
    };
    let title = escape(&title);
    let in_archive = listing.entries.iter().any(|line| line.method.is_some());
    let mut rows = String::new();
    if !resource.path.is_empty() {
        let above = resource.names().take(resource.path.len() - 1);
        let above = resource.link("stream", above, true) + &asked.query.carried;
        let above = escape(&above);
        let columns = if in_archive { 6 } else { 2 };
        let _ = writeln!(
            rows,
            "<tr><td colspan=\"{columns}\"><a href=\"{above}\">../</a></td></tr>"
        );
    }
    for line in &listing.entries {
        let (url, name) = (escape(&line.url), escape(&line.name));
        let slash = if line.length.is_none() { "/" } else { "" };
        let length = line.length.map(size).unwrap_or_default();
        // A name in right-to-left letters must not turn its neighbours around.
        let _ = write!(
            rows,
            "<tr><td><a href=\"{url}\"><bdi>{name}</bdi>{slash}</a>"
        );
        if let Some(contents) = &line.contents {
            let contents = escape(contents);
            let _ = write!(
                rows,
                " <a class=\"in\" href=\"{contents}\" aria-label=\"contents of {name}\">open</a>"
            );
        }
        let _ = write!(rows, "</td><td>{length}</td>");
        if in_archive {
            let packed = line.packed.map(size).unwrap_or_default();
            let method = escape(line.method.unwrap_or_default());
            let modified = line.modified.as_deref().unwrap_or_default();
            let seek = match line.seekable {
                Some(true) => "at once",
                Some(false) => "after unpacking",
                None => "",
            };
            let _ = write!(
                rows,
                "<td>{packed}</td><td>{method}</td><td>{seek}</td><td>{modified}</td>"
            );
        }
        rows.push_str("</tr>\n");
    }
    let more = if in_archive { IN_ARCHIVE } else { "" };
    let body = format!(
        "<table><caption><bdi>{title}</bdi></caption>\n\
         <thead><tr><th scope=\"col\">Name</th><th scope=\"col\">Size</th>{more}</tr></thead>\n\
         <tbody>\n{rows}</tbody></table>"
    );
    page::answer(StatusCode::OK, &title, &body)
}

/// A length for people, in powers of a thousand.
fn size(length: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if length < 1000 {
        return format!("{length} B");
    }
    let mut unit = 1000;
    let mut name = UNITS[0];
    for larger in &UNITS[1..] {
        if length / unit < 1000 {
            break;
        }
        unit *= 1000;
        name = larger;
    }
    let tenths = u128::from(length) * 10 / u128::from(unit);
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (length, want) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (1_450_000, "1.4 MB"),
            (999_999_999, "999.9 MB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(size(length), want);
        }
    }
}
