//! What a call is given: names in its path, parameters, a body. Whatever is wrong with them is told.

use axum::{
    body::{Body, to_bytes},
    extract::{
        Path, Query,
        rejection::{PathRejection, QueryRejection},
    },
    http::StatusCode,
};
use bytes::Bytes;
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
    let bytes = read(body).await?;
    if bytes.is_empty() {
        return Ok(T::default());
    }
    parsed(&bytes)
}

/// The body as JSON, which has to be there.
pub(crate) async fn whole_body<T: DeserializeOwned>(body: Body) -> Result<T, Problem> {
    parsed(&read(body).await?)
}

async fn read(body: Body) -> Result<Bytes, Problem> {
    to_bytes(body, LONGEST_BODY).await.map_err(|_| {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            "the body of a call has at most 16 KiB",
        )
    })
}

fn parsed<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| Problem::bad_call(error.to_string()))
}
