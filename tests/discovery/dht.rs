//! The DHT (BEP 5), of nodes that are all on this machine.

use std::{net::SocketAddr, time::Duration};

use serde_json::json;

use super::{film, node::Node};
use crate::support::{
    LAN, STOPPING, Seeder, Setup, Spec, agent_on_lan, assert_same, isolated, libtorrent_at, noise,
    pause, peer_of_agent, until,
};

/// Where the node is that everybody joins through.
const BOOTSTRAP: u16 = 7810;

/// What libtorrent needs to trust nodes that share an address.
fn nodes(bootstrap: &str) -> serde_json::Value {
    json!({
        "enable_dht": true, "dht_bootstrap_nodes": bootstrap,
        "dht_restrict_routing_ips": false, "dht_restrict_search_ips": false,
        "dht_prefer_verified_node_ids": false, "dht_enforce_node_id": false,
        "dht_ignore_dark_internet": false,
    })
}

/// An agent that joins the DHT through a node.
fn agent_through(node: SocketAddr) -> Setup {
    agent_on_lan()
        .set("bittorrent.dht = true")
        .set(&format!("bittorrent.dht_bootstrap = [\"{node}\"]"))
}

#[test]
fn a_bare_infohash_is_found_by_the_dht() {
    isolated(|| {
        let node = SocketAddr::from((LAN, BOOTSTRAP));
        let _node = libtorrent_at(node, &film(41), &nodes(""));
        let film = film(42);
        let listen = SocketAddr::from((LAN, BOOTSTRAP + 1));
        let _seeder = libtorrent_at(listen, &film, &nodes(&node.to_string()));
        let agent = agent_through(node).start();
        let whole = agent.get(&film.at(&[])).send();
        assert_eq!(whole.status, 200, "{}", whole.text());
        assert_same(&whole.body, &film.bytes());
    });
}

/// An agent reads a film from a peer that it is given, beside a node of the DHT.
fn read_beside_a_node(spec: Spec, then: impl FnOnce(&Node, &str)) {
    let mut seeder = Seeder::start();
    let film = seeder.seed(spec);
    let node = Node::beside(&film.id, SocketAddr::from((LAN, BOOTSTRAP)));
    // before its metadata is here nobody knows that it is private
    let mut before = agent_on_lan().start();
    assert_eq!(before.get(&film.address("torrent", "")).send().status, 200);
    before.ask_to_stop();
    before.ended(STOPPING);
    let agent = agent_through(node.address)
        .argument("--data-dir")
        .argument(before.data().to_str().unwrap())
        .start();
    assert_same(
        &agent.get(&film.at("/film.mkv")).send().body,
        &film.bytes("film.mkv"),
    );
    then(&node, &film.id);
}

#[test]
fn the_agent_announces_itself_to_the_dht() {
    isolated(|| {
        let spec = Spec::single("film.mkv", noise(43, 300_000));
        read_beside_a_node(spec, |node, id| {
            let port = peer_of_agent().port();
            until("the announcement", Duration::from_secs(30), || {
                node.was_told_of(id, port)
            });
            assert!(node.was_asked_for(id));
        });
    });
}

#[test]
fn the_dht_hears_nothing_of_a_private_torrent() {
    isolated(|| {
        let spec = Spec::single("film.mkv", noise(44, 300_000)).private();
        read_beside_a_node(spec, |node, id| {
            until("joining", Duration::from_secs(30), || node.was_joined());
            pause(Duration::from_secs(3));
            assert!(!node.was_asked_for(id), "it was asked");
            assert!(!node.was_told_of(id, peer_of_agent().port()), "it was told");
        });
    });
}
