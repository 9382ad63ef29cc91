//! The management plane: an origin of its own, where every call needs the token.
//!
//! It never shares an origin with content, so that nothing from a peer-to-peer network can read it
//! or write to it, whatever it is. Calls are refused without `Authorization: Bearer <token>`, from
//! pages of other origins, and by any host name but the loopback ones (against DNS rebinding).
//! There are no cookies, because they cross ports, and no CORS headers.
//!
//! The dashboard is one page and its scripts, embedded in the program; the page has the token in it, so
//! that its user need not look for it. Other users of the machine get no page without the token.
//!
//! # Limitations
//! Which user is connected is only known on Linux; elsewhere every user of the machine gets the page.

#![forbid(unsafe_code)]

mod assets;
mod bar;
mod call;
mod collect;
mod edge;
mod events;
mod files;
mod guard;
mod items;
mod link;
mod metrics;
mod neighbour;
mod openapi;
mod page;
mod plane;
mod problem;
mod resolve;
mod settings;
mod share;
mod sites;
mod status;
mod streams;
mod token;
mod usage;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Extension, Router, middleware,
    routing::{delete, get, post, put},
    serve::ListenerExt,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

pub use plane::{Facts, Plane};
pub use settings::{Changed, Configuration, Kind, Origin, Refusal, Setting};
pub use token::Token;

/// How long a client may take no bytes. Listeners are sent some every 15 s.
const PATIENCE: Duration = Duration::from_secs(60);

/// Serves the plane until it is told to stop.
///
/// # Errors
/// What the listener says.
pub async fn serve(
    listener: TcpListener,
    token: Token,
    mut plane: Plane,
    stop: CancellationToken,
) -> io::Result<()> {
    plane.events.stop = stop.clone();
    let service = router(token, plane).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener.tap_io(tune), service)
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
}

/// Has the system let go of clients that take nothing, such as pages in a machine that sleeps.
fn tune(stream: &mut TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    #[cfg(target_os = "linux")]
    if let Err(error) = socket2::SockRef::from(&*stream).set_tcp_user_timeout(Some(PATIENCE)) {
        tracing::debug!(%error, "no TCP_USER_TIMEOUT");
    }
}

/// Outermost first: what every answer says; the host, because a foreign one must learn nothing;
/// that a call comes to an end; who calls; then what.
fn router(token: Token, plane: Plane) -> Router {
    let item = "/api/v0/items/{protocol}/{id}";
    let calls = Router::new()
        .route("/api/v0/status", get(status::status))
        .route("/api/v0/streams", get(streams::list))
        .route("/api/v0/events", get(events::events))
        .route("/api/v0/usage", get(usage::usage))
        .route("/api/v0/items", get(items::list))
        .route(item, get(items::one).delete(items::remove))
        .route(&format!("{item}/pin"), put(items::pin).delete(items::unpin))
        .route(&format!("{item}/files"), get(files::files))
        .route("/api/v0/sites/{site}", delete(sites::remove))
        .route("/api/v0/collect", post(collect::collect))
        .route("/api/v0/collections", get(collect::list))
        .route(
            "/api/v0/settings",
            get(settings::list).patch(settings::change),
        )
        .route("/api/v0/resolve", post(resolve::resolve))
        .route("/api/v0/openapi.json", get(openapi::openapi))
        .route("/metrics", get(metrics::metrics))
        .route("/api/v0/share", post(share::share))
        .route("/api/v0/shares", get(share::list))
        .route(
            "/api/v0/shares/{job}",
            get(share::one).delete(share::remove),
        )
        .method_not_allowed_fallback(edge::no_such_method)
        .fallback(edge::no_such_call)
        .layer(middleware::from_fn_with_state(token.clone(), guard::caller));
    let policy = edge::policy(&plane.facts.content);
    Router::new()
        .route("/", get(page::page).layer(Extension(token)))
        .merge(assets::routes())
        .method_not_allowed_fallback(edge::no_such_method)
        .layer(middleware::from_fn(guard::reader))
        .merge(calls)
        .layer(middleware::from_fn(edge::time))
        .layer(middleware::from_fn(edge::panics))
        .layer(middleware::from_fn(guard::host))
        .layer(middleware::from_fn_with_state(policy, edge::headers))
        .with_state(Arc::new(plane))
}

#[cfg(test)]
mod tests;
