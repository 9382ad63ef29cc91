//! Items: who asked for them, pins, and their end.

use std::time::Duration;

use super::{
    backends::Backend,
    stage::{Shared, Stage},
    tree::Tree,
};
use crate::support::{MIB, assert_same, noise, number, until};

fn film<B: Backend>(stage: &mut Stage<B>, seed: u64, query: &str) -> Shared {
    let film = stage.share(Tree::file("film.bin", noise(seed, MIB)));
    let answer = stage.get(&film, &format!("/film.bin{query}")).send();
    assert_eq!(answer.body.len(), MIB);
    film
}

pub(super) fn sites_that_ask_are_told<B: Backend>() {
    let mut stage = Stage::<B>::new();
    let film = film(&mut stage, 1, "?from=1Site");
    let origin = stage.get(&film, "/film.bin?from=never");
    origin.header("Origin", "http://origin.example").send();
    let bookings = || stage.item(&film)["sites"].as_array().unwrap().clone();
    until("both bookings", Duration::from_secs(20), || {
        bookings().len() == 2
    });
    for (site, evidence) in [("1Site", "claimed"), ("http://origin.example", "origin")] {
        let rows = bookings();
        let row = rows.iter().find(|row| row["site"] == site);
        let row = row.unwrap_or_else(|| panic!("{site} is not in {rows:?}"));
        assert_eq!(row["evidence"], evidence, "{row}");
    }
    let usage = stage.agent.manage().get("/usage?by=protocol");
    assert_eq!(usage["total"], 1, "{usage}");
    assert_eq!(usage["rows"][0]["protocol"], B::PROTOCOL, "{usage}");
    assert!(number(&usage["rows"][0], "disk") >= MIB as u64, "{usage}");
    let sites = stage.agent.manage().get("/usage?by=site");
    assert_eq!(sites["total"], 2, "{sites}");
}

pub(super) fn an_item_can_be_pinned_and_removed<B: Backend>() {
    let mut stage = Stage::<B>::new();
    let (kept, other) = (film(&mut stage, 2, ""), film(&mut stage, 3, ""));
    let plane = stage.agent.manage();
    let call = |method: &str, path: &str| plane.call(method, path).send();
    let pin = format!("{}/pin", kept.item());
    assert_eq!(call("PUT", &pin).status, 204);
    assert_eq!(stage.item(&kept)["pinned"], true);
    assert_eq!(stage.item(&other)["pinned"], false);
    assert!(number(&stage.item(&kept), "disk") >= MIB as u64);
    // all goes but what is pinned
    plane.collect(0);
    let held = |of: &Shared| number(&stage.status(of), "bytes_held");
    assert!(held(&kept) >= MIB as u64, "{}", stage.status(&kept));
    assert!(held(&other) < 100_000, "{}", stage.status(&other));
    // and comes again
    let again = stage.get(&other, "/film.bin").send();
    assert_same(&again.body, other.bytes("film.bin"));
    assert_eq!(call("DELETE", &pin).status, 204);
    assert_eq!(stage.item(&kept)["pinned"], false);
    let removed = call("DELETE", &kept.item());
    assert!(matches!(removed.status, 200 | 204), "{}", removed.text());
    assert_eq!(call("GET", &kept.item()).problem(404), "not-found");
    assert_eq!(stage.status(&kept)["bytes_held"], 0);
    let again = stage.get(&kept, "/film.bin").send();
    assert_same(&again.body, kept.bytes("film.bin"));
}

pub(super) fn every_spelling_of_an_id_is_one_item<B: Backend>() {
    let mut stage = Stage::<B>::new();
    let film = film(&mut stage, 4, "");
    stage.without_peer();
    let spellings = B::spellings(&film.id);
    assert!(spellings.len() > 2);
    for id in spellings {
        let target = film.spelt(&id, "stream", "/film.bin");
        let answer = stage.agent.get(&target).send();
        assert_eq!(answer.status, 200, "{id}: {}", answer.text());
        assert_same(&answer.body, film.bytes("film.bin"));
    }
    let items = stage.agent.manage().items();
    assert_eq!(items.len(), 1, "{items:?}");
    assert_eq!(items[0]["id"], film.id);
}
