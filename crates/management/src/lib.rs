//! The management plane: an origin of its own, where every call needs the token.
//!
//! It never shares an origin with content, so that nothing from a peer-to-peer network can read it
//! or write to it, whatever it is. Calls are refused without `Authorization: Bearer <token>`, from
//! pages of other origins, and by any host name but the loopback ones (against DNS rebinding).
//! There are no cookies, because they cross ports, and no CORS headers.
//!
//! # Limitations
//! So far it tells the agent's state; usage, items and settings are not here yet.

mod guard;
mod status;
mod token;

use std::{io, time::Instant};

use axum::{Router, middleware, routing::get};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use token::Token;

/// What the plane tells.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The program's version.
    pub version: &'static str,
    /// The address of the content plane, such as `http://127.0.0.1:7788`.
    pub content: String,
    /// When the agent was ready.
    pub since: Instant,
}

/// Serves the plane until it is told to stop.
///
/// # Errors
/// What the listener says.
pub async fn serve(
    listener: TcpListener,
    token: Token,
    facts: Facts,
    stop: CancellationToken,
) -> io::Result<()> {
    axum::serve(listener, router(token, facts))
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
}

/// Outermost first: the host, because a foreign one must learn nothing; then who calls; then what.
fn router(token: Token, facts: Facts) -> Router {
    let calls = Router::new()
        .route("/api/v0/status", get(status::api))
        .layer(middleware::from_fn_with_state(token, guard::caller));
    Router::new()
        .route("/", get(status::page))
        .merge(calls)
        .layer(middleware::from_fn(guard::headers))
        .layer(middleware::from_fn(guard::host))
        .with_state(facts)
}

#[cfg(test)]
mod tests;
