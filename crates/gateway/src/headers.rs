//! The headers that every answer of the content plane carries, errors included.

use axum::http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, CONTENT_SECURITY_POLICY,
        REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    },
};

/// Whatever a browser makes of content, it runs no script and reaches nothing else. Images, audio,
/// video, text and PDF still show when they are opened directly (Chromium 156).
const SANDBOX: &str = "sandbox; default-src 'none'; img-src 'self' data: blob:; \
    media-src 'self' data: blob:; style-src 'unsafe-inline'";

/// Our own pages are sandboxed alike, and their links may lead to something that is saved.
const OWN_PAGE: &str = "sandbox allow-downloads; default-src 'none'; style-src 'unsafe-inline'; \
    base-uri 'none'; form-action 'none'";

/// Marks an answer as a page that the gateway wrote itself.
#[derive(Clone, Copy)]
pub(crate) struct OwnPage;

/// Adds what every answer carries, of whatever media type.
pub(crate) fn add_fixed(headers: &mut HeaderMap, own_page: Option<OwnPage>) {
    let policy = own_page.map_or(SANDBOX, |OwnPage| OWN_PAGE);
    const FIXED: [(HeaderName, &str); 5] = [
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (
            ACCESS_CONTROL_EXPOSE_HEADERS,
            "Accept-Ranges, Content-Range, Content-Length, ETag",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "cross-origin",
        ),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in FIXED.into_iter().chain([(CONTENT_SECURITY_POLICY, policy)]) {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_the_sandbox() {
        for own_page in [None, Some(OwnPage)] {
            let mut headers = HeaderMap::new();
            add_fixed(&mut headers, own_page);
            let policy = headers[CONTENT_SECURITY_POLICY].to_str().expect("text");
            assert!(policy.starts_with("sandbox"), "{policy}");
            assert!(policy.contains("default-src 'none'"), "{policy}");
            assert!(
                !policy.contains("script") && !policy.contains("same-origin"),
                "{policy}"
            );
        }
    }
}
