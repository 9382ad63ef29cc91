//! Giving back: other clients get from the agent what it has.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use crate::support::{MIB, Seeder, Setup, Spec, noise};

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

#[test]
fn another_client_gets_what_the_agent_has() {
    let mut seeder = Seeder::start();
    let film = seeder.seed(Spec::single("film.mkv", noise(1, 3 * MIB)));
    let port = free_port();
    let agent = Setup::new()
        .set(&format!("bittorrent.port = {port}"))
        .start();
    let whole = agent.get(&film.at("/film.mkv")).send();
    assert_eq!(whole.body.len(), 3 * MIB);
    seeder.pause();
    let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut other = Seeder::start();
    assert!(other.leech(&film.metainfo, peer, 30), "it got nothing");
}
