//! A page for people who follow the address that the agent prints.

use std::sync::Arc;

use axum::{extract::State, response::Html};

use crate::Plane;

/// It tells nothing that needs the token.
pub(crate) async fn page(State(plane): State<Arc<Plane>>) -> Html<String> {
    let (version, content) = (plane.facts.version, &plane.facts.content);
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
