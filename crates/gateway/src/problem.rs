//! The edge where failures become statuses.

use std::time::Duration;

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderName, HeaderValue, Response, StatusCode,
        header::{
            ALLOW, CACHE_CONTROL, CONTENT_RANGE, CONTENT_TYPE, RETRY_AFTER, VARY, WWW_AUTHENTICATE,
        },
    },
};
use serde_json::json;
use universal_p2p_core::Error;

use crate::{
    Ban, accept,
    failure::Failure,
    page::{self, escape},
};

/// The methods of the content plane, as `Allow` names them.
pub(crate) const METHODS: &str = "GET, HEAD, OPTIONS";

/// When a client comes back after the agent was stopped, or a program that it needs.
const AFTER_STOP: Duration = Duration::from_secs(10);

/// When a client comes back for what nobody had.
const AFTER_MISS: Duration = Duration::from_secs(30);

/// What a client is told about a failure.
struct Problem {
    status: StatusCode,
    /// The stable word for programs.
    reason: &'static str,
    /// The sentence for people, which names the cure.
    detail: String,
    header: Option<(HeaderName, String)>,
}

impl Problem {
    fn new(status: StatusCode, reason: &'static str, detail: String) -> Self {
        Self {
            status,
            reason,
            detail,
            header: None,
        }
    }

    fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.header = Some((name, value.into()));
        self
    }
}

/// Logs a failure and makes an answer of it, in the form that the client prefers.
pub(crate) fn answer(failure: &Failure, asked: &HeaderMap) -> Response<Body> {
    let problem = problem(failure);
    if problem.status == StatusCode::INTERNAL_SERVER_ERROR {
        tracing::error!(?failure, "a request failed inside the agent");
    } else {
        tracing::debug!(
            status = problem.status.as_u16(),
            detail = problem.detail,
            "refused"
        );
    }
    let title = problem.status.canonical_reason().unwrap_or("Failure");
    let mut response = if accept::page_for_error(asked) {
        let heading = format!("{} {title}", problem.status.as_u16());
        let detail = escape(&problem.detail);
        let body = format!(
            "<h1>{heading}</h1>\n<p>{detail}</p>\n<p>{}</p>",
            problem.reason
        );
        page::answer(problem.status, &heading, &body)
    } else {
        as_json(&problem, title)
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(VARY, HeaderValue::from_static("Accept"));
    if let Some((name, value)) = problem.header
        && let Ok(value) = HeaderValue::try_from(value)
    {
        headers.insert(name, value);
    }
    response
}

fn as_json(problem: &Problem, title: &str) -> Response<Body> {
    let json = json!({
        "type": "about:blank",
        "title": title,
        "status": problem.status.as_u16(),
        "reason": problem.reason,
        "detail": problem.detail,
    });
    let mut response = Response::new(Body::from(json.to_string()));
    *response.status_mut() = problem.status;
    let media_type = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

/// The one table from failures to statuses.
fn problem(failure: &Failure) -> Problem {
    use StatusCode as Status;
    let plain = |status, reason, detail: &str| Problem::new(status, reason, detail.to_owned());
    match failure {
        Failure::Below(error) => below(error),
        Failure::WrongHost => plain(
            Status::MISDIRECTED_REQUEST,
            "wrong-host",
            "this host name is not answered here; use 127.0.0.1, or add the name to listen.hosts",
        ),
        Failure::MethodNotAllowed => plain(
            Status::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "content is only read here, by GET and HEAD",
        )
        .with(ALLOW, METHODS),
        Failure::Unauthorized => plain(
            Status::UNAUTHORIZED,
            "unauthorized",
            "send the token of the data directory as Authorization: Bearer, or as ?token=",
        )
        .with(WWW_AUTHENTICATE, "Bearer"),
        Failure::Blocked(Ban::Legal) => plain(
            Status::UNAVAILABLE_FOR_LEGAL_REASONS,
            "blocked",
            "this is on the block list of this agent for legal reasons (the key listen.blocked)",
        ),
        Failure::Blocked(Ban::Unwanted) => plain(
            Status::GONE,
            "blocked",
            "this is on the block list of this agent (the key listen.blocked)",
        ),
        Failure::NotAcceptable { what } => {
            Problem::new(Status::NOT_ACCEPTABLE, "not-acceptable", what.clone())
        }
        Failure::PreconditionFailed => plain(
            Status::PRECONDITION_FAILED,
            "precondition-failed",
            "the file is not the version that was asked for",
        ),
        Failure::RangeNotSatisfiable { length } => Problem::new(
            Status::RANGE_NOT_SATISFIABLE,
            "range-not-satisfiable",
            format!("no range lies within the {length} bytes of the file"),
        )
        .with(CONTENT_RANGE, format!("bytes */{length}")),
    }
}

/// The part of the table for what the core names.
fn below(error: &Error) -> Problem {
    use StatusCode as Status;
    let (status, reason) = match error {
        Error::BadId { .. } => (Status::BAD_REQUEST, "bad-id"),
        Error::BadAddress { .. } => (Status::BAD_REQUEST, "bad-address"),
        Error::ForbiddenSource { .. } => (Status::FORBIDDEN, "forbidden-source"),
        Error::Encrypted { .. } => (Status::FORBIDDEN, "encrypted"),
        Error::NotFound { .. } => (Status::NOT_FOUND, "not-found"),
        Error::Unsupported { .. } => (Status::NOT_IMPLEMENTED, "unsupported"),
        Error::Corrupt { .. } => (Status::BAD_GATEWAY, "corrupt"),
        Error::Busy { retry_after, .. } => {
            return Problem::new(Status::SERVICE_UNAVAILABLE, "busy", error.to_string())
                .with(RETRY_AFTER, seconds(*retry_after));
        }
        Error::NoPeers { .. } => (Status::GATEWAY_TIMEOUT, "no-peers"),
        Error::NoProviders { .. } => (Status::GATEWAY_TIMEOUT, "no-providers"),
        Error::NoMetadata { .. } => (Status::GATEWAY_TIMEOUT, "no-metadata"),
        Error::Stalled { .. } => (Status::GATEWAY_TIMEOUT, "stalled"),
        Error::NotHeld { .. } => (Status::PRECONDITION_FAILED, "not-held"),
        Error::Unavailable { .. } => {
            let detail = error.to_string();
            return Problem::new(Status::SERVICE_UNAVAILABLE, "unavailable", detail)
                .with(RETRY_AFTER, seconds(AFTER_STOP));
        }
        Error::NoSpace { .. } => (Status::INSUFFICIENT_STORAGE, "no-space"),
        Error::Stopping => {
            return Problem::new(Status::SERVICE_UNAVAILABLE, "stopping", error.to_string())
                .with(RETRY_AFTER, seconds(AFTER_STOP));
        }
        Error::Internal { .. } => {
            let detail = "the agent failed; its log says why".to_owned();
            return Problem::new(Status::INTERNAL_SERVER_ERROR, "internal", detail);
        }
    };
    let problem = Problem::new(status, reason, error.to_string());
    match status {
        // Another peer may be there by then.
        Status::BAD_GATEWAY | Status::GATEWAY_TIMEOUT => {
            problem.with(RETRY_AFTER, seconds(AFTER_MISS))
        }
        _ => problem,
    }
}

/// A wait in whole seconds, at least one.
fn seconds(wait: Duration) -> String {
    wait.as_secs().max(1).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inside_of_a_failure_stays_inside() {
        let error = Error::internal("reading /home/me/secret", "disk gone");
        let told = problem(&Failure::Below(error));
        assert_eq!(told.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!told.detail.contains("secret") && !told.detail.contains("disk"));
    }

    #[test]
    fn nobody_is_told_to_come_back_at_once() {
        let busy = Error::Busy {
            what: "streams".into(),
            retry_after: Duration::from_millis(10),
        };
        let told = problem(&Failure::Below(busy));
        assert_eq!(told.header, Some((RETRY_AFTER, "1".to_owned())));
    }
}
