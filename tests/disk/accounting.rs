//! Who asked for what, how well that is known, and what is left of it after a kill.

use std::time::Duration;

use serde_json::Value;

use super::{SETTLED, film::Film, limited};
use crate::support::{Agent, MIB, Seeder, encoded, number, pause, until};

/// The sites that asked for a torrent.
fn sites(agent: &Agent, film: &Film) -> Vec<Value> {
    let item = agent.manage().item(film.id());
    item["sites"].as_array().expect("a list").clone()
}

/// What a site used of a torrent, once that is known.
fn site(agent: &Agent, film: &Film, name: &str) -> Value {
    let mut found = None;
    until("a booking", Duration::from_secs(30), || {
        found = sites(agent, film)
            .into_iter()
            .find(|site| site["site"] == name);
        found.is_some()
    });
    found.unwrap()
}

#[test]
fn what_was_served_is_known_after_a_kill() {
    let mut seeder = Seeder::start();
    let film = Film::seeded(&mut seeder, 1, 8);
    let mut agent = limited("100MB").start();
    let target = format!("{}&from=1Site", film.at());
    let closed = agent.get(&target).range("bytes=0-2097151").send();
    film.assert_part(0, &closed.body);
    let mut open = agent.get(&target).range("bytes=2097152-").open();
    film.assert_part(2 * MIB, &open.read(2 * MIB));
    // what is open is booked as well
    pause(SETTLED);
    agent.kill();
    drop(open);
    agent.start_again();
    let item = agent.manage().item(film.id());
    assert!(number(&item, "served") >= 4 * MIB as u64, "{item}");
    assert!(number(&item, "fetched") >= 4 * MIB as u64, "{item}");
    assert!(number(&item, "uses") >= 2, "{item}");
    let (first, last) = (number(&item, "first_access"), number(&item, "last_access"));
    assert!(0 < first && first <= last, "{item}");
    let site = site(&agent, &film, "1Site");
    assert!(number(&site, "served") >= 4 * MIB as u64, "{site}");
}

#[test]
fn evidence_is_graded() {
    let mut seeder = Seeder::start();
    let film = Film::seeded(&mut seeder, 1, 1);
    let agent = limited("100MB").start();
    let read = || agent.get(&film.at()).range("bytes=0-999");
    let claimed = format!("{}&from=1Claimed", film.at());
    read().header("Origin", "http://origin:1").send();
    read().header("Referer", "http://referer:2/page?x").send();
    agent.get(&claimed).range("bytes=0-999").send();
    read().send();
    for (name, evidence) in [
        ("http://origin:1", "origin"),
        ("http://referer:2", "referer"),
        ("1Claimed", "claimed"),
        ("", "unknown"),
    ] {
        let site = site(&agent, &film, name);
        assert_eq!(site["evidence"], evidence, "{site}");
        assert_eq!(site["served"], 1000, "{site}");
        assert_eq!(site["share"], 0.25, "{site}");
    }
    let usage = agent.manage().get("/usage?by=site");
    assert_eq!(usage["total"], 4, "{usage}");
}

#[test]
fn a_hostile_name_of_a_site_is_tamed() {
    let mut seeder = Seeder::start();
    let film = Film::seeded(&mut seeder, 1, 1);
    let agent = limited("100MB").start();
    let ask = |from: &str| {
        let target = format!("{}&from={}", film.at(), encoded(from));
        let answer = agent.get(&target).range("bytes=0-0").send();
        assert_eq!(answer.status, 206, "{from:?}: {}", answer.text());
    };
    let long = "ä".repeat(2000);
    ask("  1Site\r\n\u{0}\u{7f}\u{85} ");
    ask(&long);
    ask("<script>alert(1)</script>");
    ask("../../etc\u{202e}/passwd");
    ask("null");
    assert_eq!(site(&agent, &film, "1Site")["served"], 1);
    assert_eq!(site(&agent, &film, &"ä".repeat(127))["served"], 1);
    for site in sites(&agent, &film) {
        let name = site["site"].as_str().unwrap();
        assert!(name.len() <= 255, "{name:?}");
        assert!(!name.chars().any(char::is_control), "{name:?}");
    }
}

#[test]
fn names_without_end_do_not_fill_the_ledger() {
    let mut seeder = Seeder::start();
    let film = Film::seeded(&mut seeder, 1, 1);
    let agent = limited("100MB").start();
    for site in 0..300 {
        let target = format!("{}&from={site:0>200}", film.at());
        assert_eq!(agent.get(&target).range("bytes=0-0").send().status, 206);
    }
    let all = || number(&agent.manage().item(film.id()), "served");
    until("every booking", Duration::from_secs(30), || all() >= 300);
    assert_eq!(all(), 300, "what is booked to nobody is lost");
    let sites = sites(&agent, &film);
    assert!(sites.len() <= 257, "{} sites of one item", sites.len());
    let served: u64 = sites.iter().map(|site| number(site, "served")).sum();
    assert_eq!(served, 300, "the sites' parts do not add up");
}
