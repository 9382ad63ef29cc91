//! Heads of answers.

use std::{ops::Range, time::SystemTime};

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderName, HeaderValue, Response, StatusCode,
        header::{
            ACCEPT_RANGES, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
            ACCESS_CONTROL_MAX_AGE, ALLOW, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH,
            CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED, LOCATION,
        },
    },
};
use universal_p2p_core::{ByteStream, Freshness, Meta};

use crate::{
    asked::Asked, body::Content, held::Sought, limits::Permit, multipart::Frames, problem::METHODS,
    range::Selection,
};

/// What caches may do with an address that is made from its content.
pub(crate) const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// When the year 10000 begins, in seconds since 1970.
const YEAR_10000: u64 = 253_402_300_800;

/// The answer to a request for a file, all but its bytes.
pub(crate) struct FileAnswer {
    status: StatusCode,
    headers: HeaderMap,
    /// The ranges to read, in the order they are sent.
    pub(crate) ranges: Vec<Range<u64>>,
    frames: Option<Frames>,
    length: u64,
}

impl FileAnswer {
    /// Writes the head for the selected bytes of a file.
    pub(crate) fn new(
        asked: &Asked<'_>,
        sought: &Sought,
        selection: Selection,
        media_type: &str,
    ) -> Self {
        let meta = sought.file.meta();
        let mut headers = validators(meta);
        let disposition = asked.disposition().unwrap_or(sought.disposition);
        let name = disposition.header(asked.name(&meta.name));
        headers.insert(CONTENT_DISPOSITION, name);
        set(&mut headers, ACCEPT_RANGES, "bytes");
        let whole = 0..meta.length;
        let (status, ranges) = match selection {
            Selection::Whole => (StatusCode::OK, Vec::from([whole])),
            Selection::Parts(ranges) => (StatusCode::PARTIAL_CONTENT, ranges),
        };
        let mut frames = None;
        let mut length = ranges.iter().map(|range| range.end - range.start).sum();
        match ranges.as_slice() {
            [range] if status == StatusCode::PARTIAL_CONTENT => {
                let (first, last) = (range.start, range.end - 1);
                let place = format!("bytes {first}-{last}/{}", meta.length);
                set(&mut headers, CONTENT_RANGE, &place);
                set(&mut headers, CONTENT_TYPE, media_type);
            }
            [_] => set(&mut headers, CONTENT_TYPE, media_type),
            several => {
                let around = Frames::new(several, media_type, meta.length);
                set(&mut headers, CONTENT_TYPE, &around.media_type());
                length = around.length();
                frames = Some(around);
            }
        }
        set(&mut headers, CONTENT_LENGTH, &length.to_string());
        Self {
            status,
            headers,
            ranges,
            frames,
            length,
        }
    }

    /// The head alone.
    pub(crate) fn without_body(self) -> Response<Body> {
        respond(self.status, self.headers, Body::empty())
    }

    /// The head and the bytes. The permit is held until the last byte is handed over.
    pub(crate) fn with_body(self, source: ByteStream, permit: Permit) -> Response<Body> {
        let source = match self.frames {
            Some(frames) => frames.around(source),
            None => source,
        };
        let content = Content::new(source, self.length, permit);
        respond(self.status, self.headers, Body::new(content))
    }
}

/// The client has this version already.
pub(crate) fn not_modified(meta: &Meta) -> Response<Body> {
    respond(StatusCode::NOT_MODIFIED, validators(meta), Body::empty())
}

/// The right address of a directory.
pub(crate) fn moved_for_good(to: &str) -> Response<Body> {
    redirect(StatusCode::PERMANENT_REDIRECT, to, "no-cache")
}

/// The right spelling of an id.
pub(crate) fn found(to: &str) -> Response<Body> {
    redirect(StatusCode::FOUND, to, "no-cache")
}

/// The right address of a directory, as standard gateways say it.
pub(crate) fn moved(to: &str) -> Response<Body> {
    redirect(StatusCode::MOVED_PERMANENTLY, to, "no-cache")
}

/// The dashboard, whose address is not the content plane's to promise.
pub(crate) fn dashboard(address: &str) -> Response<Body> {
    redirect(StatusCode::FOUND, &format!("{address}/"), "no-store")
}

/// What a page may ask for: the answer to a preflight.
pub(crate) fn options() -> Response<Body> {
    let mut headers = HeaderMap::new();
    set(&mut headers, ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    let allowed = "Range, If-Range, If-None-Match";
    set(&mut headers, ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    set(&mut headers, ACCESS_CONTROL_MAX_AGE, "86400");
    set(&mut headers, ALLOW, METHODS);
    respond(StatusCode::NO_CONTENT, headers, Body::empty())
}

/// A small body of a known type.
pub(crate) fn small(media_type: &str, cache: &str, body: impl Into<Body>) -> Response<Body> {
    let mut headers = HeaderMap::new();
    set(&mut headers, CONTENT_TYPE, media_type);
    set(&mut headers, CACHE_CONTROL, cache);
    respond(StatusCode::OK, headers, body.into())
}

/// What a cache needs to know of a version.
fn validators(meta: &Meta) -> HeaderMap {
    let mut headers = HeaderMap::new();
    set(&mut headers, ETAG, &format!("\"{}\"", meta.etag));
    let cache = match meta.freshness {
        Freshness::Immutable => IMMUTABLE.to_owned(),
        Freshness::For(time) => format!("public, max-age={}", time.as_secs()),
    };
    set(&mut headers, CACHE_CONTROL, &cache);
    if let Some(date) = meta.modified.and_then(date) {
        set(&mut headers, LAST_MODIFIED, &date);
    }
    headers
}

/// A time in the form of HTTP; none before 1970 and after 9999, where the crate that writes it would
/// panic.
pub(crate) fn date(time: SystemTime) -> Option<String> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    (since.as_secs() < YEAR_10000).then(|| httpdate::fmt_http_date(time))
}

fn redirect(status: StatusCode, to: &str, cache: &str) -> Response<Body> {
    let mut headers = HeaderMap::new();
    set(&mut headers, LOCATION, to);
    set(&mut headers, CACHE_CONTROL, cache);
    respond(status, headers, Body::empty())
}

fn respond(status: StatusCode, headers: HeaderMap, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// Sets a header, unless its value cannot be one.
pub(crate) fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    match HeaderValue::from_str(value) {
        Ok(value) => {
            headers.insert(name, value);
        }
        Err(_) => tracing::error!(%name, value, "a header was left out"),
    }
}
