//! What holds for every answer: it says the same to browsers, it comes in time, it comes at all.

use std::{panic::AssertUnwindSafe, time::Duration};

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use tokio::time::timeout;

use crate::problem::Problem;

/// Who may use an answer in its page.
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");

/// How long a call may take, its body included.
const LONGEST: Duration = Duration::from_secs(30);

/// What the dashboard may load: its own files, and content to be shown.
pub(crate) fn policy(content: &str) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' {content}; \
         media-src {content}; connect-src 'self' {content}; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    let strictest =
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static(strictest))
}

/// What every answer says to browsers.
pub(crate) async fn headers(
    State(policy): State<HeaderValue>,
    request: Request,
    next: Next,
) -> Response {
    let mut answer = next.run(request).await;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let no_store = HeaderValue::from_static("no-store");
    headers.entry(header::CACHE_CONTROL).or_insert(no_store);
    answer
}

/// Answers even where the code below panics.
pub(crate) async fn panics(request: Request, next: Next) -> Response {
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    answer.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Problem::internal("a call", text.unwrap_or("a panic")).into_response()
    })
}

/// Ends the wait for calls that take too long.
pub(crate) async fn time(request: Request, next: Next) -> Response {
    let answer = timeout(LONGEST, next.run(request)).await;
    answer.unwrap_or_else(|_| {
        let detail = "it takes longer than 30 s and goes on by itself; look again later";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "slow", detail)
            .with(header::RETRY_AFTER, HeaderValue::from_static("30"))
            .into_response()
    })
}

/// The answer to addresses that are no calls.
pub(crate) async fn no_such_call() -> Problem {
    Problem::not_found("there is no such call; calls begin with /api/v0/")
}

/// The answer to methods that a call does not have. The router adds `Allow`.
pub(crate) async fn no_such_method() -> Problem {
    let detail = "the call does not have this method; Allow names those it has";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail)
}
