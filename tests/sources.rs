//! Peers that a URL may name, and those it must not.

use crate::support::{Agent, Seeder, Setup, Spec, assert_same, encoded, noise};

const ID: &str = "dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c";

/// Asks for a torrent with this query and expects a refusal.
#[track_caller]
fn refused(agent: &Agent, query: &str) {
    let answer = agent
        .get(&format!("/bittorrent/v0/stream/{ID}/?{query}"))
        .send();
    println!("{query}"); // seen only where it fails
    assert_eq!(answer.problem(403), "forbidden-source");
}

#[test]
fn an_agent_for_this_machine_asks_nobody_elsewhere() {
    let agent = Agent::start();
    for query in [
        "x.pe=10.0.0.1:1",
        "x.pe=192.0.2.1:6881",
        "x.pe=[2001:db8::1]:6881",
        "x.pe=169.254.169.254:80",
        "tr=http%3A%2F%2F10.0.0.1%2Fannounce",
        "tr=udp%3A%2F%2F192.0.2.1%3A80",
    ] {
        refused(&agent, query);
    }
}

#[test]
fn an_agent_on_the_internet_is_not_led_to_this_machine() {
    let agent = Setup::internet().start();
    for query in [
        "x.pe=127.0.0.1:1",
        "x.pe=127.1.2.3:1",
        "x.pe=[::1]:1",
        "x.pe=[::ffff:127.0.0.1]:1",
        "x.pe=0.0.0.0:1",
        "x.pe=10.0.0.1:1",
        "x.pe=192.168.1.1:1",
        "x.pe=169.254.169.254:80",
        "x.pe=[fe80::1]:1",
        "x.pe=[fd00::1]:1",
        "tr=http%3A%2F%2F127.0.0.1%3A7789%2Fannounce",
        "tr=http%3A%2F%2Flocalhost%2Fannounce",
        "tr=udp%3A%2F%2F%5B%3A%3A1%5D%3A80",
        "tr=udp%3A%2F%2F127.0.0.1%3A80",
        "tr=udp%3A%2F%2F10.0.0.1%3A80",
    ] {
        refused(&agent, query);
    }
    let magnet = encoded(&format!("magnet:?xt=urn:btih:{ID}&x.pe=127.0.0.1:1"));
    let answer = agent
        .get(&format!("/bittorrent/v0/stream/{magnet}/"))
        .send();
    assert_eq!(answer.problem(403), "forbidden-source");
}

#[test]
fn private_peers_come_in_by_configuration_only() {
    let mut seeder = Seeder::start();
    let file = seeder.seed(Spec::single("file.bin", noise(1, 100_000)));
    let agent = Setup::internet()
        .set("network.allow_private = true")
        .start();
    assert_same(
        &agent.get(&file.at("/file.bin")).send().body,
        &file.bytes("file.bin"),
    );
}

#[test]
fn what_is_no_peer_is_refused() {
    let agent = Agent::start();
    for query in [
        "x.pe=nonsense",
        "x.pe=127.0.0.1",
        "x.pe=127.0.0.1:99999",
        "tr=nonsense",
    ] {
        let answer = agent
            .get(&format!("/bittorrent/v0/stream/{ID}/?{query}"))
            .send();
        assert_eq!(answer.problem(400), "bad-address", "{query}");
    }
}
