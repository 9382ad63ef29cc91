//! What an address means that somebody pasted, or a document that somebody dropped.

use std::sync::Arc;

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::State,
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use universal_p2p_core::{Backend, Error, Recognized};
use utoipa::ToSchema;

use crate::{Plane, call, link, problem::Problem};

/// The longest document in bytes. A torrent of a terabyte in pieces of 1 MiB takes 20 MB.
const LONGEST_DOCUMENT: usize = 32 << 20;

/// What is to be understood.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Resolve)]
pub(crate) struct Wanted {
    /// A magnet link, an infohash, a CID, a name, a link of any agent or of a public gateway.
    text: String,
}

/// What an address means.
#[derive(Serialize, ToSchema)]
pub(crate) struct Found {
    protocol: &'static str,
    /// The canonical id.
    id: String,
    /// Its whole address on the content plane, with where it may be found.
    url: String,
    /// The whole address of the list of its files, as JSON: whoever reads it has it looked for.
    files_url: String,
    /// The whole address of a playlist of what is in it.
    playlist_url: String,
}

/// Reads an address, or a document with `Content-Type: application/x-bittorrent`. Nothing is fetched.
#[utoipa::path(
    post,
    path = "/api/v0/resolve",
    request_body(content(
        (Wanted = "application/json"),
        (String = "application/x-bittorrent")
    )),
    responses(
        (status = 200, description = "What it means", body = Found),
        (status = 413, description = "The body is too long", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 501, description = "A form of address that is not served", body = crate::problem::Body, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn resolve(
    State(plane): State<Arc<Plane>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Found>, Problem> {
    let media_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media_type = media_type.unwrap_or_default().split(';').next();
    let media_type = media_type.unwrap_or_default().trim().to_ascii_lowercase();
    if !matches!(media_type.as_str(), "" | "application/json" | "text/plain") {
        let document = document(body).await?;
        return take(&plane, &media_type, document).await.map(Json);
    }
    let Wanted { text } = call::whole_body(body).await?;
    let text = text.trim();
    for backend in &plane.backends {
        let read = link::read(backend.as_ref(), text).or_else(|| backend.recognize(text));
        if let Some(recognized) = read {
            return Ok(Json(found(&plane, backend.as_ref(), &recognized?)));
        }
    }
    let detail = "no network that is switched on knows this address; paste all of it: a magnet link, \
                  an infohash, a CID, or a link to a file";
    Err(Problem::new(StatusCode::BAD_REQUEST, "bad-id", detail))
}

async fn document(body: Body) -> Result<Bytes, Problem> {
    let read = to_bytes(body, LONGEST_DOCUMENT).await;
    read.map_err(|_| {
        let detail = "a document has at most 32 MiB";
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
    })
}

/// What a document names.
async fn take(plane: &Plane, media_type: &str, document: Bytes) -> Result<Found, Problem> {
    for backend in &plane.backends {
        match backend.take(media_type, document.clone()).await {
            Ok(Some(recognized)) => return Ok(found(plane, backend.as_ref(), &recognized)),
            Ok(None) => {}
            Err(Error::Corrupt { what }) => {
                return Err(Problem::new(StatusCode::BAD_REQUEST, "bad-document", what));
            }
            Err(error) => return Err(error.into()),
        }
    }
    let detail = "no network that is switched on takes documents of this Content-Type";
    let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    Err(Problem::new(status, "unknown-document", detail))
}

fn found(plane: &Plane, backend: &dyn Backend, recognized: &Recognized) -> Found {
    let Recognized { id, hints, path } = recognized;
    let (content, query) = (&plane.facts.content, link::query(hints));
    let names = path.iter().map(String::as_str);
    let stream = link::path(backend, "stream", id.as_str(), names);
    let root = link::path(backend, "stream", id.as_str(), []);
    let more = query.replacen('?', "&", 1);
    let playlist = link::path(backend, "playlist", id.as_str(), []);
    Found {
        protocol: backend.protocol(),
        id: id.to_string(),
        url: format!("{content}{stream}{query}"),
        files_url: format!("{content}{root}/?format=json{more}"),
        playlist_url: format!("{content}{playlist}{query}"),
    }
}
