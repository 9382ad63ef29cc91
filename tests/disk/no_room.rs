//! When no room can be made: who is told, and how it ends.

use super::{film::Film, limited};
use crate::support::{MIB, Seeder, number};

#[test]
fn what_is_pinned_is_named_when_it_leaves_no_room() {
    let mut seeder = Seeder::start();
    let kept = Film::seeded(&mut seeder, 1, 28);
    // a smaller piece would find room beside what is pinned
    let other = Film::with_pieces(&mut seeder, 2, 16 * MIB, 4 << 20);
    let agent = limited("32MB").start();
    let plane = agent.manage();
    plane.pin(kept.id());
    kept.assert_whole(&agent);
    let pinned = number(&plane.disk(), "pinned");
    assert!(pinned >= kept.length() as u64, "{pinned}");
    let answer = agent.get(&other.at()).send();
    assert_eq!(answer.problem(507), "no-space");
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    println!("{detail}");
    assert!(detail.contains("pinned"), "{detail}");
    assert!(
        detail.contains("29") || detail.contains("28"),
        "it does not say how much is pinned: {detail}"
    );
    kept.assert_on_disk(&agent, 0, kept.length());
    plane.unpin(kept.id());
    other.assert_whole(&agent);
}

#[test]
fn a_head_needs_no_room() {
    let mut seeder = Seeder::start();
    let kept = Film::seeded(&mut seeder, 1, 28);
    let other = Film::with_pieces(&mut seeder, 2, 16 * MIB, 4 << 20);
    let agent = limited("32MB").start();
    agent.manage().pin(kept.id());
    kept.assert_whole(&agent);
    let head = agent.head(&other.at()).send();
    assert_eq!(head.status, 200);
    let length = other.length().to_string();
    assert_eq!(head.header("content-length"), Some(length.as_str()));
}
