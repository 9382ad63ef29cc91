//! How peers that send wrong bytes are found.

use std::time::Duration;

use crate::schedule::simulation::scenarios::{MIB, SECOND, report, swarm};
use crate::schedule::simulation::{Change, World};

#[test]
fn a_liar_is_soon_known_alone() {
    let mut world = World::new(200 * MIB, 1 << 20);
    swarm(&mut world, 4, 1e6);
    let liar = *world.peers.keys().nth(2).expect("four");
    world.change(Duration::ZERO, liar, Change::Lie);
    let viewer = world.read(0, 32 * MIB, 1e6);
    world.until_first_byte(viewer, SECOND * 60);
    world.run(SECOND * 60);
    report("a liar among four", &world);
    assert_eq!(world.client.banned, [liar]);
    assert!(world.client.bad_pieces <= 2, "{}", world.client.bad_pieces);
}

#[test]
fn a_late_liar_is_found() {
    let mut world = World::new(400 * MIB, 1 << 20);
    swarm(&mut world, 4, 1e6);
    let liar = *world.peers.keys().nth(2).expect("four");
    world.change(SECOND * 10, liar, Change::Lie);
    let viewer = world.read(0, 32 * MIB, 1e6);
    world.until_first_byte(viewer, SECOND * 60);
    world.run(SECOND * 100);
    report("one lies from 10 s on", &world);
    println!("{} bad pieces", world.client.bad_pieces);
    assert_eq!(world.client.banned, [liar]);
    assert_eq!(world.viewers[0].stalled, Duration::ZERO);
}
