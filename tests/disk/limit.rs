//! The limit: films much longer than the disk may hold, with every byte compared.

use std::{thread, time::Duration};

use super::{
    film::{Film, PIECE},
    is_streaming, limited, over,
};
use crate::support::{
    Agent, DiskMeter, MIB, Seeder, Setup, SmallDisk, allocated, isolated, number,
};

/// What may be used: much less than a film is long.
const LIMIT: u64 = 48_000_000;

/// How long the films are, in mebibytes. The stock engine begins again whenever something goes, which takes longer.
fn length() -> usize {
    if is_streaming() { 160 } else { 64 }
}

/// Reads it twice, jumps back into what has gone, and reads it with four at once.
fn use_up(film: &Film, agent: &Agent) {
    film.assert_whole(agent);
    film.assert_whole(agent);
    for seek in 0..20 {
        let place = (film.length() - 2 * MIB) / 20 * (19 - seek);
        film.assert_read(agent, place, MIB);
    }
    thread::scope(|scope| {
        for reader in 0..4 {
            let place = film.length() / 4 * reader;
            scope.spawn(move || film.assert_read(agent, place, film.length() / 8));
        }
    });
}

/// What four readers may be over the limit at one moment: each is writing a piece.
const WRITERS: u64 = 4 * PIECE;

#[test]
fn a_film_longer_than_the_limit_plays_again_and_again() {
    let mut seeder = Seeder::start();
    let film = Film::seeded(&mut seeder, 1, length());
    let agent = limited("48MB").start();
    film.assert_read(&agent, 0, 4 * MIB);
    let before = seeder.sent(&film.seeding).connections;
    let meter = DiskMeter::over(&agent.data());
    use_up(&film, &agent);
    meter.assert_below(LIMIT, WRITERS);
    let sent = seeder.sent(&film.seeding);
    println!("connections: {before}, then {}", sent.connections);
    // the stock engine cannot give up a piece while it is connected
    if is_streaming() {
        assert_eq!(sent.connections, before, "peers were left for room's sake");
        assert_eq!(sent.peers, 1, "the peer was blamed for what had gone");
    }
    let disk = agent.manage().disk();
    assert!(number(&disk, "used") <= LIMIT, "{disk}");
    assert_ne!(disk["last_collection"], serde_json::Value::Null);
}

#[test]
fn what_has_to_stay_free_stays_free_beside_what_is_pinned() {
    isolated(|| {
        let disk = SmallDisk::of(96);
        let (mut seeder, mut other) = (Seeder::start(), Seeder::start());
        let film = Film::seeded(&mut seeder, 1, length());
        let kept = Film::seeded(&mut other, 2, 16);
        let setup = Setup::new()
            .set("disk.limit = \"1GB\"")
            .set("disk.keep_free = \"40MB\"");
        let agent = over(&disk.data(), setup).start();
        let plane = agent.manage_at(&disk.data());
        plane.pin(kept.id());
        kept.assert_whole(&agent);
        drop(other);
        let meter = DiskMeter::over(disk.path());
        use_up(&film, &agent);
        let least = meter.least_free();
        println!("least free: {least}");
        assert!(
            least + WRITERS >= 40_000_000,
            "only {least} bytes were free"
        );
        let report = plane.item(kept.id());
        assert_eq!(report["pinned"], true, "{report}");
        assert!(number(&report, "disk") >= 16 * MIB as u64, "{report}");
        kept.assert_on_disk(&agent, 0, kept.length());
    });
}

#[test]
fn the_agent_counts_what_the_file_system_counts() {
    let mut seeder = Seeder::start();
    let film = Film::seeded(&mut seeder, 1, 16);
    let agent = limited("48MB").start();
    film.assert_whole(&agent);
    crate::support::until("the same count", Duration::from_secs(60), || {
        // what is being written at this moment may differ
        let (used, there) = (agent.manage().used(), allocated(&agent.data()));
        used.abs_diff(there) <= MIB as u64
    });
}
