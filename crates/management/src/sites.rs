//! Sites: giving up what only one of them asked for.

use std::sync::Arc;

use axum::{Json, extract::State};
use universal_p2p_store::Removed;

use crate::{
    Plane,
    call::{Names, names},
    problem::Problem,
};

/// Purges what only this site asked for.
#[utoipa::path(
    delete,
    path = "/api/v0/sites/{site}",
    params(("site" = String, Path, description = "The site's name")),
    responses(
        (status = 200, description = "What that freed", body = Removed),
        (status = 404, description = "No such site asked for anything", body = crate::problem::Body, content_type = "application/problem+json"),
    )
)]
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
