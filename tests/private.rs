//! Torrents that keep to themselves (BEP 27), and the limits of what is sent to others.

use crate::support::{Agent, MIB, Seeder, Spec, assert_same, noise, position};

#[test]
fn a_private_torrent_is_served_from_the_peers_it_is_given() {
    let mut seeder = Seeder::start();
    let film = seeder.seed(Spec::single("film.mkv", noise(1, 2 * MIB)).private());
    let agent = Agent::start();
    let answer = agent.get(&film.at("/film.mkv")).send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_same(&answer.body, &film.bytes("film.mkv"));
    let torrent = agent
        .get(&film.without_peer("").replace("/stream/", "/torrent/"))
        .send();
    assert!(position(&torrent.body, b"7:privatei1e").is_some());
}
