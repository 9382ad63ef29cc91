//! The page of a directory at a standard address, as gateways write it (path gateway specification,
//! "Generated HTML with directory index").

use std::fmt::Write;

use axum::{
    body::Body,
    http::{Response, StatusCode},
};
use percent_encoding::utf8_percent_encode;

use super::{Listing, size};
use crate::{
    address::PLAIN,
    asked::Asked,
    page::{self, escape},
};

/// Writes the page.
pub(super) fn page(listing: &Listing, asked: &Asked<'_>) -> Response<Body> {
    let resource = asked.resource;
    let mut rows = String::new();
    if !resource.path.is_empty() {
        let above = resource.link("stream", resource.names().chain([".."]), false);
        let above = escape(&above);
        let _ = writeln!(
            rows,
            "<tr><td colspan=\"3\"><a href=\"{above}\">..</a></td></tr>"
        );
    }
    for line in &listing.entries {
        let (url, name) = (escape(line.url.trim_end_matches('/')), escape(&line.name));
        let length = line.length.map(size).unwrap_or_default();
        // A name in right-to-left letters must not turn its neighbours around.
        let _ = write!(
            rows,
            "<tr><td><bdi><a href=\"{url}\">{name}</a></bdi></td><td>"
        );
        if let Some(address) = &line.address {
            let short: String = address.chars().take(8).collect();
            // The name is encoded for the address and once more for the parameter.
            let encoded = utf8_percent_encode(&line.name, PLAIN).to_string();
            let filename = utf8_percent_encode(&encoded, PLAIN);
            let _ = write!(
                rows,
                "<a class=\"ipfs-hash\" translate=\"no\" \
                 href=\"/ipfs/{address}?filename={filename}\">{short}…</a>"
            );
        }
        let _ = writeln!(rows, "</td><td>{length}</td></tr>");
    }
    let crumbs = crumbs(asked);
    let title = format!("Index of /{}/{}", resource.protocol, listing.name(asked));
    let title = escape(&title);
    let body = format!(
        "<table><caption>Index of {crumbs}</caption>\n\
         <thead><tr><th scope=\"col\">Name</th><th scope=\"col\">Address</th>\
         <th scope=\"col\">Size</th></tr></thead>\n<tbody>\n{rows}</tbody></table>"
    );
    page::answer(StatusCode::OK, &title, &body)
}

/// The way from the root to here, each step a link.
fn crumbs(asked: &Asked<'_>) -> String {
    let resource = asked.resource;
    let id = escape(&resource.id);
    let root = escape(&resource.link("stream", [], false));
    let mut crumbs = format!("/{}/<a href=\"{root}\">{id}</a>", resource.protocol);
    for (place, name) in resource.names().enumerate() {
        let link = resource.link("stream", resource.names().take(place + 1), false);
        let (link, name) = (escape(&link), escape(name));
        let _ = write!(crumbs, "/<a href=\"{link}\">{name}</a>");
    }
    crumbs
}
