//! Whether a server's answer is what was asked for.

use std::time::{Duration, SystemTime};

use reqwest::{
    StatusCode,
    header::{self, HeaderMap, HeaderName},
};

use super::{Failure, Refused, SMALL, file::Slice};

/// The bounds of a wait that a server wishes.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(3600);

/// Checks the head of an answer. Returns how many bytes of its body come before those that are
/// wanted: some, where a server knows no ranges and sends the whole file.
///
/// # Errors
/// Why it is of no use.
pub(super) fn check(
    status: StatusCode,
    headers: &HeaderMap,
    slice: &Slice<'_>,
) -> Result<u64, Refused> {
    let skip = match status {
        StatusCode::PARTIAL_CONTENT => partial(headers, slice)?,
        StatusCode::OK => whole(headers, slice)?,
        StatusCode::NOT_FOUND | StatusCode::GONE => return Err(Refused::Gone),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            let failed = || Failure::Status(status.as_u16()).into();
            return Err(retry_after(headers).map_or_else(failed, Refused::Busy));
        }
        other => return Err(Failure::Status(other.as_u16()).into()),
    };
    match text(headers, &header::CONTENT_ENCODING) {
        None | Some("identity") => Ok(skip),
        Some(_) => Err(Failure::SomethingElse.into()),
    }
}

fn partial(headers: &HeaderMap, slice: &Slice<'_>) -> Result<u64, Failure> {
    let (first, last) = (slice.bytes.start, slice.bytes.end - 1);
    let range = text(headers, &header::CONTENT_RANGE).and_then(content_range);
    let is_right = range.is_some_and(|(sent_first, sent_last, of)| {
        let of = of.unwrap_or(slice.file.length);
        (sent_first, sent_last, of) == (first, last, slice.file.length)
    });
    let length = length(headers).unwrap_or(slice.len());
    if is_right && length == slice.len() {
        Ok(0)
    } else {
        Err(Failure::SomethingElse)
    }
}

fn whole(headers: &HeaderMap, slice: &Slice<'_>) -> Result<u64, Failure> {
    let is_right = length(headers).is_none_or(|length| length == slice.file.length);
    if is_right && slice.bytes.start <= SMALL {
        Ok(slice.bytes.start)
    } else {
        Err(Failure::SomethingElse)
    }
}

/// Reads `bytes 0-9/100`, or with an asterisk where the server does not know the length.
fn content_range(text: &str) -> Option<(u64, u64, Option<u64>)> {
    let (range, of) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let of = match of.trim() {
        "*" => None,
        of => Some(of.parse().ok()?),
    };
    Some((first.trim().parse().ok()?, last.trim().parse().ok()?, of))
}

/// Reads seconds or a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = text(headers, &header::RETRY_AFTER)?.trim();
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = httpdate::parse_http_date(text).ok()?;
            date.duration_since(SystemTime::now()).unwrap_or_default()
        }
    };
    Some(wait.clamp(SHORTEST, LONGEST))
}

fn length(headers: &HeaderMap) -> Option<u64> {
    text(headers, &header::CONTENT_LENGTH)?.parse().ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
