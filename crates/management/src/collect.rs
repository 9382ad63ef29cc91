//! Collections: on demand, and those of late.

use std::sync::Arc;

use axum::{Json, body::Body, extract::State};
use serde::{Deserialize, Serialize};
use universal_p2p_store::Collection;
use utoipa::ToSchema;

use crate::{Plane, call, problem::Problem};

/// How much is to be given up.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Collect)]
pub(crate) struct Wanted {
    /// The bytes that may be used afterwards; without it, what the agent aims at by itself.
    upto: Option<u64>,
}

/// Makes room now instead of when it is needed.
#[utoipa::path(
    post,
    path = "/api/v0/collect",
    request_body(content = Option<Wanted>, description = "How much is to be given up"),
    responses(
        (status = 200, description = "What was given up", body = Collection),
        (status = 413, description = "The body is too long", body = crate::problem::Body, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn collect(
    State(plane): State<Arc<Plane>>,
    body: Body,
) -> Result<Json<Collection>, Problem> {
    let Wanted { upto } = call::body(body).await?;
    Ok(Json(
        plane.on_disk(move |store| store.collect(upto)).await??,
    ))
}

/// The last collections.
#[derive(Serialize, ToSchema)]
pub(crate) struct Collections {
    /// At most 100, the newest first.
    collections: Vec<Collection>,
}

/// The last hundred collections, the newest first.
#[utoipa::path(
    get,
    path = "/api/v0/collections",
    responses(
        (status = 200, description = "The last collections", body = Collections),
    )
)]
pub(crate) async fn list(State(plane): State<Arc<Plane>>) -> Result<Json<Collections>, Problem> {
    let (_, mut collections) = plane.on_disk(|store| store.collections_since(0)).await?;
    collections.reverse();
    Ok(Json(Collections { collections }))
}
