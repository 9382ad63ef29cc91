//! Turning a request's parameters into peers and trackers.

use std::net::SocketAddr;

use universal_p2p_core::{Error, Hints, Result};
use universal_p2p_swarm::Policy;
use url::Url;

use crate::sources::Sources;

/// Peers taken from one request; more are left out.
const MOST_PEERS: usize = 64;

/// Trackers taken from one request; more are left out.
const MOST_TRACKERS: usize = 16;

/// Reads `x.pe`, `tr` and `ws`, and refuses what the policy forbids.
pub(crate) fn sources(hints: &Hints, policy: Policy) -> Result<Sources> {
    let mut sources = Sources::default();
    for peer in hints.all("x.pe").take(MOST_PEERS) {
        sources.peers.insert(policy.check_peer(parse_peer(peer)?)?);
    }
    for tracker in hints.all("tr").take(MOST_TRACKERS) {
        let url = policy.check_url(parse_url("tr", tracker)?)?;
        // A magnet link may name trackers for browsers too (wss); those are for others.
        if matches!(url.scheme(), "http" | "https" | "udp") {
            sources.trackers.insert(url);
        }
    }
    for webseed in hints.all("ws").take(MOST_TRACKERS) {
        let url = policy.check_url(parse_url("ws", webseed)?)?;
        if matches!(url.scheme(), "http" | "https") {
            sources.webseeds.insert(url);
        }
    }
    Ok(sources)
}

fn parse_peer(text: &str) -> Result<SocketAddr> {
    text.parse().ok().filter(|peer: &SocketAddr| peer.port() != 0).ok_or_else(|| Error::BadAddress {
        why: format!("x.pe={text:?} is no peer; it is an IP address and a port, such as 203.0.113.7:6881 or [2001:db8::7]:6881"),
    })
}

fn parse_url(name: &str, text: &str) -> Result<Url> {
    Url::parse(text)
        .ok()
        .filter(Url::has_host)
        .ok_or_else(|| Error::BadAddress {
            why: format!("{name}={text:?} is not a complete URL"),
        })
}
