//! Peers on the local network (BEP 14).

use std::{net::SocketAddr, process::Command};

use serde_json::json;

use super::{DOWNLOAD, film};
use crate::support::{
    Agent, LAN, Made, agent_on_lan, assert_same, isolated, leech_at, libtorrent_at, output_of,
};

/// Lets the only interface there is carry multicast.
fn with_multicast() {
    for words in [
        "link set lo multicast on",
        "route add 224.0.0.0/4 dev lo src 10.77.0.1",
    ] {
        output_of(Command::new("ip").args(words.split(' ')));
    }
}

/// An agent that knows the metadata of a film, from a peer that is gone.
fn acquainted(film: &Made) -> Agent {
    let agent = agent_on_lan().start();
    let gone = SocketAddr::from((LAN, 7821));
    let _seeder = libtorrent_at(gone, film, &json!({}));
    // metadata is not looked for on the local network
    let metainfo = agent.get(&format!("{}?x.pe={gone}", film.torrent())).send();
    assert_eq!(metainfo.status, 200, "{}", metainfo.text());
    agent
}

#[test]
fn peers_on_the_local_network_are_found() {
    isolated(|| {
        with_multicast();
        let film = film(51);
        let agent = acquainted(&film);
        let settings = json!({ "enable_lsd": true });
        let _seeder = libtorrent_at(SocketAddr::from((LAN, 7820)), &film, &settings);
        let whole = agent.get(&film.at(&[])).send();
        assert_eq!(whole.status, 200, "{}", whole.text());
        assert_same(&whole.body, &film.bytes());
    });
}

#[test]
fn peers_on_the_local_network_find_the_agent() {
    isolated(|| {
        with_multicast();
        let film = film(52);
        let agent = agent_on_lan().start();
        let seeder = libtorrent_at(SocketAddr::from((LAN, 7821)), &film, &json!({}));
        assert_same(
            &agent.get(&film.at(&[seeder.peer])).send().body,
            &film.bytes(),
        );
        drop(seeder);
        let settings = json!({ "enable_lsd": true });
        let leech = leech_at(SocketAddr::from((LAN, 7820)), &film, &settings);
        leech.await_all_of(&film, DOWNLOAD);
    });
}
