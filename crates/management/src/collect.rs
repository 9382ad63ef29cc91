//! Collection on demand.

use std::sync::Arc;

use axum::{Json, body::Body, extract::State};
use serde::Deserialize;
use universal_p2p_store::Collection;

use crate::{Plane, call, problem::Problem};

/// How much is to be given up.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// The bytes that may be used afterwards; without it, what the agent aims at by itself.
    upto: Option<u64>,
}

pub(crate) async fn collect(
    State(plane): State<Arc<Plane>>,
    body: Body,
) -> Result<Json<Collection>, Problem> {
    let Wanted { upto } = call::body(body).await?;
    Ok(Json(
        plane.on_disk(move |store| store.collect(upto)).await??,
    ))
}
