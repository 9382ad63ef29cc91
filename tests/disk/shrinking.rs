//! Streams whose room shrinks while they are open.

use std::{thread, time::Duration};

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
