//! Preconditions of a request: entity tags and dates, in the order of RFC 9110, section 13.2.2.

use std::time::{Duration, SystemTime};

use axum::http::{
    HeaderMap, HeaderName,
    header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE},
};
use universal_p2p_core::Meta;

use crate::failure::Failure;

/// Whether the client needs the file at all.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It does.
    Proceed,
    /// It has it already.
    NotModified,
}

/// Evaluates the preconditions of a GET or HEAD.
///
/// # Errors
/// 412 where the client insists on another version.
pub(crate) fn evaluate(headers: &HeaderMap, meta: &Meta) -> Result<Outcome, Failure> {
    let holds = if headers.contains_key(IF_MATCH) {
        names(headers, IF_MATCH, &meta.etag, Comparison::Strong)
    } else {
        match (date(headers, IF_UNMODIFIED_SINCE), modified(meta)) {
            (Some(since), Some(modified)) => modified <= since,
            _ => true,
        }
    };
    if !holds {
        return Err(Failure::PreconditionFailed);
    }
    let held = if headers.contains_key(IF_NONE_MATCH) {
        names(headers, IF_NONE_MATCH, &meta.etag, Comparison::Weak)
    } else {
        match (date(headers, IF_MODIFIED_SINCE), modified(meta)) {
            (Some(since), Some(modified)) => modified <= since,
            _ => false,
        }
    };
    Ok(if held {
        Outcome::NotModified
    } else {
        Outcome::Proceed
    })
}

/// Whether the client has what is tagged so already.
pub(crate) fn is_held(headers: &HeaderMap, etag: &str) -> bool {
    names(headers, IF_NONE_MATCH, etag, Comparison::Weak)
}

/// Whether ranges count: there is no `If-Range`, or it names exactly this version.
pub(crate) fn range_still_holds(headers: &HeaderMap, meta: &Meta) -> bool {
    let Some(condition) = headers.get(IF_RANGE) else {
        return true;
    };
    match condition.to_str().map(str::trim) {
        // A weak tag cannot promise that two halves fit together.
        Ok(tag) if tag.starts_with('"') => tag == format!("\"{}\"", meta.etag),
        Ok(_) => date(headers, IF_RANGE).is_some_and(|date| modified(meta) == Some(date)),
        Err(_) => false,
    }
}

/// When the file was last changed, in the whole seconds that a header can say.
fn modified(meta: &Meta) -> Option<SystemTime> {
    let since = meta.modified?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs()))
}

fn date(headers: &HeaderMap, name: HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?.trim()).ok()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    /// Both tags are strong.
    Strong,
    /// Weak tags count as well.
    Weak,
}

/// Whether a list of tags names this one.
fn names(headers: &HeaderMap, name: HeaderName, etag: &str, comparison: Comparison) -> bool {
    let lines = headers.get_all(name).iter();
    let mut texts = lines.filter_map(|line| line.to_str().ok());
    texts.any(|text| text.trim() == "*" || lists(text, etag, comparison))
}

fn lists(mut text: &str, etag: &str, comparison: Comparison) -> bool {
    loop {
        text = text.trim_start_matches([' ', '\t', ',']);
        let (weak, quoted) = match text.strip_prefix("W/") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let inside = quoted.strip_prefix('"');
        let Some((tag, rest)) = inside.and_then(|inside| inside.split_once('"')) else {
            return false;
        };
        if tag == etag && (comparison == Comparison::Weak || !weak) {
            return true;
        }
        text = rest;
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use universal_p2p_core::Freshness;

    use super::*;

    const THEN: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const LATER: &str = "Mon, 07 Nov 1994 08:49:37 GMT";
    const BEFORE: &str = "Sat, 05 Nov 1994 08:49:37 GMT";

    fn meta(modified: Option<&str>) -> Meta {
        let half = Duration::from_millis(500);
        let parse = |text| httpdate::parse_http_date(text).expect("a date") + half;
        Meta {
            name: "a".into(),
            length: 10,
            etag: "a,b".into(),
            item: None,
            modified: modified.map(parse),
            freshness: Freshness::Immutable,
        }
    }

    fn headers<const N: usize>(all: [(HeaderName, &'static str); N]) -> HeaderMap {
        all.into_iter()
            .map(|(name, value)| (name, HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn tags_in_lists_are_found() {
        for (list, weak, strong) in [
            (r#""a,b""#, true, true),
            (r#"W/"a,b""#, true, false),
            (r#""x", "a,b""#, true, true),
            (r#""x",W/"a,b" , "y""#, true, false),
            ("*", true, true),
            (r#""a", "b""#, false, false),
            ("a,b", false, false),
            (r#""a,b"#, false, false),
            ("", false, false),
        ] {
            let none = evaluate(&headers([(IF_NONE_MATCH, list)]), &meta(None));
            assert_eq!(matches!(none, Ok(Outcome::NotModified)), weak, "{list}");
            let some = evaluate(&headers([(IF_MATCH, list)]), &meta(None));
            assert_eq!(some.is_ok(), strong, "{list}");
        }
    }

    #[test]
    fn dates_count_only_without_tags() {
        let dated = meta(Some(THEN));
        let outcome = |map| evaluate(&map, &dated);
        let fresh = |map| matches!(outcome(map), Ok(Outcome::NotModified));
        assert!(fresh(headers([(IF_MODIFIED_SINCE, THEN)])));
        assert!(fresh(headers([(IF_MODIFIED_SINCE, LATER)])));
        assert!(!fresh(headers([(IF_MODIFIED_SINCE, BEFORE)])));
        assert!(!fresh(headers([
            (IF_NONE_MATCH, r#""x""#),
            (IF_MODIFIED_SINCE, LATER)
        ])));
        assert!(outcome(headers([(IF_UNMODIFIED_SINCE, BEFORE)])).is_err());
        assert!(outcome(headers([(IF_UNMODIFIED_SINCE, THEN)])).is_ok());
        assert!(
            outcome(headers([
                (IF_MATCH, r#""a,b""#),
                (IF_UNMODIFIED_SINCE, BEFORE)
            ]))
            .is_ok()
        );
        assert!(evaluate(&headers([(IF_MODIFIED_SINCE, LATER)]), &meta(None)).is_ok());
    }

    #[test]
    fn a_range_holds_only_for_exactly_this_version() {
        let dated = meta(Some(THEN));
        for (condition, holds) in [
            (r#""a,b""#, true),
            (r#"W/"a,b""#, false),
            (r#""x""#, false),
            (THEN, true),
            (LATER, false),
            (BEFORE, false),
            ("nonsense", false),
        ] {
            let map = headers([(IF_RANGE, condition)]);
            assert_eq!(range_still_holds(&map, &dated), holds, "{condition}");
        }
        assert!(!range_still_holds(
            &headers([(IF_RANGE, THEN)]),
            &meta(None)
        ));
        assert!(range_still_holds(&HeaderMap::new(), &dated));
    }
}
