//! Streams whose room shrinks while they are open.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{
    film::{Film, PIECE},
    limited,
};
use crate::support::{DiskMeter, MIB, Seeder};

const LIMIT: u64 = 32_000_000;

#[test]
fn a_slow_player_keeps_its_place_while_another_reads() {
    let mut seeder = Seeder::start();
    let film = Film::seeded(&mut seeder, 1, 48);
    let other = Film::seeded(&mut seeder, 2, 40);
    let agent = limited("32MB").start();
    let meter = DiskMeter::over(&agent.data());
    thread::scope(|scope| {
        let (film, agent) = (&film, &agent);
        let rest = Duration::from_millis(700);
        scope.spawn(move || film.read_slowly(agent, 0, film.length(), 8 * MIB, rest));
        scope.spawn(|| {
            other.assert_whole(agent);
            other.assert_whole(agent);
        });
    });
    meter.assert_below(LIMIT, 2 * PIECE);
}

#[test]
fn a_stream_goes_on_in_what_room_a_pin_leaves_it() {
    let mut seeder = Seeder::start();
    let film = Film::seeded(&mut seeder, 1, 64);
    let kept = Film::seeded(&mut seeder, 2, 24);
    // whoever has to wait for room shall not be helped by a stream that ends for want of a reader
    let agent = limited("32MB").set("timeouts.stall = \"80s\"").start();
    let meter = DiskMeter::over(&agent.data());
    let mut body = agent.get(&film.at()).open();
    film.assert_part(0, &body.read(4 * MIB));
    agent.manage().pin(kept.id());
    let began = Instant::now();
    kept.assert_whole(&agent);
    println!("what is pinned took {} ms", began.elapsed().as_millis());
    let rest = body.finish();
    assert!(!rest.broken, "it broke after {} bytes", rest.body.len());
    film.assert_part(4 * MIB, &rest.body);
    kept.assert_on_disk(&agent, 0, kept.length());
    meter.assert_below(LIMIT, 2 * PIECE);
}
