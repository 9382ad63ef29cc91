//! Settings that are changed while the agent runs.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Agent, MIB, STOPPING, Seeder, Setup, Spec, folder, noise, until};

const FILE: &str = "\
# mine
network.scope = \"loopback\"

[disk]
# half of the small one
limit = \"300MB\" # for now
#keep_free = \"2GB\"
";

fn setting(agent: &Agent, key: &str) -> Value {
    let all = agent.manage().get("/settings");
    let all = all["settings"].as_array().unwrap().clone();
    let found = all.into_iter().find(|setting| setting["key"] == key);
    found.unwrap_or_else(|| panic!("{key} is not told"))
}

#[track_caller]
fn change(agent: &Agent, body: &Value) -> Value {
    let answer = agent.manage().call("PATCH", "/settings").json(body).send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[test]
fn a_change_survives_a_restart_and_keeps_the_comments() {
    let place = folder();
    let file = place.path().join("my.toml");
    fs::write(&file, FILE).unwrap();
    let mut agent = Setup::new()
        .argument("--config")
        .argument(file.to_str().unwrap())
        .start();
    assert_eq!(setting(&agent, "disk.limit")["from"], "file");
    let changed = change(
        &agent,
        &json!({
            "disk.limit": "400MB",
            "timeouts.stall": "90s",
            "bittorrent.peers_per_torrent": 40,
        }),
    );
    assert_eq!(changed["restart"], json!(["bittorrent.peers_per_torrent"]));
    assert_eq!(
        agent.manage().disk()["limit"],
        400_000_000,
        "it takes effect at once"
    );
    let text = fs::read_to_string(&file).unwrap();
    for kept in [
        "# mine\n",
        "# half of the small one\nlimit = \"400MB\" # for now\n",
        "#keep_free = \"2GB\"\n",
        "stall = \"90s\"",
    ] {
        assert!(text.contains(kept), "{kept:?} is not in {text}");
    }
    assert_eq!(
        setting(&agent, "bittorrent.peers_per_torrent")["pending"],
        true
    );
    agent.ask_to_stop();
    agent.ended(STOPPING);
    agent.start_again();
    assert_eq!(agent.manage().disk()["limit"], 400_000_000);
    let peers = setting(&agent, "bittorrent.peers_per_torrent");
    assert_eq!(
        (&peers["value"], &peers["pending"]),
        (&json!(40), &json!(false))
    );
    change(&agent, &json!({ "disk.limit": null }));
    assert_eq!(setting(&agent, "disk.limit")["value"], "20GB");
    assert!(!fs::read_to_string(&file).unwrap().contains("400MB"));
}

#[test]
fn what_stands_above_the_file_is_not_changed() {
    let agent = Agent::start();
    let patch = |body: Value| agent.manage().call("PATCH", "/settings").json(&body).send();
    let flag = patch(json!({ "listen.content": "127.0.0.1:1" }));
    assert_eq!(flag.problem(409), "overruled");
    assert_eq!(setting(&agent, "listen.content")["writable"], false);
    let bad = patch(json!({ "disk.limit": "1MB", "timeouts.stall": "5s" }));
    assert_eq!(bad.problem(400), "bad-setting");
    let detail = bad.json()["detail"].as_str().unwrap().to_owned();
    assert!(
        detail.starts_with("disk.limit: ") && detail.contains("16MB"),
        "{detail}"
    );
    assert_eq!(
        setting(&agent, "timeouts.stall")["value"],
        "60s",
        "all or none"
    );
}

#[test]
fn limits_are_lowered_and_raised_under_load() {
    let (mut seeder, agent) = (Seeder::start(), Agent::start());
    let film = seeder.seed(Spec::single("film.mkv", noise(1, 32 * MIB)));
    let target = film.at("/film.mkv");
    let mut first = agent.get(&target).open();
    first.read(1);
    change(&agent, &json!({ "limits.streams": 1 }));
    assert_eq!(agent.get(&target).send().problem(503), "busy");
    change(&agent, &json!({ "limits.streams": 2 }));
    let second = agent.get(&target).range("bytes=0-9").send();
    assert_eq!(second.status, 206);
    drop(first);
    assert_eq!(agent.get(&target).send().body.len(), 32 * MIB);
    // a lower limit has things go at once
    assert!(agent.manage().used() > 32_000_000);
    change(&agent, &json!({ "disk.limit": "16MB" }));
    until("room", STOPPING, || agent.manage().used() <= 16_000_000);
}

#[test]
fn patience_and_loudness_change_at_once() {
    let agent = Agent::start();
    let unknown = format!("/bittorrent/v0/stream/{}/x", "b".repeat(40));
    change(
        &agent,
        &json!({ "timeouts.metadata": "500ms", "log.level": "trace" }),
    );
    assert_eq!(agent.get(&unknown).send().status, 504);
    let log = agent.home().join("log");
    until("a louder log", STOPPING, || {
        fs::read_to_string(&log).unwrap().contains("TRACE")
    });
}
