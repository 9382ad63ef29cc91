//! Addresses as every gateway of IPFS has them, `/ipfs/<cid>/<path>` and `/ipns/<name>/<path>`, and
//! content that its reader checks (path gateway and trustless gateway specifications).
//!
//! They lead to the same backends as the own addresses. What differs: a directory without the slash is
//! sent on to it even at the root, archives are files, structured data is given as it is, and answers
//! say what the path stands for.

pub(crate) mod data;
pub(crate) mod form;

use std::{net::IpAddr, sync::Arc};

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode,
        header::{
            ACCEPT_RANGES, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
            ACCESS_CONTROL_EXPOSE_HEADERS, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LOCATION,
            CONTENT_TYPE, ETAG, VARY,
        },
    },
};
use percent_encoding::utf8_percent_encode;
use universal_p2p_core::{Freshness, Meta, Proof, ProofBody, ProofForm};

use crate::{
    Gateway,
    address::PLAIN,
    answer,
    asked::Asked,
    body::Content,
    conditional,
    disposition::Disposition,
    failure::Failure,
    held::{Held, Sought},
    problem::METHODS,
    query::Format,
    source::Source,
};

/// For how long content may be kept that its address names for ever, as the specification says it.
const IMMUTABLE: &str = "public, max-age=29030400, immutable";

const PATH: HeaderName = HeaderName::from_static("x-ipfs-path");
const ROOTS: HeaderName = HeaderName::from_static("x-ipfs-roots");
const ADDRESS: HeaderName = HeaderName::from_static("ipfs-uri");

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
        let (path, cx) = (&asked.resource.path, self.settings.read_cx());
        let proof = source
            .backend
            .prove(&source.id, path, form, &source.hints, &cx);
        let proof = proof.await?;
        self.blocked.check_roots(&self.registry, &proof.roots)?;
        let head = head(&proof);
        let mut response = match proof.body {
            ProofBody::Whole(bytes) => {
                let file = Held {
                    meta: Meta {
                        name: proof.filename,
                        length: bytes.len() as u64,
                        etag: proof.etag,
                        modified: None,
                        item: None,
                        freshness: proof.freshness,
                    },
                    bytes,
                };
                let sought = Sought {
                    file: Arc::new(file),
                    media_type: Some(proof.media_type),
                    disposition: Disposition::Attachment,
                };
                self.send(asked, source, sought, lease, permit).await?
            }
            ProofBody::Stream(stream) => {
                let mut response = Response::new(Body::empty());
                let name = asked.query.filename.as_deref().unwrap_or(&proof.filename);
                *response.headers_mut() = head;
                let name = Disposition::Attachment.header(name);
                response.headers_mut().insert(CONTENT_DISPOSITION, name);
                if conditional::is_held(asked.headers(), &proof.etag) {
                    *response.status_mut() = StatusCode::NOT_MODIFIED;
                } else if asked.request.method != Method::HEAD {
                    let content = Content::new(lease.track(stream), None, permit);
                    *response.body_mut() = Body::new(content);
                }
                response
            }
        };
        mark(&mut response, asked, source, &proof.roots);
        Ok(response)
    }
}

/// The head of an archive, whose bytes are only known when they come.
fn head(proof: &Proof) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let weak = if proof.is_weak { "W/" } else { "" };
    answer::set(&mut headers, ETAG, &format!("{weak}\"{}\"", proof.etag));
    answer::set(&mut headers, CONTENT_TYPE, proof.media_type);
    answer::set(&mut headers, CACHE_CONTROL, &cache(proof.freshness));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("none"));
    headers
}

fn cache(freshness: Freshness) -> String {
    match freshness {
        Freshness::Immutable => IMMUTABLE.to_owned(),
        Freshness::For(time) => format!("public, max-age={}", time.as_secs()),
    }
}

/// Adds to an answer at a standard address, or with content to be checked, what such answers say.
pub(crate) fn mark(
    response: &mut Response<Body>,
    asked: &Asked<'_>,
    source: &Source<'_>,
    roots: &[String],
) {
    let status = response.status();
    let is_content = status.is_success() || status == StatusCode::NOT_MODIFIED;
    let is_proof = form::proof(asked).is_ok_and(|form| form.is_some());
    if !(asked.resource.is_standard || is_proof) {
        return;
    }
    let headers = response.headers_mut();
    if asked.resource.is_standard {
        answer::set(headers, ADDRESS, &address(asked, source));
    }
    headers.insert(VARY, HeaderValue::from_static("Accept"));
    if !is_content {
        return;
    }
    let path = legacy_path(asked);
    if path.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        answer::set(headers, PATH, &path);
    }
    if !roots.is_empty() {
        answer::set(headers, ROOTS, &roots.join(","));
    }
    let is_immutable = |cache: &HeaderValue| cache.as_bytes() == answer::IMMUTABLE.as_bytes();
    if headers.get(CACHE_CONTROL).is_some_and(is_immutable) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(IMMUTABLE));
    }
    let named = form::wanted(asked).and_then(Format::word);
    if let (Some(word), None) = (named, asked.query.format) {
        answer::set(headers, CONTENT_LOCATION, &with_format(asked, word));
    }
}

/// The one spelling of what an address names, as a URI of its network.
fn address(asked: &Asked<'_>, source: &Source<'_>) -> String {
    let mut uri = format!("{}://{}", source.backend.protocol(), source.id);
    for name in asked.resource.names() {
        uri.push('/');
        uri.extend(utf8_percent_encode(name, PLAIN));
    }
    if asked.resource.slash {
        uri.push('/');
    }
    uri
}

/// The path as it was asked for, decoded.
fn legacy_path(asked: &Asked<'_>) -> String {
    let resource = asked.resource;
    let mut path = format!("/{}/{}", resource.protocol, resource.id);
    for name in resource.names() {
        path.push('/');
        path.push_str(name);
    }
    if resource.slash {
        path.push('/');
    }
    path
}

/// The address under which the same form is given without the header that asked for it.
fn with_format(asked: &Asked<'_>, word: &str) -> String {
    let uri = &asked.request.uri;
    match uri.query() {
        Some(query) if !query.is_empty() => format!("{}?{query}&format={word}", uri.path()),
        _ => format!("{}?format={word}", uri.path()),
    }
}

/// Lets the scripts of any page read what answers at standard addresses say.
pub(crate) fn share(headers: &mut HeaderMap) {
    const SHARED: [(HeaderName, &str); 3] = [
        (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (
            ACCESS_CONTROL_ALLOW_HEADERS,
            "Content-Type, If-None-Match, If-Range, Range, User-Agent, X-Requested-With",
        ),
        (
            ACCESS_CONTROL_EXPOSE_HEADERS,
            "Accept-Ranges, Content-Range, Content-Length, ETag, X-Ipfs-Path, X-Ipfs-Roots, \
             X-Chunked-Output, X-Stream-Output, Ipfs-Uri",
        ),
    ];
    for (name, value) in SHARED {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
