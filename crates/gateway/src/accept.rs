//! What a client prefers, read from `Accept` no further than is needed here.

use axum::http::{HeaderMap, header::ACCEPT};

use crate::{query::Format, standard::form::Kind};

/// An archive of blocks.
const CAR: &str = "application/vnd.ipld.car";

/// How many choices of one client are looked at.
const MOST_CHOICES: usize = 64;

/// The weight of a media type that a client names itself; 0 where it does not.
///
/// Wildcards do not count: what says nothing special gets the default.
fn weight(headers: &HeaderMap, media_type: &str) -> f32 {
    let lines = headers.get_all(ACCEPT).iter();
    let texts = lines.filter_map(|line| line.to_str().ok());
    let mut best = 0.0;
    for choice in texts.flat_map(|text| text.split(',')) {
        let mut parts = choice.split(';').map(str::trim);
        if parts
            .next()
            .is_some_and(|named| named.eq_ignore_ascii_case(media_type))
        {
            let given = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
            let weight = given.map_or(1.0, |text| text.trim().parse().unwrap_or(0.0));
            best = f32::max(best, weight);
        }
    }
    best
}

/// Whether an error is shown as a page rather than as `application/problem+json`.
pub(crate) fn page_for_error(headers: &HeaderMap) -> bool {
    let json = weight(headers, "application/json").max(weight(headers, "application/problem+json"));
    weight(headers, "text/html") > json
}

/// The format that a client names before all others. Those that only special clients name go before
/// those that browsers do.
pub(crate) fn format(headers: &HeaderMap) -> Option<Format> {
    let formats = [
        ("application/vnd.ipld.raw", Format::Raw),
        (CAR, Format::Car),
        ("application/vnd.ipfs.ipns-record", Format::Record),
        ("application/x-tar", Format::Tar),
        ("application/vnd.ipld.dag-json", Format::DagJson),
        ("application/vnd.ipld.dag-cbor", Format::DagCbor),
        ("text/html", Format::Html),
        ("application/json", Format::Json),
        ("application/cbor", Format::Cbor),
    ];
    let weighed = formats.map(|(media_type, format)| (weight(headers, media_type), format));
    let best = weighed
        .into_iter()
        .reduce(|best, next| if next.0 > best.0 { next } else { best });
    let (weighs, format) = best?;
    (weighs > 0.0).then_some(format)
}

/// Whether a client takes what it did not name.
pub(crate) fn takes_anything(headers: &HeaderMap) -> bool {
    weight(headers, "*/*") > 0.0
}

/// The archives that a client names, the first one first; one of any kind where it names none.
pub(crate) fn archives(headers: &HeaderMap) -> Vec<Kind<'_>> {
    let lines = headers.get_all(ACCEPT).iter();
    let texts = lines.filter_map(|line| line.to_str().ok());
    let mut found = Vec::new();
    for choice in texts.flat_map(|text| text.split(',')).take(MOST_CHOICES) {
        let mut parts = choice.split(';').map(str::trim);
        if !parts
            .next()
            .is_some_and(|named| named.eq_ignore_ascii_case(CAR))
        {
            continue;
        }
        let mut kind = Kind::default();
        for part in parts {
            match part.split_once('=') {
                Some(("version", value)) => kind.version = Some(value),
                Some(("order", value)) => kind.order = Some(value),
                Some(("dups", value)) => kind.repeats = Some(value),
                _ => {}
            }
        }
        found.push(kind);
    }
    if found.is_empty() {
        found.push(Kind::default());
    }
    found
}

/// Whether a listing is given as JSON rather than as a page.
pub(crate) fn json_for_listing(headers: &HeaderMap) -> bool {
    let json = weight(headers, "application/json");
    json > 0.0 && json >= weight(headers, "text/html")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn accept(text: &'static str) -> HeaderMap {
        [(ACCEPT, HeaderValue::from_static(text))]
            .into_iter()
            .collect()
    }

    #[test]
    fn pages_go_to_browsers_and_json_to_programs() {
        let browser = accept("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
        assert!(page_for_error(&browser) && !json_for_listing(&browser));
        for (program, json) in [
            ("*/*", false),
            ("application/json", true),
            ("application/json, text/plain, */*", true),
            ("text/html;q=0.5, Application/JSON; q=0.9", true),
            ("application/json;q=0", false),
            ("video/*", false),
        ] {
            assert!(!page_for_error(&accept(program)), "{program}");
            assert_eq!(json_for_listing(&accept(program)), json, "{program}");
        }
        assert!(page_for_error(&accept(
            "application/problem+json;q=0.2, text/html;q=0.3"
        )));
        assert!(!page_for_error(&HeaderMap::new()));
    }

    #[test]
    fn content_to_be_checked_is_named() {
        for (text, want) in [
            ("application/vnd.ipld.raw", Some(Format::Raw)),
            (
                "application/vnd.ipld.car; version=1; order=dfs",
                Some(Format::Car),
            ),
            (
                "application/vnd.ipld.raw;q=0.5, application/vnd.ipld.car",
                Some(Format::Car),
            ),
            ("application/vnd.ipfs.ipns-record", Some(Format::Record)),
            (
                "text/html, application/vnd.ipld.raw;q=0.1",
                Some(Format::Html),
            ),
            (
                "foo, application/vnd.ipld.dag-cbor,bar",
                Some(Format::DagCbor),
            ),
            ("application/json, text/plain, */*", Some(Format::Json)),
            ("*/*", None),
        ] {
            assert_eq!(format(&accept(text)), want, "{text}");
        }
    }

    #[test]
    fn archives_are_named_in_order() {
        let headers = accept(
            "application/vnd.ipld.car;order=foo, application/vnd.ipld.car; version=1;dups=y;q=0.5",
        );
        let found = archives(&headers);
        assert_eq!(
            (
                found.len(),
                found[0].order,
                found[1].repeats,
                found[1].version
            ),
            (2, Some("foo"), Some("y"), Some("1"))
        );
        assert_eq!(archives(&accept("*/*")), [Kind::default()]);
    }
}
