//! What happens, told to whoever listens.

use serde_json::{Value, json};

use super::film;
use crate::support::{Agent, MIB, STOPPING, Seeder, Spec, noise, until};

/// Whether an event of items has this item.
fn has(items: &Value, id: &str) -> bool {
    let changed = items["changed"].as_array().or(items["items"].as_array());
    changed.is_some_and(|items| items.iter().any(|item| item["id"] == id))
}

#[test]
fn a_download_is_told_while_it_happens() {
    let (mut seeder, agent) = (Seeder::start(), Agent::start());
    let plane = agent.manage();
    let mut listener = plane.listen();
    for name in ["status", "streams", "items"] {
        let (event, data) = listener.next().unwrap();
        assert_eq!(event, name, "{data}");
    }
    let film = film(&mut seeder, &agent, 1, "from=1Site");
    // until it is booked what was fetched
    let is_whole = |items: &Value| {
        let mut changed = items["changed"].as_array().into_iter().flatten();
        changed.any(|item| item["id"] == film.id && item["fetched"] == MIB)
    };
    let items = listener.until("items", is_whole);
    assert!(items["count"].as_u64() >= Some(1), "{items}");
    plane.collect(0);
    let collection = listener.until("collection", |_| true);
    assert_eq!(collection["reason"], "asked");
    let change = plane
        .call("PATCH", "/settings")
        .json(&json!({ "disk.keep_free": "1GB" }));
    assert_eq!(change.send().status, 200);
    let settings = listener.until("settings", |_| true);
    assert_eq!(settings["settings"][0]["value"], "1GB");
    plane
        .call("DELETE", &format!("/items/bittorrent/{}", film.id))
        .send();
    let key = format!("bittorrent/{}", film.id);
    listener.until("items", |items| items["removed"] == json!([key]));
}

#[test]
fn a_stream_is_told_with_where_it_is_and_what_it_waits_for() {
    let (mut seeder, agent) = (Seeder::start(), Agent::start());
    seeder.limit(256 << 10);
    let long = seeder.seed(Spec::folder("set").with(&["a", "film.mkv"], noise(5, 16 * MIB)));
    let mut listener = agent.manage().listen();
    let mut body = agent
        .get(&long.at("/a/film.mkv?from=1Site"))
        .range("bytes=65536-")
        .open();
    body.read(1);
    let streams = listener.until("streams", |streams| {
        streams["streams"][0]["served"].as_u64() > Some(0)
    });
    let stream = &streams["streams"][0];
    assert_eq!(
        (&stream["name"], &stream["path"]),
        (&json!("film.mkv"), &json!("a/film.mkv"))
    );
    assert_eq!(
        (&stream["site"], &stream["length"]),
        (&json!("1Site"), &json!(16 * MIB))
    );
    let (position, served) = (stream["position"].as_u64(), stream["served"].as_u64());
    assert_eq!(position, served.map(|served| served + 65536), "{stream}");
    assert_eq!(stream["peers"], 1, "{stream}");
    // the line is slow and the client reads on
    std::thread::scope(|scope| {
        scope.spawn(|| body.read(4 * MIB));
        listener.until("streams", |streams| {
            streams["streams"][0]["speed"].as_u64() > Some(0)
        });
    });
    drop(body);
    listener.until("streams", |streams| streams["streams"] == json!([]));
}

#[test]
fn a_listener_begins_anew_after_a_restart() {
    let (mut seeder, mut agent) = (Seeder::start(), Agent::start());
    let film = film(&mut seeder, &agent, 1, "");
    let mut listener = agent.manage().listen();
    listener.until("items", |items| has(items, &film.id));
    agent.ask_to_stop();
    while listener.next().is_some() {}
    // nobody who listens keeps it from going
    assert!(agent.ended(STOPPING).success());
    agent.start_again();
    let mut listener = agent.manage().listen();
    listener.until("items", |items| has(items, &film.id));
}

#[test]
fn the_seventeenth_listener_is_refused() {
    let agent = Agent::start();
    let plane = agent.manage();
    let listeners: Vec<_> = (0..16).map(|_| plane.listen()).collect();
    let refused = plane.call("GET", "/events").send();
    assert_eq!(refused.problem(503), "busy");
    drop(listeners);
    until("sixteen places", STOPPING, || {
        plane
            .metrics()
            .contains("universal_p2p_event_listeners 0\n")
    });
    plane.listen();
}
