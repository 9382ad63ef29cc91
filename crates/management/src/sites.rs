//! Sites: giving up what only one of them asked for.

use std::{io, sync::Arc};

use axum::{Json, extract::State};
use universal_p2p_core::{Id, Item};
use universal_p2p_store::{Removed, Store};

use crate::{
    Plane,
    call::{Names, names},
    problem::Problem,
};

pub(crate) async fn remove(
    State(plane): State<Arc<Plane>>,
    site: Names<String>,
) -> Result<Json<Removed>, Problem> {
    let site: Arc<str> = names(site)?.into();
    let asked = Arc::clone(&site);
    for item in plane.on_disk(move |store| only_of(store, &asked)).await?? {
        plane.release(&item).await?;
    }
    let removed = plane
        .on_disk(move |store| store.remove_site(&site))
        .await??;
    Ok(Json(removed))
}

/// The items that will go with a site: those that nobody else asked for, unless they are pinned.
fn only_of(store: &Store, site: &str) -> io::Result<Vec<Item>> {
    let mut only = Vec::new();
    for report in store.items().into_iter().filter(|report| !report.pinned) {
        let Ok(id) = Id::new(&report.id) else {
            continue;
        };
        let item = Item {
            protocol: report.protocol,
            id,
        };
        let sites = store.sites_of(&item)?;
        if !sites.is_empty() && sites.iter().all(|other| other.site == *site) {
            only.push(item);
        }
    }
    Ok(only)
}
