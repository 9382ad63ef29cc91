//! What goes when room is needed or somebody asks for it, and in which order.

use std::time::Duration;

use super::{film::Film, limited, over, stop};
use crate::support::{Agent, DiskMeter, MIB, Seeder, allocated, folder, number, pause, until};

/// Bytes of a torrent that are on disk.
fn on_disk(agent: &Agent, film: &Film) -> u64 {
    number(&agent.manage().item(film.id()), "disk")
}

/// Reads torrents one after the other, so that their order is known.
fn read_in_turn(agent: &Agent, films: &[&Film]) {
    for film in films {
        film.assert_whole(agent);
        pause(Duration::from_millis(50));
    }
}

#[test]
fn what_was_read_longest_ago_goes_first() {
    let mut seeder = Seeder::start();
    let [a, b, c] = [1, 2, 3].map(|number| Film::seeded(&mut seeder, number, 8));
    let agent = limited("100MB").start();
    read_in_turn(&agent, &[&a, &b, &c, &a]);
    let plane = agent.manage();
    let queue: Vec<_> = plane
        .items()
        .iter()
        .map(|item| item["id"].clone())
        .collect();
    assert_eq!(queue, [b.id(), c.id(), a.id()]);
    assert_eq!(plane.item(b.id())["queue"], 1);
    assert_eq!(plane.item(b.id())["kept"], "recent");
    let collection = plane.collect(plane.used() - 6 * MIB as u64);
    assert_eq!(collection["reason"], "asked", "{collection}");
    assert!(
        number(&collection, "freed") >= 6 * MIB as u64,
        "{collection}"
    );
    assert!(on_disk(&agent, &b) <= 2 * MIB as u64);
    assert!(on_disk(&agent, &c) >= 8 * MIB as u64);
    assert!(on_disk(&agent, &a) >= 8 * MIB as u64);
    plane.collect(plane.used() - 6 * MIB as u64);
    assert_eq!(on_disk(&agent, &b), 0);
    assert!(on_disk(&agent, &c) < 8 * MIB as u64);
    assert!(on_disk(&agent, &a) >= 8 * MIB as u64);
    // what has gone can come again
    read_in_turn(&agent, &[&b, &c, &a]);
}

#[test]
fn everything_but_pins_and_what_is_read_goes_when_asked() {
    let mut seeder = Seeder::start();
    let [kept, idle] = [1, 3].map(|number| Film::seeded(&mut seeder, number, 8));
    // more than the sockets between agent and reader take, or it would be sent before it is read
    let read = Film::seeded(&mut seeder, 2, 40);
    let agent = limited("100MB").start();
    let plane = agent.manage();
    plane.pin(kept.id());
    read_in_turn(&agent, &[&kept, &read, &idle]);
    let mut body = agent.get(&read.at()).open();
    read.assert_part(0, &body.read(MIB));
    plane.collect(0);
    assert_eq!(plane.item(kept.id())["kept"], "pinned");
    assert_eq!(plane.item(read.id())["kept"], "in use");
    assert!(on_disk(&agent, &kept) >= 8 * MIB as u64);
    assert_eq!(on_disk(&agent, &idle), 0);
    let rest = body.finish();
    assert!(!rest.broken, "what was being read has gone");
    read.assert_part(MIB, &rest.body);
    // the names of what has gone are still known
    assert_eq!(agent.head(&idle.without_peer()).send().status, 200);
}

#[test]
fn a_lower_limit_is_kept_from_the_start_on() {
    let place = folder();
    let mut seeder = Seeder::start();
    let [kept, a, b] = [1, 2, 3].map(|number| Film::seeded(&mut seeder, number, 10));
    let mut agent = over(place.path(), limited("100MB")).start();
    agent.manage_at(place.path()).pin(kept.id());
    read_in_turn(&agent, &[&kept, &a, &b]);
    stop(&mut agent);
    let agent = over(place.path(), limited("24MB")).start();
    until("a collection", Duration::from_secs(60), || {
        allocated(place.path()) <= 24_000_000
    });
    let meter = DiskMeter::over(place.path());
    let plane = agent.manage_at(place.path());
    assert!(number(&plane.item(kept.id()), "disk") >= 10 * MIB as u64);
    assert!(number(&plane.item(a.id()), "disk") < 10 * MIB as u64);
    read_in_turn(&agent, &[&a, &b, &kept]);
    meter.assert_below(24_000_000, 2 * super::film::PIECE);
}

#[test]
fn what_only_one_site_asked_for_goes_with_it() {
    let mut seeder = Seeder::start();
    let [only, both, kept] = [1, 2, 3].map(|number| Film::seeded(&mut seeder, number, 2));
    let agent = limited("100MB").start();
    let plane = agent.manage();
    plane.pin(kept.id());
    for (film, site) in [
        (&only, "1Going"),
        (&both, "1Going"),
        (&both, "1Staying"),
        (&kept, "1Going"),
    ] {
        let target = format!("{}&from={site}", film.at());
        let answer = agent.get(&target).send();
        film.assert_part(0, &answer.body);
    }
    let remove = || plane.call("DELETE", "/sites/1Going").send();
    until("the bookings", Duration::from_secs(30), || {
        let usage = plane.get("/usage?by=site");
        let rows = usage["rows"].as_array().unwrap().clone();
        let row = rows.iter().find(|row| row["site"] == "1Going");
        row.is_some_and(|row| row["items"] == 3)
    });
    let answer = remove();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let removed = answer.json();
    assert_eq!(removed["items"], 1, "{removed}");
    assert!(number(&removed, "freed") >= 2 * MIB as u64, "{removed}");
    assert_eq!(removed["pinned"], 1, "{removed}");
    assert!(on_disk(&agent, &both) >= 2 * MIB as u64);
    assert!(on_disk(&agent, &kept) >= 2 * MIB as u64);
    let gone = plane.call("GET", &format!("/items/bittorrent/{}", only.id()));
    assert_eq!(gone.send().status, 404);
    assert_eq!(remove().status, 404, "the site is still known");
}

/// How many of a page's pictures are left when a film was played after it.
fn pictures_left(policy: &str) -> usize {
    let mut seeder = Seeder::start();
    let picture = |number| Film::with_pieces(&mut seeder, number, MIB / 4, 64 << 10);
    let pictures: Vec<_> = (10..22).map(picture).collect();
    let film = Film::seeded(&mut seeder, 1, 96);
    let agent = limited("40MB")
        .set(&format!("disk.policy = {policy:?}"))
        .start();
    for _ in 0..3 {
        let all: Vec<_> = pictures.iter().collect();
        read_in_turn(&agent, &all);
    }
    film.assert_whole(&agent);
    let left = |film: &&Film| on_disk(&agent, film) >= film.length() as u64;
    pictures.iter().filter(left).count()
}

#[test]
fn small_things_that_are_used_often_survive_a_film_where_that_is_wanted() {
    assert_eq!(pictures_left("gdsf"), 12);
}

#[test]
fn a_film_drives_out_what_was_used_before_it() {
    assert_eq!(pictures_left("lru"), 0);
}
