//! The headers that every answer of the content plane carries, errors included.

use axum::http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, CONTENT_SECURITY_POLICY,
        CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    },
};

/// Whatever a browser makes of content, it runs no script and reaches nothing else.
const SANDBOX: &str = "sandbox; default-src 'none'; img-src 'self' data: blob:; \
    media-src 'self' data: blob:; style-src 'unsafe-inline'";

/// Chromium's own viewer shows no PDF inside a sandbox; a PDF has no origin to abuse without one.
const PDF: &str = "default-src 'none'; object-src 'self'; img-src 'self' data: blob:; \
    media-src 'self' data: blob:; style-src 'unsafe-inline'";

/// Our own pages are sandboxed alike, and their links may lead to something that is saved.
const OWN_PAGE: &str = "sandbox allow-downloads; default-src 'none'; style-src 'unsafe-inline'; \
    base-uri 'none'; form-action 'none'";

/// Marks an answer as a page that the gateway wrote itself.
#[derive(Clone, Copy)]
pub(crate) struct OwnPage;

/// Adds what every answer carries. Looks at nothing but the final media type.
pub(crate) fn add_fixed(headers: &mut HeaderMap, own_page: Option<OwnPage>) {
    let policy = match (own_page, headers.get(CONTENT_TYPE)) {
        (Some(OwnPage), _) => OWN_PAGE,
        (None, Some(media_type)) if media_type == "application/pdf" => PDF,
        (None, _) => SANDBOX,
    };
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
    fn only_a_pdf_leaves_the_sandbox() {
        for (media_type, sandboxed) in [
            ("application/pdf", false),
            ("text/html; charset=utf-8", true),
            ("image/svg+xml", true),
            ("application/xhtml+xml", true),
            ("text/xml", true),
            ("text/javascript; charset=utf-8", true),
            ("video/mp4", true),
        ] {
            let value = HeaderValue::from_static(media_type);
            let mut headers: HeaderMap = [(CONTENT_TYPE, value)].into_iter().collect();
            add_fixed(&mut headers, None);
            let policy = headers[CONTENT_SECURITY_POLICY].to_str().expect("text");
            assert_eq!(policy.starts_with("sandbox;"), sandboxed, "{media_type}");
            assert!(policy.contains("default-src 'none'"), "{media_type}");
            assert!(!policy.contains("script"), "{media_type}");
        }
    }
}
