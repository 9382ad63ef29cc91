//! Peers by exchange (PEX, BEP 11), which a private torrent forbids (BEP 27).

use std::net::SocketAddr;

use serde_json::json;

use super::film;
use crate::support::{LAN, acquaintance_at, agent_on_lan, assert_same, isolated, libtorrent_at};

#[test]
fn a_peer_tells_of_another() {
    isolated(|| {
        let film = film();
        // seeders would leave each other otherwise
        let settings = json!({ "close_redundant_connections": false });
        let seeder = libtorrent_at(SocketAddr::from((LAN, 7804)), &film, &settings);
        let listen = SocketAddr::from((LAN, 7805));
        let acquaintance = acquaintance_at(listen, &film, &[seeder.peer]);
        let agent = agent_on_lan().start();
        let whole = agent.get(&film.at(&[acquaintance.peer])).send();
        assert_eq!(whole.status, 200, "{}", whole.text());
        assert_same(&whole.body, &film.bytes());
    });
}
