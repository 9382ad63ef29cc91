//! Addresses as every gateway of IPFS has them, `/ipfs/<cid>/<path>` and `/ipns/<name>/<path>`, and
//! content that its reader checks (path gateway and trustless gateway specifications).
//!
//! They lead to the same backends as the own addresses. What differs: a directory without the slash is
//! sent on to it even at the root, archives are files, and answers say what the path stands for.

use std::net::IpAddr;

use axum::{
    body::Body,
    http::{
        HeaderName, HeaderValue, Method, Response, StatusCode,
        header::{
            ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, ETAG,
            VARY,
        },
    },
};
use universal_p2p_core::{EntityBytes, Error, Freshness, Proof, ProofForm, Scope};

use crate::{
    Gateway, accept, answer,
    asked::Asked,
    body::Content,
    conditional,
    disposition::Disposition,
    failure::Failure,
    query::{Format, Query},
    source::Source,
};

/// For how long content may be kept that its address names for ever, as the specification says it.
const IMMUTABLE: &str = "public, max-age=29030400, immutable";

const PATH: HeaderName = HeaderName::from_static("x-ipfs-path");
const ROOTS: HeaderName = HeaderName::from_static("x-ipfs-roots");

/// The form of content that is asked for to be checked, if one is. What the address says counts more
/// than what the headers do.
///
/// # Errors
/// 400 for parameters that make no sense.
pub(crate) fn form(asked: &Asked<'_>) -> Result<Option<ProofForm>, Error> {
    let named = match asked.query.format {
        Some(Format::Raw) => Some(Format::Raw),
        Some(Format::Car) => Some(Format::Car),
        Some(Format::Record) => Some(Format::Record),
        Some(Format::Html | Format::Json) => return Ok(None),
        None if asked.resource.is_standard => accept::proof(asked.headers()),
        None => None,
    };
    Ok(match named {
        Some(Format::Raw) => Some(ProofForm::Block),
        Some(Format::Record) => Some(ProofForm::Record),
        Some(Format::Car) => Some(ProofForm::Archive {
            scope: scope(asked.query)?,
            bytes: entity_bytes(asked.query)?,
        }),
        _ => None,
    })
}

fn scope(query: &Query) -> Result<Scope, Error> {
    match query.hints.all("dag-scope").next() {
        None | Some("all") => Ok(Scope::All),
        Some("entity") => Ok(Scope::Entity),
        Some("block") => Ok(Scope::Block),
        Some(_) => Err(bad("dag-scope is all, entity or block")),
    }
}

fn entity_bytes(query: &Query) -> Result<Option<EntityBytes>, Error> {
    let Some(text) = query.hints.all("entity-bytes").next() else {
        return Ok(None);
    };
    let malformed = || bad("entity-bytes is two numbers, such as 0:1023, -1024:* or 5:-1");
    let (from, to) = text.split_once(':').ok_or_else(malformed)?;
    let to = match to {
        "*" => None,
        number => Some(number.parse().map_err(|_| malformed())?),
    };
    Ok(Some(EntityBytes {
        from: from.parse().map_err(|_| malformed())?,
        to,
    }))
}

fn bad(why: &str) -> Error {
    Error::BadAddress { why: why.into() }
}

impl Gateway {
    /// Answers with content that its reader checks.
    pub(crate) async fn prove(
        &self,
        asked: &Asked<'_>,
        source: &Source<'_>,
        form: ProofForm,
        client: IpAddr,
    ) -> Result<Response<Body>, Failure> {
        let permit = self.limits.admit(client)?;
        let lease = self.store.lease(source.item(), asked.site());
        let cx = self.settings.read_cx();
        let path = &asked.resource.path;
        let proof = source
            .backend
            .prove(&source.id, path, form, &source.hints, &cx);
        let proof = proof.await?;
        let mut response = head(asked, &proof);
        if conditional::is_held(asked.headers(), &proof.etag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else if asked.request.method != Method::HEAD {
            let content = Content::new(lease.track(proof.stream), proof.length, permit);
            *response.body_mut() = Body::new(content);
        }
        Ok(response)
    }
}

fn head(asked: &Asked<'_>, proof: &Proof) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    let weak = if proof.is_weak { "W/" } else { "" };
    answer::set(headers, ETAG, &format!("{weak}\"{}\"", proof.etag));
    answer::set(headers, CONTENT_TYPE, proof.media_type);
    if let Some(length) = proof.length {
        answer::set(headers, CONTENT_LENGTH, &length.to_string());
    }
    let cache = match proof.freshness {
        Freshness::Immutable => IMMUTABLE.to_owned(),
        Freshness::For(time) => format!("public, max-age={}", time.as_secs()),
    };
    answer::set(headers, CACHE_CONTROL, &cache);
    let name = asked.query.filename.as_deref().unwrap_or(&proof.filename);
    headers.insert(CONTENT_DISPOSITION, Disposition::Attachment.header(name));
    headers.insert(VARY, HeaderValue::from_static("Accept"));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("none"));
    answer::set(headers, PATH, asked.request.uri.path());
    if !proof.roots.is_empty() {
        answer::set(headers, ROOTS, &proof.roots.join(","));
    }
    response
}

/// Adds to an answer at a standard address what such answers say.
pub(crate) async fn mark(
    mut response: Response<Body>,
    asked: &Asked<'_>,
    source: &Source<'_>,
) -> Response<Body> {
    let status = response.status();
    if !asked.resource.is_standard || !(status.is_success() || status == StatusCode::NOT_MODIFIED) {
        return response;
    }
    let roots = source
        .backend
        .roots(&source.id, &asked.resource.path, &source.hints);
    // Whatever keeps this away kept the answer away as well, but for what vanished since.
    let roots = roots.await.unwrap_or_default();
    let headers = response.headers_mut();
    answer::set(headers, PATH, asked.request.uri.path());
    if !roots.is_empty() {
        answer::set(headers, ROOTS, &roots.join(","));
    }
    let is_immutable = |cache: &HeaderValue| cache.as_bytes() == answer::IMMUTABLE.as_bytes();
    if headers.get(CACHE_CONTROL).is_some_and(is_immutable) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(IMMUTABLE));
    }
    response
}
