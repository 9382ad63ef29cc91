//! How the agent is doing.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Serialize;
use universal_p2p_store::{DiskUse, StreamReport};

use crate::{Plane, problem::Problem};

/// The agent's state.
#[derive(Serialize)]
pub(crate) struct Status {
    version: &'static str,
    content: String,
    /// Whole seconds since it was ready.
    uptime_seconds: u64,
    disk: DiskUse,
}

/// Streams that are open.
#[derive(Serialize)]
pub(crate) struct Streams {
    streams: Vec<StreamReport>,
}

pub(crate) async fn status(State(plane): State<Arc<Plane>>) -> Result<Json<Status>, Problem> {
    let disk = plane.on_disk(|store| store.disk_use()).await?;
    Ok(Json(Status {
        version: plane.facts.version,
        content: plane.facts.content.clone(),
        uptime_seconds: plane.facts.since.elapsed().as_secs(),
        disk,
    }))
}

pub(crate) async fn streams(State(plane): State<Arc<Plane>>) -> Result<Json<Streams>, Problem> {
    let streams = plane.on_disk(|store| store.streams()).await?;
    Ok(Json(Streams { streams }))
}
