//! A disk that is full, whoever filled it.

use std::time::Duration;

use super::{SETTLED, film::Film, over};
use crate::support::{Agent, MIB, Seeder, Setup, SmallDisk, isolated, pause, until};

/// An agent that believes to have all the room in the world.
fn careless() -> Setup {
    Setup::new()
        .set("disk.limit = \"1GB\"")
        .set("disk.keep_free = \"0\"")
        .set("timeouts.first_byte = \"5s\"")
        .set("timeouts.stall = \"5s\"")
}

/// Reads all of it: right bytes, and where they end early this shows.
#[track_caller]
fn assert_right_or_refused(film: &Film, agent: &Agent, from: usize) -> bool {
    let request = agent.get(&film.at()).range(&format!("bytes={from}-"));
    let answer = request.send();
    if answer.status != 206 {
        assert_eq!(answer.problem(507), "no-space");
        return false;
    }
    film.assert_part(from, &answer.body);
    let whole = from + answer.body.len() == film.length();
    assert!(whole || answer.broken, "a short body that ended well");
    whole
}

#[test]
fn a_disk_that_others_fill_never_gives_wrong_bytes() {
    isolated(|| {
        let disk = SmallDisk::of(40);
        let mut seeder = Seeder::start();
        let film = Film::seeded(&mut seeder, 1, 64);
        let begin = Film::seeded(&mut seeder, 2, 8);
        let mut agent = over(&disk.data(), careless()).start();
        begin.assert_whole(&agent);
        let whole = assert_right_or_refused(&film, &agent, 0);
        println!("a film longer than the disk came whole: {whole}");
        disk.fill();
        let whole = assert_right_or_refused(&film, &agent, 20 * MIB);
        println!("with the disk full it came whole: {whole}");
        // what has room because something else went may go on; nothing may be wrong
        assert_right_or_refused(&begin, &agent, 0);
        agent.kill();
        agent.start_again();
        assert_right_or_refused(&film, &agent, 40 * MIB);
        disk.empty();
        until("room again", Duration::from_secs(60), || {
            assert_right_or_refused(&begin, &agent, 0)
        });
        film.assert_read(&agent, 30 * MIB, 8 * MIB);
    });
}

#[test]
fn a_disk_that_is_full_before_the_start_does_not_keep_the_agent_from_starting() {
    isolated(|| {
        let disk = SmallDisk::of(40);
        let mut seeder = Seeder::start();
        let film = Film::seeded(&mut seeder, 1, 8);
        let mut agent = over(&disk.data(), careless()).start();
        film.assert_whole(&agent);
        agent.manage_at(&disk.data()).pin(film.id());
        pause(SETTLED);
        agent.kill();
        disk.fill();
        agent.start_again();
        // it is pinned, so that no room can be made of it
        film.assert_on_disk(&agent, 0, film.length());
        assert_eq!(
            agent.manage_at(&disk.data()).item(film.id())["pinned"],
            true
        );
    });
}
