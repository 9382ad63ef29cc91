//! Which bytes a request asks for.
//!
//! `http-range-header` parses one range at a time; what a range means for a length is worked out
//! here, because its own validation refuses what RFC 9110 allows (a suffix longer than the file,
//! overlaps, one range of several outside).

use std::ops::Range;

use axum::http::{HeaderMap, Method, header::RANGE};
use http_range_header::{
    EndPosition, RangeUnsatisfiableError, StartPosition, SyntacticallyCorrectRange,
    parse_range_header,
};
use universal_p2p_core::Meta;

use crate::{conditional, failure::Failure};

/// How many parts an answer has at most. More are answered with the whole file.
const MOST_PARTS: usize = 8;

/// The bytes of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    /// All of the file.
    Whole,
    /// These bytes of it: one range, or several that do not touch, in the order asked for.
    Parts(Vec<Range<u64>>),
}

/// Selects the bytes of a request. Ranges are defined for GET only (RFC 9110, section 14.2).
///
/// # Errors
/// 416 where there are ranges and none lies within the file.
pub(crate) fn select(
    method: &Method,
    headers: &HeaderMap,
    meta: &Meta,
) -> Result<Selection, Failure> {
    if method != Method::GET {
        return Ok(Selection::Whole);
    }
    let mut all = headers.get_all(RANGE).iter();
    // A header that is there twice is malformed, and a malformed one is as good as none.
    let (Some(header), None) = (all.next(), all.next()) else {
        return Ok(Selection::Whole);
    };
    let length = meta.length;
    match header.to_str().ok().and_then(|text| parse(text, length)) {
        Some(_) if !conditional::range_still_holds(headers, meta) => Ok(Selection::Whole),
        Some(ranges) if ranges.is_empty() => Err(Failure::RangeNotSatisfiable { length }),
        Some(ranges) => Ok(joined(ranges)),
        None => Ok(Selection::Whole),
    }
}

/// The ranges of a header that lie within a length; nothing where the header is to be ignored.
fn parse(header: &str, length: u64) -> Option<Vec<Range<u64>>> {
    let (unit, list) = header.trim().split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let elements = list
        .split(',')
        .map(|element| element.trim_matches([' ', '\t']));
    let mut elements = elements.filter(|element| !element.is_empty()).peekable();
    elements.peek()?;
    let mut ranges = Vec::new();
    for element in elements {
        match parse_range_header(&format!("bytes={}", plain_numbers(element)?)) {
            Ok(parsed) => ranges.extend(within(parsed.ranges.first()?, length)?),
            // The last no bytes: well formed, and nowhere within the file.
            Err(RangeUnsatisfiableError::ZeroSuffix) => {}
            Err(_) => return None,
        }
    }
    Some(ranges)
}

/// Writes the numbers of one range as the parser wants them: no zeros in front, none too large.
fn plain_numbers(element: &str) -> Option<String> {
    let plain = |digits: &str| {
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Some(match digits.trim_start_matches('0') {
            "" if digits.is_empty() => String::new(),
            "" => "0".to_owned(),
            number => number.parse::<u64>().unwrap_or(u64::MAX).to_string(),
        })
    };
    let (start, end) = element.split_once('-')?;
    Some(format!("{}-{}", plain(start)?, plain(end)?))
}

/// The part of a range that lies within a length, if any; nothing at all for a reversed range,
/// which makes its whole header malformed.
#[expect(
    clippy::option_option,
    reason = "malformed and outside are different answers"
)]
fn within(range: &SyntacticallyCorrectRange, length: u64) -> Option<Option<Range<u64>>> {
    let start = match range.start {
        StartPosition::Index(start) => start,
        StartPosition::FromLast(count) => length.saturating_sub(count),
    };
    let end = match range.end {
        EndPosition::Index(last) if last < start => return None,
        EndPosition::Index(last) => last.saturating_add(1).min(length),
        EndPosition::LastByte => length,
    };
    Some((start < end).then_some(start..end))
}

/// Joins ranges that overlap or touch, and gives up on too many.
fn joined(ranges: Vec<Range<u64>>) -> Selection {
    let mut sorted: Vec<(usize, Range<u64>)> = ranges.into_iter().enumerate().collect();
    sorted.sort_by_key(|(_, range)| range.start);
    let mut parts: Vec<(usize, Range<u64>)> = Vec::new();
    for (asked, range) in sorted {
        match parts.last_mut() {
            Some((first_asked, last)) if range.start <= last.end => {
                *first_asked = asked.min(*first_asked);
                last.end = range.end.max(last.end);
            }
            _ => parts.push((asked, range)),
        }
    }
    if parts.len() > MOST_PARTS {
        return Selection::Whole;
    }
    parts.sort_by_key(|(asked, _)| *asked);
    Selection::Parts(parts.into_iter().map(|(_, range)| range).collect())
}

#[cfg(test)]
mod tests;
