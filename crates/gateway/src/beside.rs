//! What lies beside the stream of a resource: its status, its playlist, its documents.

use std::net::IpAddr;

use axum::{
    body::Body,
    http::{Response, header::CONTENT_DISPOSITION},
};
use universal_p2p_core::{Document, Error};

use crate::{
    Gateway, answer, asked::Asked, disposition::Disposition, failure::Failure, playlist,
    source::Source,
};

impl Gateway {
    /// Answers a kind of address that is not `stream`.
    ///
    /// # Errors
    /// 404 for kinds that do not exist; whatever kept the answer from being found.
    pub(crate) async fn beside(
        &self,
        asked: &Asked<'_>,
        source: &Source<'_>,
        client: IpAddr,
    ) -> Result<Response<Body>, Failure> {
        let kind = asked.resource.kind.as_str();
        // A playlist may be of a directory; the others are about the resource as a whole.
        let whole = asked.resource.path.is_empty() && !asked.resource.slash;
        if kind == "playlist" {
            let _permit = self.limits.admit(client)?;
            playlist::answer(source.resolve().await?, asked, self.expand.as_ref()).await
        } else if kind == "status" && whole {
            status(source).await
        } else if whole && source.backend.documents().contains(&kind) {
            let _permit = self.limits.admit(client)?;
            let found = source.backend.document(kind, &source.id, &source.hints);
            Ok(document(asked, found.await?))
        } else {
            Err(Failure::Below(Error::NotFound {
                what: format!("{kind:?} at this address; stream, status and playlist are"),
            }))
        }
    }
}

/// What the backend knows at this moment. Never starts a download, and is never turned away.
async fn status(source: &Source<'_>) -> Result<Response<Body>, Failure> {
    let status = source.backend.status(&source.id).await?;
    let json =
        serde_json::to_vec(&status).map_err(|error| Error::internal("writing a status", error))?;
    Ok(answer::small("application/json", "no-store", json))
}

fn document(asked: &Asked<'_>, document: Document) -> Response<Body> {
    let mut response = answer::small(document.media_type, answer::IMMUTABLE, document.bytes);
    let name = asked.query.filename.as_deref();
    let name = Disposition::Attachment.header(name.unwrap_or(&document.filename));
    response.headers_mut().insert(CONTENT_DISPOSITION, name);
    response
}
