//! The edge of the gateway: every request leaves here with an answer.

use std::{net::IpAddr, panic::AssertUnwindSafe};

use axum::{
    body::{Body, HttpBody},
    http::{Method, Response, header::CONTENT_LENGTH, request::Parts},
};
use futures_util::FutureExt;
use tracing::Instrument;
use universal_p2p_core::Error;

use crate::{Gateway, address, headers, problem, standard};

impl Gateway {
    /// Answers one request. Every failure becomes an answer here, a panic too, and every answer
    /// gets its fixed headers here.
    pub(crate) async fn answer(&self, request: &Parts, client: IpAddr) -> Response<Body> {
        let (method, path) = (&request.method, request.uri.path());
        // The query stays out of the logs: it may carry the token.
        let span = tracing::debug_span!("request", %method, path);
        let responded = AssertUnwindSafe(self.respond(request, client).instrument(span));
        let mut response = match responded.catch_unwind().await {
            Ok(Ok(response)) => response,
            Ok(Err(failure)) => problem::answer(&failure, &request.headers),
            Err(_) => {
                let bug = Error::internal("answering a request", "it panicked");
                problem::answer(&bug.into(), &request.headers)
            }
        };
        let own_page = response.extensions().get().copied();
        headers::add_fixed(response.headers_mut(), own_page);
        if address::is_at_standard(path) {
            standard::share(response.headers_mut());
        }
        if request.method == Method::HEAD {
            drop_body(&mut response);
        }
        response
    }
}

/// Keeps the head of an answer, with the length its body would have had.
fn drop_body(response: &mut Response<Body>) {
    let length = response.body().size_hint().exact();
    let headers = response.headers_mut();
    if let Some(length) = length
        && length > 0
        && !headers.contains_key(CONTENT_LENGTH)
    {
        headers.insert(CONTENT_LENGTH, length.into());
    }
    *response.body_mut() = Body::empty();
}
