//! A damaged index: it is rebuilt from the files, and the agent answers from them meanwhile.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::Instant,
};

use super::{SETTLED, film::Film, limited, stop};
use crate::support::{Agent, MIB, Seeder, Setup, pause};

/// One kind of damage, done to a data directory that nobody uses.
type Damage = fn(&Path);

/// Every kind of damage by its name.
const KINDS: [(&str, Damage); 8] = [
    ("tail cut off", |data| {
        cut(data, |length| length.saturating_sub(4096));
    }),
    ("half cut off", |data| cut(data, |length| length / 2)),
    ("a page of zeros", |data| overwrite(data, &[0; 4096], |_| 0)),
    ("flipped bytes", |data| {
        overwrite(data, &[0x5a; 20], |old| old);
    }),
    ("largest file deleted", |data| {
        fs::remove_file(largest(data)).unwrap();
    }),
    ("folder deleted", |data| {
        fs::remove_dir_all(data.join("index")).unwrap();
    }),
    ("nonsense instead", |data| {
        fs::write(largest(data), "nonsense").unwrap();
    }),
    ("pins beside it deleted", |data| {
        for entry in fs::read_dir(data).unwrap().flatten() {
            if entry.file_name().to_string_lossy().starts_with("pins") {
                fs::remove_file(entry.path()).unwrap();
            }
        }
    }),
];

/// The largest file of the index, which is the one that matters.
fn largest(data: &Path) -> PathBuf {
    let files = fs::read_dir(data.join("index")).unwrap().flatten();
    let files = files.filter(|entry| entry.file_type().unwrap().is_file());
    let largest = files.max_by_key(|entry| entry.metadata().unwrap().len());
    largest.expect("an index has files").path()
}

fn cut(data: &Path, to: impl Fn(u64) -> u64) {
    let file = OpenOptions::new().write(true).open(largest(data)).unwrap();
    file.set_len(to(file.metadata().unwrap().len())).unwrap();
}

/// Changes bytes in the middle of what is written, by a mask and what becomes of the old ones.
fn overwrite(data: &Path, mask: &[u8], keep: impl Fn(u8) -> u8) {
    let path = largest(data);
    let whole = fs::read(&path).unwrap();
    let last = whole.iter().rposition(|byte| *byte != 0).unwrap_or(0);
    let at = last / 2 / 4096 * 4096;
    let file = File::options().write(true).open(path).unwrap();
    let old = &whole[at..whole.len().min(at + mask.len())];
    let new: Vec<u8> = old
        .iter()
        .zip(mask)
        .map(|(old, mask)| keep(*old) ^ mask)
        .collect();
    file.write_all_at(&new, at as u64).unwrap();
}

/// Starts, damages and looks, for every kind; `end` stops the agent in order or not.
#[track_caller]
fn every_kind(end: fn(&mut Agent)) {
    let mut seeder = Seeder::start();
    let kept = Film::seeded(&mut seeder, 1, 6);
    let whole = Film::seeded(&mut seeder, 2, 6);
    let part = Film::seeded(&mut seeder, 3, 48);
    let mut agent = limited("1GB")
        .set("timeouts.first_byte = \"1s\"")
        .set("timeouts.stall = \"1s\"")
        .start();
    agent.manage().pin(kept.id());
    for film in [&kept, &whole] {
        film.assert_whole(&agent);
    }
    part.assert_read(&agent, 20 * MIB, 2 * MIB);
    pause(SETTLED);
    drop(seeder);
    for (name, damage) in KINDS {
        end(&mut agent);
        damage(&agent.data());
        let began = Instant::now();
        agent.start_again();
        println!("{name}: listens after {} ms", began.elapsed().as_millis());
        for film in [&kept, &whole] {
            film.assert_on_disk(&agent, 0, film.length());
        }
        println!("{name}: all read after {} ms", began.elapsed().as_millis());
        part.assert_on_disk(&agent, 20 * MIB, 2 * MIB);
        // what never came is not there, whatever the index says
        let answer = part.ask(&agent, part.length() - MIB, MIB);
        if answer.status == 206 {
            assert!(answer.broken, "{name}: bytes from nowhere");
            part.assert_part(part.length() - MIB, &answer.body);
        } else {
            answer.problem(504);
        }
        let plane = agent.manage();
        assert_eq!(plane.item(kept.id())["pinned"], true, "{name}");
        assert_eq!(plane.item(whole.id())["pinned"], false, "{name}");
    }
}

#[test]
fn a_damaged_index_is_rebuilt_after_a_clean_stop() {
    every_kind(stop);
}

#[test]
fn a_damaged_index_is_rebuilt_after_a_kill() {
    every_kind(Agent::kill);
}

#[test]
fn pins_are_kept_twice() {
    let mut seeder = Seeder::start();
    let kept = Film::seeded(&mut seeder, 1, 1);
    let mut agent = Setup::new().start();
    kept.assert_whole(&agent);
    agent.manage().pin(kept.id());
    agent.kill();
    // neither half alone may lose it; pins without an item are those of things to come
    fs::remove_dir_all(agent.data().join("index")).unwrap();
    agent.start_again();
    assert_eq!(agent.manage().item(kept.id())["pinned"], true);
    agent.manage().unpin(kept.id());
    agent.kill();
    fs::remove_dir_all(agent.data().join("index")).unwrap();
    agent.start_again();
    assert_eq!(
        agent.manage().item(kept.id())["pinned"],
        false,
        "the pin came back"
    );
}
