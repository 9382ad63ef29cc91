//! How the agent is doing.

use axum::{Json, extract::State, response::Html};
use serde::Serialize;

use crate::Facts;

/// The agent's state.
#[derive(Serialize)]
pub(crate) struct Status {
    version: &'static str,
    content: String,
    /// Whole seconds since it was ready.
    uptime_seconds: u64,
}

pub(crate) async fn api(State(facts): State<Facts>) -> Json<Status> {
    let uptime_seconds = facts.since.elapsed().as_secs();
    Json(Status {
        version: facts.version,
        content: facts.content,
        uptime_seconds,
    })
}

/// A page for people who follow the address that the agent prints.
pub(crate) async fn page(State(facts): State<Facts>) -> Html<String> {
    let Facts {
        version, content, ..
    } = facts;
    Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>universal-p2p</title><style>:root{{color-scheme:light dark;font:1rem/1.6 system-ui,sans-serif}}\
         body{{max-width:40rem;margin:4rem auto;padding:0 1rem}}code{{overflow-wrap:anywhere}}</style>\
         <main><h1>universal-p2p is running</h1>\
         <p>Version {version}. It serves files from peer-to-peer networks at <code>{content}</code>.</p>\
         <p>Put an infohash into an address to watch a file of it:<br>\
         <code>{content}/bittorrent/v0/stream/&lt;infohash&gt;/&lt;file&gt;</code></p></main></html>"
    ))
}
