//! The management plane: an origin of its own, where every call needs the token.
//!
//! It never shares an origin with content, so that nothing from a peer-to-peer network can read it
//! or write to it, whatever it is. Calls are refused without `Authorization: Bearer <token>`, from
//! pages of other origins, and by any host name but the loopback ones (against DNS rebinding).
//! There are no cookies, because they cross ports, and no CORS headers.
//!
//! # Limitations
//! Calls are answered one by one; there are no events yet, and settings cannot be changed.

#![forbid(unsafe_code)]

mod call;
mod collect;
mod edge;
mod guard;
mod items;
mod page;
mod plane;
mod problem;
mod share;
mod sites;
mod status;
mod token;
mod usage;

use std::{io, sync::Arc};

use axum::{
    Router, middleware,
    routing::{delete, get, post, put},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use plane::{Facts, Plane};
pub use token::Token;

/// Serves the plane until it is told to stop.
///
/// # Errors
/// What the listener says.
pub async fn serve(
    listener: TcpListener,
    token: Token,
    plane: Plane,
    stop: CancellationToken,
) -> io::Result<()> {
    axum::serve(listener, router(token, plane))
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
}

/// Outermost first: what every answer says; the host, because a foreign one must learn nothing;
/// that a call comes to an end; who calls; then what.
fn router(token: Token, plane: Plane) -> Router {
    let item = "/api/v0/items/{protocol}/{id}";
    let calls = Router::new()
        .route("/api/v0/status", get(status::status))
        .route("/api/v0/streams", get(status::streams))
        .route("/api/v0/usage", get(usage::usage))
        .route("/api/v0/items", get(items::list))
        .route(item, get(items::one).delete(items::remove))
        .route(&format!("{item}/pin"), put(items::pin).delete(items::unpin))
        .route("/api/v0/sites/{site}", delete(sites::remove))
        .route("/api/v0/collect", post(collect::collect))
        .route("/api/v0/share", post(share::share))
        .route("/api/v0/shares", get(share::list))
        .route(
            "/api/v0/shares/{job}",
            get(share::one).delete(share::remove),
        )
        .method_not_allowed_fallback(edge::no_such_method)
        .fallback(edge::no_such_call)
        .layer(middleware::from_fn_with_state(token, guard::caller));
    Router::new()
        .route("/", get(page::page))
        .method_not_allowed_fallback(edge::no_such_method)
        .merge(calls)
        .layer(middleware::from_fn(edge::time))
        .layer(middleware::from_fn(edge::panics))
        .layer(middleware::from_fn(guard::host))
        .layer(middleware::from_fn(edge::headers))
        .with_state(Arc::new(plane))
}

#[cfg(test)]
mod tests;
