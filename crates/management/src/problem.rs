//! Failures as answers, in the form of RFC 9457.

use std::{borrow::Cow, io};

use axum::{
    Json,
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use serde::Serialize;
use universal_p2p_core::Error;
use universal_p2p_store::RemoveError;
use utoipa::ToSchema;

/// What a caller is told about a failure.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    reason: &'static str,
    detail: Cow<'static, str>,
    header: Option<(HeaderName, HeaderValue)>,
}

/// A failure, in the form of RFC 9457.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Body {
    /// Always `about:blank`.
    r#type: &'static str,
    /// The status in words.
    title: &'static str,
    status: u16,
    /// A stable word for programs.
    reason: &'static str,
    /// A sentence for people, which names the cure.
    #[schema(value_type = String)]
    detail: Cow<'static, str>,
}

impl Problem {
    /// A failure with a stable word for programs and a sentence for people, which names the cure.
    pub(crate) fn new(
        status: StatusCode,
        reason: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            reason,
            detail: detail.into(),
            header: None,
        }
    }

    /// Adds a header.
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.header = Some((name, value));
        self
    }

    /// The call is malformed.
    pub(crate) fn bad_call(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-call", detail)
    }

    /// There is no such thing.
    pub(crate) fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", detail)
    }

    /// The agent failed. What went wrong is logged and not told.
    pub(crate) fn internal(doing: &'static str, cause: impl std::fmt::Display) -> Self {
        tracing::error!(%cause, "{doing} failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the agent failed; its log says why",
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Body {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Failure"),
            status: self.status.as_u16(),
            reason: self.reason,
            detail: self.detail,
        };
        let mut answer = (self.status, Json(body)).into_response();
        let headers = answer.headers_mut();
        let media_type = HeaderValue::from_static("application/problem+json");
        headers.insert(CONTENT_TYPE, media_type);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some((name, value)) = self.header {
            headers.insert(name, value);
        }
        answer
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::internal("a call on the data directory", error)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let (status, reason) = match &error {
            Error::BadId { .. } | Error::BadAddress { .. } => (StatusCode::BAD_REQUEST, "bad-id"),
            Error::NotFound { .. } => (StatusCode::NOT_FOUND, "not-found"),
            Error::NotHeld { .. } => (StatusCode::CONFLICT, "unknown"),
            Error::Unsupported { .. } => (StatusCode::NOT_IMPLEMENTED, "unsupported"),
            Error::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
            Error::Busy { .. } => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Error::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Error::ForbiddenSource { .. }
            | Error::Encrypted { .. }
            | Error::Corrupt { .. }
            | Error::NoPeers { .. }
            | Error::NoProviders { .. }
            | Error::NoMetadata { .. }
            | Error::Stalled { .. }
            | Error::NoSpace { .. }
            | Error::Internal { .. } => return Self::internal("a call of a network", error),
        };
        Self::new(status, reason, error.to_string())
    }
}

impl From<RemoveError> for Problem {
    fn from(error: RemoveError) -> Self {
        let (status, reason) = match &error {
            RemoveError::Unknown { .. } => (StatusCode::NOT_FOUND, "not-found"),
            RemoveError::Pinned { .. } => (StatusCode::CONFLICT, "pinned"),
            RemoveError::Disk(cause) => return Self::internal("a removal", cause),
        };
        Self::new(status, reason, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inside_of_a_failure_stays_inside() {
        let problem = Problem::from(io::Error::other("/home/me/secret is gone"));
        assert_eq!(problem.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!problem.detail.contains("secret"));
    }
}
