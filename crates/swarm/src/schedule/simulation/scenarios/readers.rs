//! What several readers, and readers that jump about, get.

use std::time::Duration;

use crate::schedule::simulation::scenarios::{MIB, SECOND, report, swarm};
use crate::schedule::simulation::{Habits, World};

#[test]
fn a_far_seek_takes_few_round_trips() {
    let mut world = World::new(4000 * MIB, 256 << 10);
    world.join(Habits::new(10e6, 50));
    let viewer = world.read(0, 32 * MIB, 0.0);
    world.run(SECOND * 3);
    let mut worst = Duration::ZERO;
    for turn in 1..=100 {
        let at = turn * 37 * MIB;
        world.seek(viewer, at);
        worst = worst.max(world.until_first_byte(viewer, SECOND * 10));
        world.run(Duration::from_millis(700));
    }
    report("100 far seeks", &world);
    assert!(worst < Duration::from_millis(250), "{worst:?}");
    assert!(world.client.tally.wasted() < 0.01);
}

#[test]
fn far_readers_share_fairly() {
    let mut world = World::new(2000 * MIB, 4 << 20);
    swarm(&mut world, 4, 1e6);
    let one = world.read(0, 32 * MIB, 0.0);
    let two = world.read(1000 * MIB, 32 * MIB, 0.0);
    world.until_first_byte(one, SECOND * 60);
    world.until_first_byte(two, SECOND * 60);
    assert!(world.now < Duration::from_millis(3000), "{:?}", world.now);
    world.run(SECOND * 40);
    let read = [
        world.viewers[one].reader.at,
        world.viewers[two].reader.at - 1000 * MIB,
    ];
    report("two far readers", &world);
    assert!(
        read[0] * 10 > read[1] * 8 && read[1] * 10 > read[0] * 8,
        "{read:?}"
    );
}

#[test]
fn a_greedy_reader_does_not_stall_a_player() {
    let mut world = World::new(2000 * MIB, 1 << 20);
    swarm(&mut world, 4, 1e6);
    let greedy = world.read(0, 64 * MIB, 0.0);
    let player = world.read(1000 * MIB, 64 * MIB, 1.5e6);
    world.until_first_byte(player, SECOND * 60);
    world.run(SECOND * 60);
    report("a greedy one and a player", &world);
    assert_eq!(world.viewers[player].stalled, Duration::ZERO);
    assert!(world.viewers[greedy].reader.at > 60 * 2 * 1_000_000);
}

#[test]
fn a_pause_costs_nothing_afterwards() {
    let mut world = World::new(2000 * MIB, 1 << 20);
    swarm(&mut world, 4, 2e6);
    let viewer = world.read(0, 32 * MIB, 4e6);
    world.until_first_byte(viewer, SECOND * 60);
    world.run(SECOND * 10);
    world.viewers[viewer].paused = true;
    world.want_plan();
    world.run(SECOND * 120);
    assert_eq!(
        world.client.progress.asked_pieces().count(),
        0,
        "nothing is asked for"
    );
    world.viewers[viewer].paused = false;
    world.seek(viewer, 1500 * MIB);
    let first = world.until_first_byte(viewer, SECOND * 10);
    world.run(SECOND * 20);
    report("seek after a pause", &world);
    assert!(first < Duration::from_millis(500), "{first:?}");
    assert_eq!(world.viewers[viewer].stalled, Duration::ZERO);
}

#[test]
fn a_small_disk_plays_a_large_file() {
    let mut world = World::new(400 * MIB, 1 << 20);
    world.client.cache.limit(12);
    swarm(&mut world, 4, 1e6);
    let viewer = world.read(0, 6 * MIB, 2e6);
    world.until_first_byte(viewer, SECOND * 60);
    world.run(SECOND * 100);
    assert!(world.viewers[viewer].reader.at > 180 * MIB);
    // What was given up comes again.
    world.seek(viewer, 0);
    let again = world.until_first_byte(viewer, SECOND * 10);
    world.run(SECOND * 20);
    report("12 pieces of disk for 400", &world);
    assert!(again < SECOND, "{again:?}");
    assert_eq!(world.viewers[viewer].stalled, Duration::ZERO);
    assert!(world.client.progress.held().ones() <= 12);
    assert!(world.client.tally.wasted() < 0.03);
}

#[test]
fn who_reads_is_not_kept_waiting_by_what_others_want_later() {
    let mut world = World::new(400 * MIB, 1 << 20);
    world.client.cache.limit(10);
    swarm(&mut world, 4, 1e6);
    let greedy = world.read(0, 4 * MIB, 0.0);
    let player = world.read(200 * MIB, 4 * MIB, 1.5e6);
    world.until_first_byte(player, SECOND * 60);
    world.run(SECOND * 60);
    report("two readers on a small disk", &world);
    assert!(
        world.viewers[player].stalled < SECOND,
        "{:?}",
        world.viewers[player].stalled
    );
    assert!(world.viewers[greedy].reader.at > 50 * MIB);
}
