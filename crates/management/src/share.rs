//! Sharing files of the user, and taking them back.

mod links;

use std::{path::PathBuf, sync::Arc};

use axum::{Json, body::Body, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use universal_p2p_sharing::{Networks, Refused, Report};
use utoipa::ToSchema;

use crate::{
    Plane,
    call::{self, Names, names},
    problem::Problem,
};

use links::{InIpfs, Torrent};

/// What is to be shared.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Sharing)]
pub(crate) struct Wanted {
    /// Files and folders by absolute paths. Several have to lie in one folder, and are shared as it.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    paths: Vec<PathBuf>,
    /// `bittorrent` and `ipfs`; without it, all networks that are switched on.
    networks: Option<Vec<String>>,
}

/// The job that a wish became.
#[derive(Serialize, ToSchema)]
pub(crate) struct Begun {
    /// Its number.
    job: u64,
}

/// Something that is shared, being hashed, or failed.
#[derive(Serialize, ToSchema)]
pub(crate) struct Shared {
    #[serde(flatten)]
    report: Report,
    /// What the user named, as one line.
    path: String,
    /// Where it is as a torrent, when it is ready.
    bittorrent: Option<Torrent>,
    /// Where it is in IPFS, when it is ready.
    ipfs: Option<InIpfs>,
    /// HTML that shows it in a page.
    snippet: Option<String>,
}

/// All that is shared, being hashed, or failed.
#[derive(Serialize, ToSchema)]
#[schema(as = AllShared)]
pub(crate) struct All {
    /// The oldest first.
    shares: Vec<Shared>,
}

impl Shared {
    /// A share as it is told, with addresses on the content plane.
    pub(crate) fn new(report: Report, content: &str) -> Self {
        let paths = report.paths.iter().map(|path| path.display().to_string());
        Self {
            path: paths.collect::<Vec<_>>().join(", "),
            bittorrent: Torrent::of(&report, content),
            ipfs: InIpfs::of(&report, content),
            snippet: links::snippet(&report, content),
            report,
        }
    }
}

/// Shares files or folders from where they lie.
///
/// It goes on after the answer: `/shares/{job}` and the event `share` tell how far it is, and what came of
/// it.
#[utoipa::path(
    post,
    path = "/api/v0/share",
    request_body = Wanted,
    responses(
        (status = 202, description = "It is being hashed", body = Begun),
        (status = 409, description = "A network is switched off, or there are 1,000 shares", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 413, description = "The body is too long", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 507, description = "It cannot be noted on disk", body = crate::problem::Body, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn share(
    State(plane): State<Arc<Plane>>,
    body: Body,
) -> Result<(StatusCode, Json<Begun>), Problem> {
    let Wanted { paths, networks } = call::body(body).await?;
    let networks = wanted(&plane, networks)?;
    let job = plane.shares()?.begin(paths, networks)?;
    Ok((StatusCode::ACCEPTED, Json(Begun { job })))
}

/// All that is shared, being hashed, or failed.
#[utoipa::path(
    get,
    path = "/api/v0/shares",
    responses((status = 200, description = "All of them", body = All))
)]
pub(crate) async fn list(State(plane): State<Arc<Plane>>) -> Result<Json<All>, Problem> {
    let content = &plane.facts.content;
    let reports = plane.shares()?.list().into_iter();
    Ok(Json(All {
        shares: reports.map(|report| Shared::new(report, content)).collect(),
    }))
}

/// One share.
#[utoipa::path(
    get,
    path = "/api/v0/shares/{job}",
    params(("job" = u64, Path, description = "Its number")),
    responses(
        (status = 200, description = "How it is doing", body = Shared),
        (status = 404, description = "There is no such share", body = crate::problem::Body, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn one(
    State(plane): State<Arc<Plane>>,
    job: Names<u64>,
) -> Result<Json<Shared>, Problem> {
    let report = plane.shares()?.report(names(job)?).ok_or_else(unknown)?;
    Ok(Json(Shared::new(report, &plane.facts.content)))
}

/// Takes a share back, or ends its hashing. The user's files stay as they are.
#[utoipa::path(
    delete,
    path = "/api/v0/shares/{job}",
    params(("job" = u64, Path, description = "Its number")),
    responses(
        (status = 204, description = "It is not shared any more"),
        (status = 404, description = "There is no such share", body = crate::problem::Body, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove(
    State(plane): State<Arc<Plane>>,
    job: Names<u64>,
) -> Result<StatusCode, Problem> {
    let (shares, job) = (plane.shares()?, names(job)?);
    let removing = spawn_blocking(move || shares.remove(job)).await;
    match removing.map_err(|ended| Problem::internal("taking a share back", ended))? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(unknown()),
    }
}

/// The networks that are named, or all that are switched on.
fn wanted(plane: &Plane, named: Option<Vec<String>>) -> Result<Networks, Problem> {
    let Some(named) = named else {
        return Ok(Networks {
            bittorrent: plane.has_network("bittorrent"),
            ipfs: plane.has_network("ipfs"),
        });
    };
    let mut networks = Networks {
        bittorrent: false,
        ipfs: false,
    };
    for name in &named {
        match name.as_str() {
            "bittorrent" => networks.bittorrent = true,
            "ipfs" => networks.ipfs = true,
            _ => {
                let cure = "a network is \"bittorrent\" or \"ipfs\"";
                return Err(Problem::bad_call(cure));
            }
        }
        if !plane.has_network(name) {
            let detail = format!("{name} is switched off; set {name}.enabled = true");
            return Err(Problem::new(StatusCode::CONFLICT, "off", detail));
        }
    }
    Ok(networks)
}

fn unknown() -> Problem {
    Problem::not_found("there is no such share")
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let (status, reason) = match &refused {
            Refused::Unreadable { .. } | Refused::NoPath | Refused::Empty(_) => {
                (StatusCode::BAD_REQUEST, "bad-path")
            }
            Refused::Special(_)
            | Refused::Name(_)
            | Refused::Relative(_)
            | Refused::Nameless(_)
            | Refused::Apart(_)
            | Refused::Own(_) => (StatusCode::BAD_REQUEST, "bad-path"),
            Refused::NoNetwork => (StatusCode::BAD_REQUEST, "bad-call"),
            Refused::TooMuch(_) | Refused::Changed(_) | Refused::Collision(_) => {
                (StatusCode::CONFLICT, "cannot-share")
            }
            Refused::Notes(_) => (StatusCode::INSUFFICIENT_STORAGE, "no-space"),
            Refused::TakenBack => (StatusCode::CONFLICT, "taken-back"),
        };
        Self::new(status, reason, refused.to_string())
    }
}
