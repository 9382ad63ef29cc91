//! What holds for every answer: it says the same to browsers, it comes in time, it comes at all.

use std::{panic::AssertUnwindSafe, time::Duration};

use axum::{
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use tokio::time::timeout;

use crate::problem::Problem;

/// How long a call may take, its body included.
const LONGEST: Duration = Duration::from_secs(30);

/// What every answer says to browsers.
pub(crate) async fn headers(request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        answer
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
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
