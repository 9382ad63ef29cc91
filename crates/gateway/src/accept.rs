//! What a client prefers, read from `Accept` no further than is needed here.

use axum::http::{HeaderMap, header::ACCEPT};

use crate::query::Format;

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

/// The form of content to be checked that a client names before all others.
pub(crate) fn proof(headers: &HeaderMap) -> Option<Format> {
    let forms = [
        ("application/vnd.ipld.raw", Format::Raw),
        ("application/vnd.ipld.car", Format::Car),
        ("application/vnd.ipfs.ipns-record", Format::Record),
    ];
    let weighed = forms.map(|(media_type, form)| (weight(headers, media_type), form));
    let best = weighed
        .into_iter()
        .reduce(|best, next| if next.0 > best.0 { next } else { best });
    let (weighs, form) = best?;
    (weighs > 0.0 && weighs >= weight(headers, "text/html")).then_some(form)
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
            ("text/html, application/vnd.ipld.raw;q=0.1", None),
            ("*/*", None),
        ] {
            assert_eq!(proof(&accept(text)), want, "{text}");
        }
    }
}
