//! What a call is given: names in its path, parameters, a body. Whatever is wrong with them is told.

use axum::{
    body::{Body, to_bytes},
    extract::{
        Path, Query,
        rejection::{PathRejection, QueryRejection},
    },
    http::StatusCode,
};
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// The longest body of a call in bytes.
pub(crate) const LONGEST_BODY: usize = 16 * 1024;

/// Names in the path of a call, percent-decoded.
pub(crate) type Names<T> = Result<Path<T>, PathRejection>;

/// Parameters of a call.
pub(crate) type Parameters<T> = Result<Query<T>, QueryRejection>;

/// The names, where they could be read.
pub(crate) fn names<T>(names: Names<T>) -> Result<T, Problem> {
    match names {
        Ok(Path(names)) => Ok(names),
        Err(error) => Err(Problem::bad_call(error.body_text())),
    }
}

/// The parameters, where they could be read.
pub(crate) fn parameters<T>(parameters: Parameters<T>) -> Result<T, Problem> {
    match parameters {
        Ok(Query(parameters)) => Ok(parameters),
        Err(error) => Err(Problem::bad_call(error.body_text())),
    }
}

/// The body as JSON; one that is empty is the default.
pub(crate) async fn body<T: DeserializeOwned + Default>(body: Body) -> Result<T, Problem> {
    let bytes = to_bytes(body, LONGEST_BODY).await.map_err(|_| {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            "the body of a call has at most 16 KiB",
        )
    })?;
    if bytes.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(&bytes).map_err(|error| Problem::bad_call(error.to_string()))
}
