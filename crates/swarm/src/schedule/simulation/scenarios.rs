//! What readers get in swarms of several kinds. All times are virtual, so they are exact.

mod crowd;
mod liars;
mod readers;

use std::time::Duration;

use crate::Bits;
use crate::schedule::simulation::{Change, Habits, World};

const MIB: u64 = 1 << 20;
const SECOND: Duration = Duration::from_secs(1);

/// Prints what a scenario came to.
fn report(name: &str, world: &World) {
    let viewers: Vec<String> = (world.viewers.iter())
        .map(|viewer| {
            let firsts = &viewer.first_bytes;
            let worst = firsts.iter().max().copied().unwrap_or_default();
            format!(
                "first {worst:.2?}, stalled {:.2?}, at {:.1} MiB",
                viewer.stalled,
                viewer.reader.at as f64 / MIB as f64
            )
        })
        .collect();
    let (client, tally) = (&world.client, world.client.tally);
    println!(
        "{name:28} {:>6.1?} s | {} | {:.1} MiB came, twice {:.2} %, unwanted {:.2} %, spoiled {:.2} % | {} plans of {:.1?}",
        world.now.as_secs_f64(),
        viewers.join("; "),
        tally.came as f64 / MIB as f64,
        tally.wasted() * 100.0,
        tally.unwanted as f64 / tally.came.max(1) as f64 * 100.0,
        tally.spoiled as f64 / tally.came.max(1) as f64 * 100.0,
        client.plans,
        client.planning / client.plans.max(1),
    );
}

/// `count` peers of `rate` bytes a second, 50 ms away.
fn swarm(world: &mut World, count: u32, rate: f64) {
    for _ in 0..count {
        world.join(Habits::new(rate, 50));
    }
}

#[test]
fn equal_peers_share_a_large_piece() {
    let mut world = World::new(400 * MIB, 16 << 20);
    swarm(&mut world, 8, 500e3);
    let viewer = world.read(0, 64 * MIB, 0.8 * 4e6);
    let first = world.until_first_byte(viewer, SECOND * 60);
    let ideal = f64::from(16 << 20) / 4e6;
    println!("first byte after {first:?}, ideal {ideal:.2} s");
    assert!(first.as_secs_f64() < 1.15 * ideal, "{first:?}");
    world.run(SECOND * 90);
    report("8 x 500 kB/s, 16 MiB pieces", &world);
    assert_eq!(world.viewers[0].stalled, Duration::ZERO);
    assert!(world.client.tally.wasted() < 0.03);
}

#[test]
fn one_seeder_is_kept_busy() {
    for (rate, delay, start) in [(10e6, 50, 2), (500e6, 1, 1), (1e6, 300, 3), (50e3, 20, 2)] {
        let mut world = World::new(64000 * MIB, 1 << 20);
        world.join(Habits::new(rate, delay));
        world.read(0, 64 * MIB, 0.0);
        world.run(SECOND * start);
        let before = world.client.tally.came;
        world.run(SECOND * 2);
        let got = (world.client.tally.came - before) as f64 / 2.0;
        report(
            &format!("one of {:.1} MB/s, {delay} ms", rate / 1e6),
            &world,
        );
        assert!(got > 0.9 * rate, "{got} of {rate}");
    }
}

#[test]
fn a_slow_peer_does_not_hold_up_fast_ones() {
    let mut world = World::new(800 * MIB, 4 << 20);
    swarm(&mut world, 4, 2e6);
    world.join(Habits::new(20e3, 80));
    let viewer = world.read(0, 64 * MIB, 6.4e6);
    let first = world.until_first_byte(viewer, SECOND * 60);
    assert!(first < Duration::from_millis(1000), "{first:?}");
    world.run(SECOND * 60);
    report("one slow among fast", &world);
    assert_eq!(world.viewers[0].stalled, Duration::ZERO);
    assert!(world.client.tally.wasted() < 0.03);
}

#[test]
fn half_of_the_peers_vanish() {
    let mut world = World::new(800 * MIB, 2 << 20);
    swarm(&mut world, 8, 1e6);
    let viewer = world.read(0, 64 * MIB, 3e6);
    world.until_first_byte(viewer, SECOND * 60);
    let gone: Vec<_> = world.peers.keys().copied().take(4).collect();
    for key in gone {
        world.change(SECOND * 2, key, Change::Vanish);
    }
    world.run(SECOND * 60);
    report("half of the peers vanish", &world);
    assert_eq!(world.viewers[0].stalled, Duration::ZERO);
    assert!(world.client.tally.wasted() < 0.03);
}

#[test]
fn half_of_the_peers_fall_silent() {
    let mut world = World::new(800 * MIB, 2 << 20);
    swarm(&mut world, 8, 1e6);
    let viewer = world.read(0, 64 * MIB, 3e6);
    world.until_first_byte(viewer, SECOND * 60);
    let silent: Vec<_> = world.peers.keys().copied().take(4).collect();
    for key in silent {
        world.change(SECOND * 2, key, Change::Stall(true));
        world.change(SECOND * 40, key, Change::Stall(false));
    }
    world.run(SECOND * 80);
    report("half fall silent for 38 s", &world);
    assert!(world.viewers[0].stalled < SECOND * 2);
    assert!(world.client.tally.wasted() < 0.03);
}

#[test]
fn peers_choke_in_turns() {
    let mut world = World::new(800 * MIB, 1 << 20);
    swarm(&mut world, 6, 1e6);
    let viewer = world.read(0, 64 * MIB, 2.4e6);
    for (number, key) in world
        .peers
        .keys()
        .copied()
        .collect::<Vec<_>>()
        .into_iter()
        .enumerate()
    {
        for round in 0..6 {
            let at = Duration::from_millis(round * 10_000 + number as u64 * 1700 + 500);
            world.change(at, key, Change::Choke(true));
            world.change(at + SECOND * 4, key, Change::Choke(false));
        }
    }
    world.until_first_byte(viewer, SECOND * 60);
    world.run(SECOND * 60);
    report("choked in turns", &world);
    assert_eq!(world.viewers[0].stalled, Duration::ZERO);
    assert!(world.client.tally.wasted() < 0.03);
}

#[test]
fn partial_peers_give_what_they_have() {
    let mut world = World::new(200 * MIB, 1 << 20);
    for number in 0..8 {
        let mut have = Bits::none(200);
        for piece in 0..200 {
            // Every piece is at three of the peers, and the fast ones have the later half more often.
            have.set(piece, (piece * 7 + number) % 8 < 3);
        }
        let mut habits = Habits::new(if number < 2 { 2e6 } else { 500e3 }, 50);
        habits.have = Some(have);
        world.join(habits);
    }
    let viewer = world.read(0, 64 * MIB, 1e6);
    world.until_first_byte(viewer, SECOND * 60);
    world.run(SECOND * 120);
    report("partial peers", &world);
    assert_eq!(world.viewers[0].stalled, Duration::ZERO);
    assert!(world.client.tally.wasted() < 0.03);
}

#[test]
fn jitter_wastes_little() {
    let mut world = World::new(800 * MIB, 4 << 20);
    for number in 1..=8_u32 {
        let mut habits = Habits::new(f64::from(number) * 150e3, 20 + u64::from(number) * 20);
        habits.jitter = Duration::from_millis(100);
        world.join(habits);
    }
    let viewer = world.read(0, 64 * MIB, 4e6);
    world.until_first_byte(viewer, SECOND * 60);
    world.run(SECOND * 60);
    report("unequal peers with jitter", &world);
    // It starts to play with nothing ahead while half of the rates are not known yet.
    assert!(world.viewers[viewer].stalled < Duration::from_millis(200));
    assert!(world.client.tally.wasted() < 0.03);
}

#[test]
fn measured_rates_are_near_the_truth() {
    let mut world = World::new(4000 * MIB, 1 << 20);
    let truths = [200e3, 1e6, 5e6];
    let keys: Vec<_> = truths
        .map(|rate| world.join(Habits::new(rate, 60)))
        .to_vec();
    world.read(0, 64 * MIB, 0.0);
    world.run(SECOND * 30);
    report("rates of three peers", &world);
    for (key, truth) in keys.into_iter().zip(truths) {
        let rate = world.client.rate_of(world.now, key);
        assert!(
            (0.8 * truth..1.25 * truth).contains(&rate),
            "{rate} for {truth}"
        );
    }
}

#[test]
fn peers_that_turn_slow_are_relieved() {
    let mut world = World::new(800 * MIB, 4 << 20);
    swarm(&mut world, 6, 1e6);
    let viewer = world.read(0, 64 * MIB, 3e6);
    for key in world.peers.keys().copied().take(2).collect::<Vec<_>>() {
        world.change(SECOND * 10, key, Change::Rate(10_000));
    }
    world.until_first_byte(viewer, SECOND * 60);
    world.run(SECOND * 60);
    report("two of six turn slow", &world);
    assert_eq!(world.viewers[viewer].stalled, Duration::ZERO);
    assert!(world.client.tally.wasted() < 0.03);
}

#[test]
fn many_slow_peers_make_a_fast_swarm() {
    let mut world = World::new(800 * MIB, 4 << 20);
    for number in 0..60_u32 {
        let rate = 40e3 + 2e3 * f64::from(number);
        world.join(Habits::new(rate, 30 + u64::from(number) * 5));
    }
    let viewer = world.read(0, 64 * MIB, 4.2e6);
    let first = world.until_first_byte(viewer, SECOND * 60);
    world.run(SECOND * 25);
    report("60 peers of 40 to 158 kB/s", &world);
    assert!(first < Duration::from_millis(2500), "{first:?}");
    assert!(
        world.viewers[viewer].stalled < SECOND,
        "{:?}",
        world.viewers[viewer].stalled
    );
    assert!(world.client.tally.wasted() < 0.03);
}

#[test]
fn pieces_of_one_block_flow() {
    let mut world = World::new(800 * MIB, 16 << 10);
    swarm(&mut world, 4, 1e6);
    let viewer = world.read(0, 8 * MIB, 0.0);
    world.until_first_byte(viewer, SECOND);
    world.run(SECOND * 10);
    report("pieces of 16 KiB", &world);
    assert!(world.viewers[viewer].reader.at > 36_000_000);
}
