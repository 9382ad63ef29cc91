//! Stopping in the middle of work, and going on afterwards.

use crate::support::{
    Agent, MIB, STOPPING, Seeder, Seeding, Spec, assert_same, folder, noise, noise_file,
};

/// A film that takes half a minute to come.
fn long_film(seeder: &mut Seeder) -> Seeding {
    let place = folder();
    let sparse = noise_file(place.path(), 64 * MIB as u64, &[(0, &noise(1, MIB))]);
    let bytes = std::fs::read(sparse).unwrap();
    let film = seeder.seed(Spec::single("film.bin", bytes).pieces(256 << 10));
    seeder.limit(2 << 20);
    film
}

#[test]
fn an_idle_agent_stops_cleanly() {
    let mut agent = Agent::start();
    agent.ask_to_stop();
    assert_eq!(agent.ended(STOPPING).code(), Some(0));
}

#[test]
fn a_stream_does_not_hold_up_the_end() {
    let mut seeder = Seeder::start();
    let film = long_film(&mut seeder);
    let mut agent = Agent::start();
    let mut body = agent.get(&film.at("/film.bin")).open();
    assert_same(&body.read(MIB), &film.part("film.bin", 0, MIB));
    agent.ask_to_stop();
    assert_eq!(agent.ended(STOPPING).code(), Some(0));
    assert!(body.finish().broken, "the body ended as if it were whole");
}

#[test]
fn a_search_does_not_hold_up_the_end() {
    let mut agent = Agent::start();
    let target = "/bittorrent/v0/stream/dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c/a";
    std::thread::scope(|scope| {
        let request = agent.get(target);
        let waiting = scope.spawn(move || {
            // whatever comes, an answer or an end: it must not take for ever
            std::panic::catch_unwind(|| request.send().status)
        });
        crate::support::pause(std::time::Duration::from_millis(500));
        agent.ask_to_stop();
        assert_eq!(agent.ended(STOPPING).code(), Some(0));
        if let Ok(status) = waiting.join().unwrap() {
            assert!(matches!(status, 503 | 504), "{status}");
        }
    });
}

#[test]
fn what_came_before_the_end_is_there_after_it() {
    let mut seeder = Seeder::start();
    let film = long_film(&mut seeder);
    let mut agent = Agent::start();
    let right = film.part("film.bin", 0, MIB);
    let mut body = agent.get(&film.at("/film.bin")).open();
    assert_same(&body.read(MIB), &right);
    agent.ask_to_stop();
    agent.ended(STOPPING);
    drop(body);
    drop(seeder);
    agent.start_again();
    let answer = agent
        .get(&film.without_peer("/film.bin"))
        .range("bytes=0-1048575")
        .send();
    assert_same(&answer.body, &right);
}

#[test]
fn many_kills_in_a_row_leave_only_right_bytes() {
    let mut seeder = Seeder::start();
    let film = seeder.seed(Spec::single("film.bin", noise(2, 16 * MIB)));
    seeder.limit(16 << 20);
    let mut agent = Agent::start();
    for round in 0..4 {
        let mut body = agent.get(&film.at("/film.bin")).open();
        let length = (round + 1) * MIB;
        assert_same(&body.read(length), &film.part("film.bin", 0, length));
        agent.kill();
        drop(body);
        agent.start_again();
    }
    seeder.limit(0);
    assert_same(
        &agent.get(&film.at("/film.bin")).send().body,
        &film.bytes("film.bin"),
    );
}
