//! What lies in the data directory and belongs to nobody.

use std::{fs, path::Path, time::Duration};

use super::{
    film::{Film, PIECE},
    limited, over,
};
use crate::support::{DiskMeter, MIB, Seeder, allocated, folder, noise, until};

/// Puts bytes somewhere below a folder.
fn put(folder: &Path, path: &str, bytes: &[u8]) {
    let place = folder.join(path);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::write(place, bytes).unwrap();
}

#[test]
fn objects_that_nobody_owns_count_and_go_first() {
    let place = folder();
    let stray = "objects/bittorrent/dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c";
    let nonsense = "objects/nonsense/what-is-this";
    put(place.path(), stray, &noise(5, 8 * MIB));
    put(place.path(), nonsense, &noise(6, 8 * MIB));
    let mut seeder = Seeder::start();
    let film = Film::seeded(&mut seeder, 1, 40);
    let agent = over(place.path(), limited("30MB")).start();
    let plane = agent.manage_at(place.path());
    until("a count", Duration::from_secs(60), || {
        plane.disk()["counted"] == true
    });
    let used = plane.used();
    // they may have been removed at once, or count until room is needed
    let there = [stray, nonsense].map(|path| place.path().join(path).exists());
    let least = there.iter().filter(|there| **there).count() * 8 * MIB;
    println!("used {used}, there {there:?}");
    assert!(used >= least as u64, "{used} with {there:?} there");
    let meter = DiskMeter::over(place.path());
    film.assert_whole(&agent);
    meter.assert_below(30_000_000, PIECE);
    let left: u64 = [stray, nonsense]
        .iter()
        .map(|path| allocated(&place.path().join(path)))
        .sum();
    assert_eq!(left, 0, "strays outlived what is in use");
}

#[test]
fn what_was_half_written_goes_at_the_start() {
    let place = folder();
    let partial = "metadata/bittorrent/dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c.3.partial";
    put(place.path(), partial, &noise(7, MIB));
    let _agent = over(place.path(), limited("30MB")).start();
    until(
        "the end of the half-written file",
        Duration::from_secs(60),
        || !place.path().join(partial).exists(),
    );
}
