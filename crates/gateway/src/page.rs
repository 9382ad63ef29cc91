//! The few pages that the gateway writes itself: plain HTML without scripts.

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE},
};

use crate::headers::OwnPage;

const STYLE: &str = ":root{color-scheme:light dark}\
    body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}\
    h1,caption{font-size:1.2rem;font-weight:600;text-align:start;overflow-wrap:anywhere}\
    table{width:100%;border-collapse:collapse}\
    td,th{padding:.35rem .5rem;border-top:1px solid color-mix(in srgb,currentColor 20%,transparent);\
    text-align:start;overflow-wrap:anywhere}\
    td+td,th+th{text-align:end;white-space:nowrap;font-variant-numeric:tabular-nums}\
    .in{font-size:.85em;margin-inline-start:.5em}";

/// Puts a title and a body, both of them HTML already, into an answer.
pub(crate) fn answer(status: StatusCode, title: &str, body: &str) -> Response<Body> {
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}</title><style>{STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    );
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = status;
    let media_type = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response.extensions_mut().insert(OwnPage);
    response
}

/// Makes hostile text harmless inside HTML text and quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter if letter.is_control() => safe.push('\u{fffd}'),
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_only_text() {
        assert_eq!(
            escape("<a href='x' id=\"y\">&\n</a>"),
            "&lt;a href=&#39;x&#39; id=&quot;y&quot;&gt;&amp;\u{fffd}&lt;/a&gt;"
        );
    }
}
