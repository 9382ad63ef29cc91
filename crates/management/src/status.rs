//! How the agent is doing.

use std::{sync::Arc, time::SystemTime};

use axum::{Json, extract::State};
use serde::Serialize;
use universal_p2p_store::DiskUse;
use utoipa::ToSchema;

use crate::{Plane, problem::Problem};

/// The agent's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Status {
    /// The program's version.
    version: &'static str,
    /// The address of the content plane.
    content: String,
    /// When it was ready, in seconds since 1970.
    started: u64,
    /// Whole seconds since then.
    pub(crate) uptime_seconds: u64,
    networks: Vec<Network>,
    disk: DiskUse,
}

/// A network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Network {
    pub(crate) protocol: &'static str,
    /// Whether it is switched on.
    pub(crate) enabled: bool,
    /// Peers connected now.
    pub(crate) peers: u64,
}

impl Plane {
    /// How the agent is doing.
    pub(crate) async fn status(&self) -> Result<Status, Problem> {
        let disk = self.on_disk(|store| store.disk_use()).await?;
        Ok(Status {
            version: self.facts.version,
            content: self.facts.content.clone(),
            started: self.started(),
            uptime_seconds: self.facts.since.elapsed().as_secs(),
            networks: self.networks(),
            disk,
        })
    }

    /// When the agent was ready, in seconds since 1970.
    pub(crate) fn started(&self) -> u64 {
        let since = self.facts.started.duration_since(SystemTime::UNIX_EPOCH);
        since.map_or(0, |since| since.as_secs())
    }

    /// The networks that the program knows.
    pub(crate) fn networks(&self) -> Vec<Network> {
        let known = self.facts.networks.iter().copied();
        known
            .map(|protocol| {
                let backend = self.backend(protocol);
                Network {
                    protocol,
                    enabled: backend.is_some(),
                    peers: backend.map_or(0, |backend| backend.peers()),
                }
            })
            .collect()
    }
}

/// Version, networks, how full the disk is and with what.
#[utoipa::path(
    get,
    path = "/api/v0/status",
    responses((status = 200, description = "How the agent is doing", body = Status))
)]
pub(crate) async fn status(State(plane): State<Arc<Plane>>) -> Result<Json<Status>, Problem> {
    plane.status().await.map(Json)
}
