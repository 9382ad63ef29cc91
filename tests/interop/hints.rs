//! Peers by exchange (PEX, BEP 11), which a private torrent forbids (BEP 27).

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
    time::Duration,
};

use serde_json::json;

use super::film;
use crate::support::{
    Agent, Gossip, LAN, MIB, Seeder, Spec, acquaintance_at, agent_on_lan, assert_same, isolated,
    libtorrent_at, noise, pause, until,
};

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

/// Reads a film from a seeder, while another peer tells of a third: gives that one's socket.
fn told_of_a_third(spec: Spec, then: impl FnOnce(&TcpListener)) {
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let third = TcpListener::bind((here, 0)).unwrap();
    third.set_nonblocking(true).unwrap();
    let gossip = Gossip::start(here, third.local_addr().unwrap());
    let mut seeder = Seeder::start();
    let film = seeder.seed(spec);
    let agent = Agent::start();
    let target = format!("{}&x.pe={}", film.at("/film.mkv"), gossip.address);
    let whole = agent.get(&target).send();
    assert_same(&whole.body, &film.bytes("film.mkv"));
    then(&third);
}

#[test]
fn a_public_torrent_follows_gossip() {
    let spec = Spec::single("film.mkv", noise(9, 4 * MIB));
    told_of_a_third(spec, |third| {
        until("the call on the third", Duration::from_secs(30), || {
            third.accept().is_ok()
        });
    });
}

#[test]
fn a_private_torrent_heeds_no_gossip() {
    let spec = Spec::single("film.mkv", noise(9, 4 * MIB)).private();
    told_of_a_third(spec, |third| {
        pause(Duration::from_secs(3));
        assert!(third.accept().is_err(), "somebody called on it");
    });
}
