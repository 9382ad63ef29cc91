//! The calls of the management plane over a real network.

use super::{done, film};
use crate::support::{Agent, MIB, Seeder, encoded};

#[test]
fn who_asked_is_told_with_its_evidence() {
    let (mut seeder, agent) = (Seeder::start(), Agent::start());
    let film = film(&mut seeder, &agent, 1, "from=1Site");
    let target = film.at("/film%201.bin?from=never");
    let read = |name: &str, value: &str| {
        let answer = agent.get(&target).header(name, value).send();
        assert_eq!(answer.body.len(), MIB);
    };
    read("Origin", "http://origin.example");
    read("Referer", "http://referer.example/page?x");
    let hostile = "\"><script>alert(1)</script>";
    let claimed = film.at(&format!("/film%201.bin?from={}", encoded(hostile)));
    agent.get(&claimed).send();
    agent.get(&film.at("/film%201.bin")).send();
    let grade = |site: &str| {
        let item = agent.manage().item(&film.id);
        let sites = item["sites"].as_array().unwrap().clone();
        let found = sites.into_iter().find(|row| row["site"] == site);
        found.map(|row| row["evidence"].as_str().unwrap().to_owned())
    };
    crate::support::until(
        "the booking of all five",
        std::time::Duration::from_secs(20),
        || {
            agent.manage().item(&film.id)["sites"]
                .as_array()
                .unwrap()
                .len()
                == 5
        },
    );
    for (site, evidence) in [
        ("1Site", "claimed"),
        ("http://origin.example", "origin"),
        ("http://referer.example", "referer"),
        (hostile, "claimed"),
        ("", "unknown"),
    ] {
        assert_eq!(grade(site).as_deref(), Some(evidence), "{site}");
    }
    assert_eq!(
        grade("never"),
        None,
        "a claim overruled what the browser said"
    );
}

#[test]
fn a_site_takes_along_what_only_it_asked_for() {
    let (mut seeder, agent) = (Seeder::start(), Agent::start());
    let hostile = "\"><script>/ä";
    let query = format!("from={}", encoded(hostile));
    let only = film(&mut seeder, &agent, 1, &query);
    let both = film(&mut seeder, &agent, 2, &query);
    agent.get(&both.at("/film%202.bin?from=other")).send();
    let plane = agent.manage();
    crate::support::until(
        "the booking of both",
        std::time::Duration::from_secs(20),
        || plane.item(&both.id)["sites"].as_array().unwrap().len() == 2,
    );
    let removed = plane
        .call("DELETE", &format!("/sites/{}", encoded(hostile)))
        .send();
    assert_eq!(removed.status, 200, "{}", removed.text());
    assert_eq!(removed.json()["items"], 1);
    assert!(removed.json()["freed"].as_u64() >= Some(MIB as u64));
    let gone = plane
        .call("GET", &format!("/items/bittorrent/{}", only.id))
        .send();
    assert_eq!(gone.problem(404), "not-found");
    let sites = plane.item(&both.id)["sites"].clone();
    assert_eq!(
        (sites.as_array().unwrap().len(), &sites[0]["site"]),
        (1, &"other".into())
    );
    // it is neither half there nor forbidden
    assert_eq!(agent.get(&only.at("/film%201.bin")).send().body.len(), MIB);
    assert!(done(&agent, &["items"]).contains(&only.id));
}

#[test]
fn calls_are_refused_without_the_token_and_to_strangers() {
    let agent = Agent::start();
    let bare = crate::support::Request::new(agent.management(), "GET", "/api/v0/items");
    assert_eq!(bare.clone().send().problem(401), "unauthorized");
    let foreign = agent
        .manage()
        .call("POST", "/collect")
        .header("Origin", "null");
    assert_eq!(foreign.send().problem(403), "foreign-page");
    let rebound = agent
        .manage()
        .call("GET", "/items")
        .header("Host", "evil.example");
    assert_eq!(rebound.send().problem(421), "wrong-host");
    let lost = agent.manage().call("GET", "/nothing");
    assert_eq!(lost.send().problem(404), "not-found");
    let wrong = agent.manage().call("DELETE", "/collect").send();
    assert_eq!(wrong.problem(405), "method-not-allowed");
    assert_eq!(wrong.header("allow"), Some("POST"));
}

#[test]
fn a_torrent_of_a_form_that_is_not_served_is_told_apart() {
    let agent = Agent::start();
    let v2 = format!("magnet:?xt=urn:btmh:1220{}", "ab".repeat(32));
    for (id, status, reason) in [
        ("xyz".to_owned(), 400, "bad-id"),
        (encoded(&v2), 501, "unsupported"),
        ("a".repeat(40), 404, "not-found"),
    ] {
        let answer = agent
            .manage()
            .call("GET", &format!("/items/bittorrent/{id}"))
            .send();
        assert_eq!(answer.problem(status), reason, "{id}");
    }
}
