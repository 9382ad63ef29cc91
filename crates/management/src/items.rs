//! Items: what there is, why it is kept, and what the user wants of it.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use universal_p2p_core::Item;
use universal_p2p_store::{ItemReport, RemoveError, Removed, SiteUse};

use crate::{
    Plane,
    call::{Names, Parameters, parameters},
    problem::Problem,
};

/// The most items in one answer.
const MOST: usize = 10_000;

/// Which part of a list is wanted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    #[serde(default)]
    offset: usize,
    #[serde(default = "usual")]
    limit: usize,
}

fn usual() -> usize {
    1000
}

/// A part of all items, in the order in which they go.
#[derive(Serialize)]
pub(crate) struct Items {
    total: usize,
    offset: usize,
    items: Vec<ItemReport>,
}

/// An item, and who asked for it.
#[derive(Serialize)]
pub(crate) struct Asked {
    #[serde(flatten)]
    item: ItemReport,
    sites: Vec<SiteUse>,
}

/// The protocol and the id that a call names.
type Named = Names<(String, String)>;

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

pub(crate) async fn one(
    State(plane): State<Arc<Plane>>,
    named: Named,
) -> Result<Json<Asked>, Problem> {
    let item = plane.item(named).await?;
    let found = plane.on_disk(move |store| {
        let report = store.item(&item).ok_or_else(|| unknown(&item))?;
        let sites = store.sites_of(&item)?;
        Ok::<_, Problem>(Asked {
            item: report,
            sites,
        })
    });
    found.await?.map(Json)
}

pub(crate) async fn pin(state: State<Arc<Plane>>, named: Named) -> Result<StatusCode, Problem> {
    set_pin(state, named, true).await
}

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
