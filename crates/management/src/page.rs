//! The dashboard.

use std::net::SocketAddr;

use axum::{
    Extension,
    extract::{ConnectInfo, RawQuery},
    http::{HeaderMap, StatusCode},
    response::{Html, IntoResponse, Response},
};

use tokio::task::spawn_blocking;

use crate::{Token, assets, guard, neighbour, problem::Problem};

/// Who is connected.
pub(crate) type Client = Option<Extension<ConnectInfo<SocketAddr>>>;

/// The dashboard with the token in it, for the user of this machine and whoever has the token.
///
/// Pages of other origins cannot read it; names that lead here are refused before.
pub(crate) async fn page(
    Extension(token): Extension<Token>,
    client: Client,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let client = client.map(|Extension(ConnectInfo(client))| client);
    let is_here = match client.filter(|client| client.ip().to_canonical().is_loopback()) {
        Some(client) => spawn_blocking(move || neighbour::is_own_user(client))
            .await
            .unwrap_or(false),
        None => false,
    };
    let query = query.unwrap_or_default();
    let given = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("token="));
    if is_here || given.is_some_and(|given| token.is(given)) || guard::has_token(&headers, &token) {
        return Html(assets::page(token.expose())).into_response();
    }
    let detail = "open it on the machine that the agent runs on as the user that it runs as, or with ?token= and the token from \
                  its data directory";
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail).into_response()
}
