//! Sites: giving up what only one of them asked for.

use std::sync::Arc;

use axum::{Json, extract::State};
use universal_p2p_store::Removed;

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
    for item in plane.on_disk(move |store| store.only_of(&asked)).await?? {
        plane.release(&item).await?;
    }
    let removed = plane
        .on_disk(move |store| store.remove_site(&site))
        .await??;
    Ok(Json(removed))
}
