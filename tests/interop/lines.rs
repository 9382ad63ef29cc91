//! The ways to a peer: uTP, IPv6, slow lines, encryption.

use std::net::{Ipv6Addr, SocketAddr};

use serde_json::{Value, json};

use super::DOWNLOAD;
use crate::support::{
    Client, LAN, Line, MIB, Made, Setup, Spec, agent_on_lan, assert_same, isolated, libtorrent_at,
    noise, peer_of_agent,
};

/// A port for libtorrent.
const PORT: u16 = 7800;

/// A film short enough for slow lines.
fn film() -> Made {
    Made::of(Spec::single("film.mkv", noise(7, 3 * MIB + 12_345)))
}

/// libtorrent's settings for uTP and nothing else.
pub(super) fn only_utp() -> Value {
    json!({
        "enable_outgoing_utp": true, "enable_incoming_utp": true,
        "enable_outgoing_tcp": false, "enable_incoming_tcp": false,
    })
}

/// The agent reads all from a libtorrent with these settings, over a way that `through` makes to it.
pub(super) fn gives(
    setup: Setup,
    listen: SocketAddr,
    settings: &Value,
    through: impl FnOnce(SocketAddr) -> SocketAddr,
) {
    let film = film();
    let running = libtorrent_at(listen, &film, settings);
    let agent = setup.start();
    let whole = agent.get(&film.at(&[through(running.peer)])).send();
    assert_eq!(whole.status, 200, "{}", whole.text());
    assert_same(&whole.body, &film.bytes());
}

/// A libtorrent with these settings fetches all from the agent, which has read it from one with those of `source`.
pub(super) fn gets(
    setup: Setup,
    source: &Value,
    settings: Value,
    through: impl FnOnce(SocketAddr) -> SocketAddr,
) {
    let film = film();
    let agent = setup.start();
    let source = libtorrent_at(SocketAddr::from((LAN, PORT)), &film, source);
    let whole = agent.get(&film.at(&[source.peer])).send();
    assert_same(&whole.body, &film.bytes());
    drop(source);
    let torrent = agent.get(&film.torrent()).send();
    let running =
        Client::Libtorrent.leech(&film, &torrent.body, through(peer_of_agent()), settings);
    running.await_all_of(&film, DOWNLOAD);
}

pub(super) fn on_lan() -> SocketAddr {
    SocketAddr::from((LAN, PORT))
}

#[test]
fn a_leecher_gets_over_utp() {
    isolated(|| gets(agent_on_lan(), &json!({}), only_utp(), |peer| peer));
}

#[test]
fn a_seeder_gives_over_ipv6() {
    let listen = SocketAddr::from((Ipv6Addr::LOCALHOST, PORT));
    isolated(move || gives(agent_on_lan(), listen, &json!({}), |peer| peer));
}

#[test]
fn a_seeder_gives_over_a_slow_line() {
    isolated(|| {
        let through = |peer| Line::tcp(LAN, peer).near;
        gives(agent_on_lan(), on_lan(), &json!({}), through);
    });
}
