//! A process that is killed in the middle of storing blocks.

use std::{
    env,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::*;

/// Where the process that is to be killed has its store, and its limit; only that process has them.
const FOLDER: &str = "BLOCKS_OF_A_PROCESS_THAT_IS_KILLED";
const LIMIT: &str = "LIMIT_OF_A_PROCESS_THAT_IS_KILLED";

fn lengths(number: u32) -> usize {
    [100, 5000, 70_000, BLOCK][number as usize % 4]
}

/// Stores blocks until it is killed, and says after each sync how many there are. It does nothing
/// where it is not asked to.
#[test]
fn stores_until_it_is_killed() {
    let Some(folder) = env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let limit = env::var(LIMIT).expect("given with the folder");
    let store = limited(&folder, limit.parse().expect("a number"));
    let item = blocks(&store, "a");
    for number in 0_u32.. {
        drop(put(&item, &block(number, lengths(number))));
        if number % 10 == 9 {
            store.settle().expect("room");
            println!("\nstored {}", number + 1);
        }
    }
}

fn limited(folder: &Path, limit: u64) -> Arc<Store> {
    let settings = Settings {
        limit,
        ..settings()
    };
    open_with(folder, settings)
}

/// Has a process store blocks until there are so many, and kills it. Returns how many there are.
fn kill_after(least: u32, folder: &Path, limit: u64) -> u32 {
    let program = env::current_exe().expect("this one");
    let test = "blocks::tests::killing::stores_until_it_is_killed";
    let mut killed = Command::new(program)
        .args(["--exact", test, "--nocapture"])
        .env(FOLDER, folder)
        .env(LIMIT, limit.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut said = BufReader::new(killed.stdout.take().expect("piped")).lines();
    let mut stored = 0;
    while stored < least {
        let line = said.next().expect("it goes on").expect("text");
        let count = line.strip_prefix("stored ");
        stored = count.map_or(stored, |count| count.parse().expect("a number"));
    }
    killed.kill().expect("it runs");
    killed.wait().expect("it ends");
    stored
}

#[test]
fn a_killed_process_loses_nothing_that_was_synced_and_nothing_is_wrong() {
    let folder = TempDir::new().expect("a temporary folder");
    let limit = 64 << 20;
    for round in 1..=4_u32 {
        let stored = kill_after(30 * round, folder.path(), limit);
        let store = limited(folder.path(), limit);
        let item = blocks(&store, "a");
        for number in 0..stored {
            let is_found = found(&item, &block(number, lengths(number)));
            assert!(is_found, "{round}: {number}");
        }
        assert!(store.disk_use().used <= limit);
        drop(item);
        crash(store);
    }
}

#[test]
fn a_process_killed_while_blocks_go_leaves_nothing_wrong() {
    let folder = TempDir::new().expect("a temporary folder");
    let limit = open(&folder).disk_use().own + (8 << 20);
    for round in 1..=4_u32 {
        // About 25 MB through 8 MiB.
        let stored = kill_after(300 + 20 * round, folder.path(), limit);
        let store = limited(folder.path(), limit);
        let item = blocks(&store, "a");
        let all = (0..stored).filter(|number| found(&item, &block(*number, lengths(*number))));
        let all = all.count();
        assert!((20..250).contains(&all), "{round}: {all} of {stored}");
        assert!(store.disk_use().used <= limit + BLOCK as u64, "{round}");
        store.collect(Some(0)).expect("an index");
        let left = store.item(&root("a")).expect("known").disk;
        assert!(left < BLOCK as u64, "{round}: {left} of what went stays");
        drop(item);
        crash(store);
    }
}
