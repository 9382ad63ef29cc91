//! Items: what there is, why it is kept, and what the user wants of it.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use universal_p2p_core::{Item, State as Doing};
use universal_p2p_store::{ItemReport, RemoveError, Removed, SiteUse};
use utoipa::ToSchema;

use crate::{
    Plane,
    call::{Names, Parameters, parameters},
    problem::Problem,
};

/// The most items in one answer.
const MOST: usize = 10_000;

/// Which part of a list is wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Part {
    /// How many are left out.
    #[serde(default)]
    #[param(default = 0)]
    offset: usize,
    /// How many are wanted.
    #[serde(default = "usual")]
    #[param(default = 1000, maximum = 10_000)]
    limit: usize,
}

fn usual() -> usize {
    1000
}

/// A part of all items, in the order in which they go.
#[derive(Serialize, ToSchema)]
pub(crate) struct Items {
    /// How many there are.
    total: usize,
    offset: usize,
    items: Vec<ItemReport>,
}

/// An item, who asked for it, and how it is doing in its network.
#[derive(Serialize, ToSchema)]
pub(crate) struct Asked {
    #[serde(flatten)]
    item: ItemReport,
    sites: Vec<SiteUse>,
    /// Peers connected for it.
    peers: u64,
    /// Bytes per second that come in.
    speed: u64,
    /// What is being done with it.
    state: Doing,
    /// The last failure in words, if there was one since the last success.
    last_error: Option<String>,
}

/// The protocol and the id that a call names.
type Named = Names<(String, String)>;

/// Every item, in the order in which they go.
#[utoipa::path(
    get,
    path = "/api/v0/items",
    params(Part),
    responses(
        (status = 200, description = "A part of all items", body = Items),
    )
)]
pub(crate) async fn list(
    State(plane): State<Arc<Plane>>,
    part: Parameters<Part>,
) -> Result<Json<Items>, Problem> {
    let Part { offset, limit } = parameters(part)?;
    if limit > MOST {
        return Err(Problem::bad_call(format!(
            "limit is at most {MOST}; ask for the rest with offset"
        )));
    }
    let items = plane.on_disk(|store| store.items()).await?;
    Ok(Json(Items {
        total: items.len(),
        offset,
        items: items.into_iter().skip(offset).take(limit).collect(),
    }))
}

/// One item, which sites asked for it, and how it is doing.
#[utoipa::path(
    get,
    path = "/api/v0/items/{protocol}/{id}",
    params(
        ("protocol" = String, Path, description = "The network", example = "bittorrent"),
        ("id" = String, Path, description = "Any spelling of an id")
    ),
    responses(
        (status = 200, description = "The item", body = Asked),
        (status = 404, description = "There is no such item", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 501, description = "A form of item that is not served", body = crate::problem::Body, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn one(
    State(plane): State<Arc<Plane>>,
    named: Named,
) -> Result<Json<Asked>, Problem> {
    let item = plane.item(named).await?;
    let wanted = item.clone();
    let found = plane.on_disk(move |store| {
        let report = store.item(&wanted).ok_or_else(|| unknown(&wanted))?;
        Ok::<_, Problem>((report, store.sites_of(&wanted)?))
    });
    let (report, sites) = found.await??;
    let status = match plane.backend(item.protocol) {
        Some(backend) => Some(backend.status(&item.id).await?),
        None => None,
    };
    let vitals = plane.vitals(&item);
    Ok(Json(Asked {
        item: report,
        sites,
        peers: vitals.map_or(0, |vitals| vitals.peers),
        speed: plane.coming(&item, vitals),
        state: status.as_ref().map_or(Doing::Parked, |status| status.state),
        last_error: status.and_then(|status| status.last_error),
    }))
}

/// Keeps an item until it is unpinned, also one that is not there yet.
#[utoipa::path(
    put,
    path = "/api/v0/items/{protocol}/{id}/pin",
    params(
        ("protocol" = String, Path, description = "The network", example = "bittorrent"),
        ("id" = String, Path, description = "Any spelling of an id")
    ),
    responses(
        (status = 204, description = "It is pinned"),
        (status = 404, description = "There is no such item", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 501, description = "A form of item that is not served", body = crate::problem::Body, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn pin(state: State<Arc<Plane>>, named: Named) -> Result<StatusCode, Problem> {
    set_pin(state, named, true).await
}

/// Lets an item go when room is needed.
#[utoipa::path(
    delete,
    path = "/api/v0/items/{protocol}/{id}/pin",
    params(
        ("protocol" = String, Path, description = "The network", example = "bittorrent"),
        ("id" = String, Path, description = "Any spelling of an id")
    ),
    responses(
        (status = 204, description = "It is not pinned"),
        (status = 404, description = "There is no such item", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 501, description = "A form of item that is not served", body = crate::problem::Body, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn unpin(state: State<Arc<Plane>>, named: Named) -> Result<StatusCode, Problem> {
    set_pin(state, named, false).await
}

async fn set_pin(
    State(plane): State<Arc<Plane>>,
    named: Named,
    pinned: bool,
) -> Result<StatusCode, Problem> {
    let item = plane.item(named).await?;
    plane
        .on_disk(move |store| store.pin(&item, pinned))
        .await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends the streams of an item and deletes all of it.
#[utoipa::path(
    delete,
    path = "/api/v0/items/{protocol}/{id}",
    params(
        ("protocol" = String, Path, description = "The network", example = "bittorrent"),
        ("id" = String, Path, description = "Any spelling of an id")
    ),
    responses(
        (status = 200, description = "What that freed", body = Removed),
        (status = 404, description = "There is no such item", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "It is pinned", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 501, description = "A form of item that is not served", body = crate::problem::Body, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove(
    State(plane): State<Arc<Plane>>,
    named: Named,
) -> Result<Json<Removed>, Problem> {
    let item = plane.item(named).await?;
    let wanted = item.clone();
    let report = plane.on_disk(move |store| store.item(&wanted)).await?;
    // Refused before it is released: whoever watches what stays must not notice that somebody tried.
    match report {
        None => return Err(unknown(&item)),
        Some(report) if report.pinned => return Err(RemoveError::Pinned { item }.into()),
        Some(_) => plane.release(&item).await?,
    }
    let removed = plane.on_disk(move |store| store.remove(&item)).await??;
    Ok(Json(removed))
}

fn unknown(item: &Item) -> Problem {
    let what = item.to_string();
    RemoveError::Unknown { what }.into()
}
