//! A site as any other: its own origin, its own pages, and the helper that shows what the agent has.

use std::net::Ipv4Addr;

use anyhow::{Context, Result};
use axum::{
    Router,
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    response::IntoResponse,
    routing::get,
};
use tokio::net::TcpListener;

use super::{
    files::{FILM_NAME, FIRST_VOLUME, PICTURES_NAME, picture_names},
    links::{Links, Network},
};

/// The page, with names in braces where addresses are to stand.
const PAGE: &str = include_str!("page.html");

/// What it loads from its own origin, by path and type.
const FILES: [(&str, &str, &str); 4] = [
    ("/page.css", "text/css", include_str!("page.css")),
    ("/page.js", "text/javascript", include_str!("page.js")),
    (
        "/embed.js",
        "text/javascript",
        include_str!("../../../web-ui/embed.js"),
    ),
    (
        "/icon.svg",
        "image/svg+xml",
        include_str!("../../../web-ui/icon.svg"),
    ),
];

/// The site before it is served.
pub(super) struct Site {
    listener: TcpListener,
    router: Router,
}

impl Site {
    /// Makes the page, and takes a free port.
    ///
    /// # Errors
    /// Where there is no port.
    pub(super) async fn bind(links: &Links) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.context("listening for the page")?;
        let page = page(links);
        let policy = policy(&links.content);
        let shown = get(move || async move {
            let headers = [
                (CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
                (CONTENT_SECURITY_POLICY, policy.clone()),
                // The same port may be another demo's tomorrow.
                (CACHE_CONTROL, "no-store".to_owned()),
            ];
            (headers, page.clone())
        });
        let mut router = Router::new().route("/", shown);
        for (path, media_type, text) in FILES {
            let headers = [(CONTENT_TYPE, media_type), (CACHE_CONTROL, "no-store")];
            router = router.route(
                path,
                get(move || async move { (headers, text).into_response() }),
            );
        }
        Ok(Self { listener, router })
    }

    /// The address of the page.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn url(&self) -> Result<String> {
        Ok(format!("http://{}/", self.listener.local_addr()?))
    }

    /// Serves it. Never ends but with an error.
    ///
    /// # Errors
    /// What the listener says.
    pub(super) async fn serve(self) -> Result<()> {
        let served = axum::serve(self.listener, self.router).await;
        served.context("serving the page")
    }
}

/// What the page may load: its own files, and films and pictures of the agent.
fn policy(agent: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' {agent}; \
         media-src {agent}; connect-src {agent}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

/// The page with its addresses. None of them has a letter that means something in HTML.
fn page(links: &Links) -> String {
    let film_in_rar = format!("{FIRST_VOLUME}/{FILM_NAME}");
    let path = |network, path: &str| links.path(network, path);
    [
        ("{agent}", links.content.clone()),
        ("{dashboard}", format!("{}/", links.dashboard)),
        ("{film-bittorrent}", path(Network::BitTorrent, FILM_NAME)),
        ("{film-ipfs}", path(Network::Ipfs, FILM_NAME)),
        ("{film-rar}", path(Network::BitTorrent, &film_in_rar)),
        (
            "{pictures-bittorrent}",
            pictures(links, Network::BitTorrent),
        ),
        ("{pictures-ipfs}", pictures(links, Network::Ipfs)),
        (
            "{zip-bittorrent}",
            path(Network::BitTorrent, &format!("{PICTURES_NAME}/")),
        ),
        (
            "{zip-ipfs}",
            path(Network::Ipfs, &format!("{PICTURES_NAME}/")),
        ),
        ("{status-bittorrent}", links.status(Network::BitTorrent)),
        ("{status-ipfs}", links.status(Network::Ipfs)),
    ]
    .into_iter()
    .fold(PAGE.to_owned(), |page, (name, value)| {
        page.replace(name, &value)
    })
}

/// The items of a list: every picture, which leads to itself.
fn pictures(links: &Links, network: Network) -> String {
    let item = |(number, name): (usize, String)| {
        let path = links.path(network, &format!("{PICTURES_NAME}/{name}"));
        let url = format!("{}{path}", links.content);
        format!(
            "<li><a href=\"{url}\"><img data-p2p=\"{path}\" width=\"480\" height=\"320\" \
             alt=\"Hills at {} o’clock\"></a></li>\n",
            number * 2
        )
    };
    picture_names().enumerate().map(item).collect()
}
