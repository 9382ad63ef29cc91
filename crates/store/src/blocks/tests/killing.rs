//! A process that is killed in the middle of storing blocks.

use std::{
    env,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
};

use super::*;

/// Where the process that is to be killed has its store; only that process has it.
const FOLDER: &str = "BLOCKS_OF_A_PROCESS_THAT_IS_KILLED";

const LIMIT: u64 = 64 << 20;

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
    let limit = LIMIT;
    let store = open_with(
        &folder,
        Settings {
            limit,
            ..settings()
        },
    );
    let item = blocks(&store, "a");
    for number in 0_u32.. {
        drop(put(&item, &block(number, lengths(number))));
        if number % 10 == 9 {
            store.settle().expect("room");
            println!("\nstored {}", number + 1);
        }
    }
}

#[test]
fn a_killed_process_loses_nothing_that_was_synced_and_nothing_is_wrong() {
    let folder = TempDir::new().expect("a temporary folder");
    for round in 1..=4_u32 {
        let program = env::current_exe().expect("this one");
        let test = "blocks::tests::killing::stores_until_it_is_killed";
        let mut killed = Command::new(program)
            .args(["--exact", test, "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let mut said = BufReader::new(killed.stdout.take().expect("piped")).lines();
        let mut stored = 0;
        while stored < 30 * round {
            let line = said.next().expect("it goes on").expect("text");
            let count = line.strip_prefix("stored ");
            stored = count.map_or(stored, |count| count.parse().expect("a number"));
        }
        killed.kill().expect("it runs");
        killed.wait().expect("it ends");
        let store = open_with(
            folder.path(),
            Settings {
                limit: LIMIT,
                ..settings()
            },
        );
        let item = blocks(&store, "a");
        for number in 0..stored {
            assert!(
                found(&item, &block(number, lengths(number))),
                "{round}: {number}"
            );
        }
        assert!(store.disk_use().used <= LIMIT + (2 << 20));
        drop(item);
        crash(store);
    }
}
