//! The DHT (BEP 5), of nodes that are all on this machine.

use std::net::SocketAddr;

use serde_json::json;

use super::film;
use crate::support::{Agent, LAN, agent_on_lan, assert_same, isolated, libtorrent_at};

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
fn agent_through(node: SocketAddr) -> Agent {
    agent_on_lan()
        .set("bittorrent.dht = true")
        .set(&format!("bittorrent.dht_bootstrap = [\"{node}\"]"))
        .start()
}

#[test]
fn a_bare_infohash_is_found_by_the_dht() {
    isolated(|| {
        let node = SocketAddr::from((LAN, BOOTSTRAP));
        let _node = libtorrent_at(node, &film(41), &nodes(""));
        let film = film(42);
        let listen = SocketAddr::from((LAN, BOOTSTRAP + 1));
        let _seeder = libtorrent_at(listen, &film, &nodes(&node.to_string()));
        let agent = agent_through(node);
        let whole = agent.get(&film.at(&[])).send();
        assert_eq!(whole.status, 200, "{}", whole.text());
        assert_same(&whole.body, &film.bytes());
    });
}
