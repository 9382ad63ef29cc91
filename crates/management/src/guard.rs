//! Who may call.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{Token, problem::Problem};

/// Answers loopback hosts only: a name that an attacker points at this machine is another origin.
pub(crate) async fn host(request: Request, next: Next) -> Response {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    let host = request
        .uri()
        .authority()
        .map(axum::http::uri::Authority::as_str)
        .or(host);
    let refused = match (host, hosts.next()) {
        (Some(host), None) if is_loopback(host) => {
            if request.headers().contains_key("service-worker") {
                Problem::bad_call("there is no script for a service worker here")
            } else {
                return next.run(request).await;
            }
        }
        (Some(_), None) => Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "wrong-host",
            "this host is not served here; use 127.0.0.1",
        ),
        _ => Problem::bad_call("a request has exactly one Host"),
    };
    refused.into_response()
}

/// Lets calls through that carry the token and do not come from another origin's page.
pub(crate) async fn caller(State(token): State<Token>, request: Request, next: Next) -> Response {
    if is_foreign_page(request.headers()) {
        let detail = "pages of other origins may not call this";
        return Problem::new(StatusCode::FORBIDDEN, "foreign-page", detail).into_response();
    }
    if has_token(request.headers(), &token) {
        return next.run(request).await;
    }
    let detail = "send Authorization: Bearer with the token from the data directory";
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
        .with(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
        .into_response()
}

/// Keeps what needs no token from being used by pages of other origins; links may lead to it.
pub(crate) async fn reader(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let mode = headers.get("sec-fetch-mode").map(HeaderValue::as_bytes);
    if mode != Some(b"navigate") && is_foreign_page(headers) {
        let detail = "pages of other origins may not use this";
        return Problem::new(StatusCode::FORBIDDEN, "foreign-page", detail).into_response();
    }
    next.run(request).await
}

/// Whether a request carries the token.
pub(crate) fn has_token(headers: &HeaderMap, token: &Token) -> bool {
    let given = headers.get(header::AUTHORIZATION);
    let given = given.and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer "));
    given.is_some_and(|given| token.is(given))
}

fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    ["127.0.0.1", "[::1]", "localhost"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
}

fn is_foreign_page(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    if site.is_some_and(|site| site != b"same-origin" && site != b"none") {
        return true;
    }
    let Some(origin) = headers.get(header::ORIGIN) else {
        return false;
    };
    let own = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    own.is_none_or(|own| origin.as_bytes() != format!("http://{own}").as_bytes())
}
