//! The dashboard's files, which are part of the program.

use std::borrow::Cow;

use axum::{
    Router,
    http::{
        HeaderMap, HeaderValue, StatusCode, Uri,
        header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use data_encoding::HEXLOWER;
use rust_embed::{Embed, EmbeddedFile};
use tower_http::compression::CompressionLayer;

use crate::edge;

/// The page itself, which is not served as it lies there.
const PAGE: &str = "index.html";

/// What stands in the page in the place of the token.
const TOKEN: &str = "{{token}}";

/// Where all stylesheets are in one, as a browser waits for each request.
const STYLE: &str = "/style.css";

/// What a line of the page begins with that names a stylesheet, and what it ends with.
const LINK: (&str, &str) = ("<link rel=\"stylesheet\" href=\"/", "\">");

/// All files below `web-ui`.
#[derive(Embed)]
#[folder = "../../web-ui/"]
struct Files;

/// A route for each file but the page.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let files = Files::iter().filter(|path| path != PAGE);
    let routes = files.fold(Router::new(), |routes, path| {
        routes.route(&format!("/{path}"), get(file))
    });
    // Not the page: its length must not tell of the token.
    routes
        .route(STYLE, get(style))
        .layer(CompressionLayer::new())
}

/// The page with the token in it, and with one stylesheet in the place of all.
pub(crate) fn page(token: &str) -> String {
    let mut is_styled = false;
    let lines = plain_page().lines().fold(String::new(), |page, line| {
        let line = match stylesheet(line) {
            Some(_) if std::mem::replace(&mut is_styled, true) => return page,
            Some(_) => format!("  {}{}{}", LINK.0, STYLE.trim_start_matches('/'), LINK.1),
            None => line.to_owned(),
        };
        page + &line + "\n"
    });
    lines.replacen(TOKEN, token, 1)
}

fn plain_page() -> String {
    let page = Files::get(PAGE).map(|file| String::from_utf8_lossy(&file.data).into_owned());
    page.unwrap_or_default()
}

/// The stylesheet that a line of the page names.
fn stylesheet(line: &str) -> Option<&str> {
    line.trim().strip_prefix(LINK.0)?.strip_suffix(LINK.1)
}

/// All stylesheets, in the order of the page.
async fn style(headers: HeaderMap) -> Response {
    let (mut all, mut tags) = (Vec::new(), String::new());
    for file in plain_page()
        .lines()
        .filter_map(stylesheet)
        .filter_map(Files::get)
    {
        all.extend_from_slice(&file.data);
        tags.push_str(&digest(&file)[..8]);
    }
    answer(STYLE, all.into(), &format!("\"{tags}\""), &headers)
}

async fn file(uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    match Files::get(path) {
        Some(file) => {
            let tag = format!("\"{}\"", digest(&file));
            answer(path, file.data, &tag, &headers)
        }
        None => edge::no_such_call().await.into_response(),
    }
}

/// A file, unless the browser has it.
fn answer(path: &str, data: Cow<'static, [u8]>, tag: &str, headers: &HeaderMap) -> Response {
    let is_known = headers.get_all(IF_NONE_MATCH).iter().any(|known| {
        let tags = known.to_str().unwrap_or_default().split(',');
        let mut tags = tags.map(|known| known.trim().trim_start_matches("W/"));
        tags.any(|known| known == tag || known == "*")
    });
    let mut answer = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(CONTENT_TYPE, media_type(path))], data).into_response()
    };
    let headers = answer.headers_mut();
    // It is asked each time whether there is another, which comes with another program.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // A weak one: the file goes out compressed and as it is (RFC 9110, section 8.8.1).
    if let Ok(tag) = HeaderValue::from_str(&format!("W/{tag}")) {
        headers.insert(ETAG, tag);
    }
    answer
}

/// What tells a file from others, in hexadecimal digits.
fn digest(file: &EmbeddedFile) -> String {
    HEXLOWER.encode(&file.metadata.sha256_hash()[..16])
}

/// The media type of a file, by the end of its name.
fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "woff2" => "font/woff2",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use axum::{
        body::{Body, to_bytes},
        http::{HeaderName, Request, header::ACCEPT_ENCODING},
    };
    use tower::ServiceExt;

    use super::*;

    #[test]
    fn the_page_has_a_place_for_the_token() {
        let page = page("0123");
        assert!(
            page.contains("<meta name=\"token\" content=\"0123\">"),
            "{page}"
        );
        assert!(!page.contains(TOKEN));
    }

    #[tokio::test]
    async fn one_stylesheet_has_all_of_them() {
        let page = page("0123");
        assert_eq!(page.matches("rel=\"stylesheet\"").count(), 1, "{page}");
        let named = plain_page();
        let named: Vec<_> = named.lines().filter_map(stylesheet).collect();
        let there = Files::iter().filter(|path| path.ends_with(".css")).count();
        assert_eq!(named.len(), there);
        let request = Request::builder().uri(STYLE).body(Body::empty());
        let answer = routes::<()>().oneshot(request.expect("valid")).await;
        let body = to_bytes(answer.expect("infallible").into_body(), usize::MAX).await;
        let all: Vec<_> = named
            .iter()
            .flat_map(|path| Files::get(path).expect("it is there").data.into_owned())
            .collect();
        assert!(body.expect("a whole body") == all);
    }

    #[test]
    fn every_file_has_a_media_type_and_is_a_route() {
        for path in Files::iter() {
            assert_ne!(media_type(&path), "application/octet-stream", "{path}");
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
            assert!(path.bytes().all(is_plain), "{path}");
        }
        let _: Router = routes();
    }

    #[tokio::test]
    async fn a_file_goes_out_compressed_and_is_known_again() {
        let ask = |name: HeaderName, value: &str| {
            let request = Request::builder().uri("/app.js").header(name, value);
            routes::<()>().oneshot(request.body(Body::empty()).expect("valid"))
        };
        let answer = ask(ACCEPT_ENCODING, "gzip").await.expect("infallible");
        assert_eq!(answer.headers()["content-encoding"], "gzip");
        assert_eq!(answer.headers()["vary"], "accept-encoding");
        let tag = answer.headers()[ETAG].to_str().expect("text").to_owned();
        let plain = ask(ACCEPT_ENCODING, "identity").await.expect("infallible");
        assert_eq!(plain.headers().get("content-encoding"), None);
        assert_eq!(plain.headers()[ETAG], tag);
        let known = ask(IF_NONE_MATCH, &tag).await.expect("infallible");
        assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
    }
}
