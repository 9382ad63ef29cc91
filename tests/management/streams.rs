//! What open streams are said to wait for.

use serde_json::Value;

use crate::support::{Agent, MIB, STOPPING, Seeder, Setup, SilentPeer, Spec, noise, until};

fn waits_for(agent: &Agent) -> Value {
    agent.manage().get("/streams")["streams"][0]["waits_for"].clone()
}

#[test]
fn a_client_that_takes_nothing_is_what_is_waited_for() {
    let (mut seeder, agent) = (Seeder::start(), Agent::start());
    let film = seeder.seed(Spec::single("film.mkv", noise(1, 32 * MIB)));
    let mut body = agent.get(&film.at("/film.mkv")).open();
    body.read(1);
    until("the wait for the client", STOPPING, || {
        waits_for(&agent) == "client"
    });
    body.read(32 * MIB);
}

#[test]
fn what_nobody_knows_yet_is_waited_for() {
    let agent = Setup::new().set("timeouts.metadata = \"10s\"").start();
    let peer = SilentPeer::start();
    let target = format!(
        "/bittorrent/v0/stream/{}/film.mkv?x.pe={}",
        "a".repeat(40),
        peer.address
    );
    std::thread::scope(|scope| {
        let answer = scope.spawn(|| agent.get(&target).send());
        until("the wait for metadata", STOPPING, || {
            waits_for(&agent) == "metadata"
        });
        let stream = agent.manage().get("/streams")["streams"][0].clone();
        assert_eq!(stream["name"], "film.mkv", "{stream}");
        let is_unknown = stream["length"].is_null() && stream["position"].is_null();
        assert!(is_unknown, "{stream}");
        assert_eq!(answer.join().unwrap().problem(504), "no-metadata");
    });
}

#[test]
fn peers_that_left_are_waited_for() {
    let (mut seeder, agent) = (Seeder::start(), Agent::start());
    seeder.limit(64 << 10);
    let film = seeder.seed(Spec::single("film.mkv", noise(2, 16 * MIB)));
    let mut body = agent.get(&film.at("/film.mkv")).open();
    body.read(1);
    drop(seeder);
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| body.finish());
        until("the wait for peers", STOPPING, || {
            waits_for(&agent) == "peers"
        });
        agent
            .manage()
            .call("DELETE", &format!("/items/bittorrent/{}", film.id))
            .send();
        assert!(reading.join().unwrap().broken);
    });
}
