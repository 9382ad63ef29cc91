//! What people type.

use std::process::Stdio;

use serde_json::Value;

use super::{command, done, film, refused};
use crate::support::{Agent, MIB, STOPPING, Seeder, encoded, until};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn the_state_is_told_in_words_and_as_json() {
    let (mut seeder, agent) = (Seeder::start(), Agent::start());
    film(&mut seeder, &agent, 1, "");
    let words = done(&agent, &["status"]);
    for part in [
        "universal-p2p ",
        "20.0 GB",
        "2.00 GB",
        "pinned",
        "streams    0",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    let status = json(&done(&agent, &["status", "--json"]));
    assert_eq!(status["disk"]["items"], 1);
    assert_eq!(status["disk"]["limit"], 20_000_000_000_u64);
    assert!(
        status["disk"]["used"].as_u64() >= Some(MIB as u64),
        "{status}"
    );
    assert_eq!(status["content"], format!("http://{}", agent.content()));
}

#[test]
fn an_item_is_pinned_listed_unpinned_and_removed() {
    let (mut seeder, agent) = (Seeder::start(), Agent::start());
    let (first, second) = (
        film(&mut seeder, &agent, 1, ""),
        film(&mut seeder, &agent, 2, ""),
    );
    until("the booking of both", STOPPING, || {
        done(&agent, &["items"]).matches("just now").count() == 2
    });
    let listed = done(&agent, &["items"]);
    for part in [&first.id, &second.id, "film 1.bin", "film 2.bin", "2 items"] {
        assert!(listed.contains(part), "{part}: {listed}");
    }
    assert!(done(&agent, &["pin", &first.id]).starts_with("pinned"));
    let listed = done(&agent, &["items"]);
    let line = listed
        .lines()
        .find(|line| line.contains(&first.id))
        .unwrap();
    assert!(line.contains("pinned"), "{listed}");
    let said = refused(&agent, &["remove", &first.id]);
    assert!(said.contains("unpin"), "{said}");
    done(&agent, &["unpin", &first.id]);
    let said = done(&agent, &["remove", &first.id]);
    assert!(said.contains("freed"), "{said}");
    let left = json(&done(&agent, &["items", "--json"]));
    assert_eq!(left["total"], 1);
    assert_eq!(left["items"][0]["id"], second.id);
    let said = refused(&agent, &["remove", &first.id]);
    assert!(said.contains("universal-p2p items"), "{said}");
}

#[test]
fn an_item_has_many_names() {
    let (mut seeder, agent) = (Seeder::start(), Agent::start());
    let film = film(&mut seeder, &agent, 1, "");
    let pinned = || agent.manage().item(&film.id)["pinned"] == true;
    for name in [
        film.id.clone(),
        film.id.to_uppercase(),
        format!("bittorrent/{}", film.id),
        format!(
            "magnet:?xt=urn:btih:{}&tr=udp://127.0.0.1:1/announce",
            film.id
        ),
        film.id[..12].to_owned(),
    ] {
        done(&agent, &["pin", &name]);
        assert!(pinned(), "{name}");
        done(&agent, &["unpin", &name]);
        assert!(!pinned(), "{name}");
    }
    for (wrong, why) in [
        ("nonsense/of/it", "item"),
        ("zz\u{1b}[2J", "id"),
        ("deadbeef", "begins with"),
        ("", "id"),
    ] {
        let said = refused(&agent, &["pin", wrong]);
        assert!(said.contains(why) && !said.contains('\u{1b}'), "{said:?}");
    }
}

#[test]
fn room_is_made_on_demand() {
    let (mut seeder, agent) = (Seeder::start(), Agent::start());
    let film = film(&mut seeder, &agent, 1, "");
    let said = done(&agent, &["collect"]);
    assert!(said.contains("nothing had to go"), "{said}");
    let said = done(&agent, &["collect", "--upto", "0"]);
    assert!(said.contains("16 chunks of 1 item"), "{said}");
    assert_eq!(agent.manage().item(&film.id)["disk"], 0);
    let again = json(&done(&agent, &["collect", "--upto", "0", "--json"]));
    assert_eq!(again["reason"], "asked");
    // and it comes back
    assert_eq!(agent.get(&film.at("/film%201.bin")).send().body.len(), MIB);
}

#[test]
fn who_reads_is_told_while_it_reads() {
    let (mut seeder, agent) = (Seeder::start(), Agent::start());
    let film = film(&mut seeder, &agent, 1, "");
    // more than fits into the buffers of a connection
    seeder.limit(64 << 10);
    let long = seeder.seed(crate::support::Spec::single(
        "long.bin",
        crate::support::noise(9, 16 * MIB),
    ));
    let site = encoded("1Si\u{202e}te");
    let mut body = agent
        .get(&long.at(&format!("/long.bin?from={site}")))
        .open();
    body.read(1);
    let words = done(&agent, &["status"]);
    assert!(words.contains("streams    1"), "{words}");
    assert!(
        words.contains(&long.id) && words.contains("1Si\\u{202e}te (claimed)"),
        "{words}"
    );
    assert!(done(&agent, &["items"]).contains("in use"));
    done(&agent, &["remove", &long.id]);
    assert!(body.finish().broken, "what is removed is not read on");
    let left = json(&done(&agent, &["items", "--json"]));
    assert_eq!(left["items"][0]["id"], film.id);
}

#[test]
fn whoever_reads_no_further_has_had_enough() {
    let agent = Agent::start();
    let mut child = command(&agent, &["items"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut status = None;
    until("the end of the command", STOPPING, || {
        status = child.try_wait().unwrap();
        status.is_some()
    });
    assert!(status.unwrap().success());
}
