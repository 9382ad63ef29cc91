//! Kills without warning, at any moment and under load.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
    time::Duration,
};

use super::{
    SETTLED,
    film::{Film, PIECE},
    limited,
};
use crate::support::{Agent, DiskMeter, MIB, Seeder, noise, pause};

const LIMIT: u64 = 24_000_000;
const ROUNDS: u64 = 8;

/// Reads at several places until the agent is gone; what came until then must be right.
fn read_until_killed(film: &Film, agent: &Agent, places: impl Iterator<Item = usize>) {
    for place in places {
        let request = agent.get(&film.at()).range(&format!("bytes={place}-"));
        // an agent that is killed before it has answered is no failure
        let Ok(mut body) = catch_unwind(AssertUnwindSafe(|| request.open())) else {
            return;
        };
        if body.status() != 206 {
            return;
        }
        let came = body.read(4 * MIB);
        film.assert_part(place, &came);
        if came.len() < (4 * MIB).min(film.length() - place) {
            return;
        }
    }
}

/// Places of a film without any pattern, other ones for every seed.
fn places(film: &Film, seed: u64) -> impl Iterator<Item = usize> {
    let length = film.length();
    let numbers = noise(seed, 8 * 64);
    (0..64).map(move |at| {
        let bytes = numbers[8 * at..8 * at + 8].try_into().unwrap();
        usize::try_from(u64::from_le_bytes(bytes)).unwrap() % length
    })
}

#[test]
fn kills_at_any_moment_leave_right_bytes_pins_and_the_limit() {
    let (mut seeder, mut other) = (Seeder::start(), Seeder::start());
    let film = Film::seeded(&mut seeder, 1, 64);
    let kept = Film::seeded(&mut other, 2, 6);
    let mut agent = limited("24MB").start();
    agent.manage().pin(kept.id());
    kept.assert_whole(&agent);
    pause(SETTLED);
    drop(other);
    let meter = DiskMeter::over(&agent.data());
    for round in 0..ROUNDS {
        let moment = noise(round, 1)[0];
        thread::scope(|scope| {
            let readers: Vec<_> = (0..2)
                .map(|reader| {
                    let (film, agent) = (&film, &agent);
                    let seed = 2 * round + reader;
                    scope.spawn(move || read_until_killed(film, agent, places(film, seed)))
                })
                .collect();
            pause(Duration::from_millis(200 + 5 * u64::from(moment)));
            agent.kill_under_load();
            for reader in readers {
                reader.join().expect("only right bytes come");
            }
        });
        agent.kill();
        agent.start_again();
        kept.assert_on_disk(&agent, 0, kept.length());
        let known = agent.manage().items();
        for (of, pinned) in [(&kept, true), (&film, false)] {
            let item = known.iter().find(|item| item["id"] == of.id());
            let item = item.unwrap_or_else(|| panic!("round {round}: {} is unknown", of.id()));
            assert_eq!(item["pinned"], pinned, "round {round}: {item}");
        }
        for place in places(&film, 1000 + round).take(3) {
            let length = MIB.min(film.length() - place);
            film.assert_read(&agent, place, length);
        }
        // two that read, and a leftover of a piece that was being written when it was killed
        meter.assert_below(LIMIT, 3 * PIECE);
    }
}

#[test]
fn what_was_settled_before_a_kill_needs_no_peer_after_it() {
    let (mut seeder, mut other) = (Seeder::start(), Seeder::start());
    let first = Film::seeded(&mut seeder, 1, 6);
    let second = Film::seeded(&mut other, 2, 64);
    other.limit(1 << 20);
    let mut agent = limited("100MB").start();
    first.assert_whole(&agent);
    pause(SETTLED);
    let mut body = agent.get(&second.at()).open();
    second.assert_part(0, &body.read(MIB));
    agent.kill();
    drop((body, seeder));
    agent.start_again();
    first.assert_on_disk(&agent, 0, first.length());
}
