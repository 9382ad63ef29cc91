//! One honest peer in a crowd of others.

use std::time::Duration;

use crate::schedule::simulation::scenarios::{MIB, SECOND, report};
use crate::schedule::simulation::{Change, Habits, World};

/// How long a reader waits for a byte before it gives up.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a peer of the crowd does.
#[derive(Clone, Copy, Debug)]
enum Manner {
    /// Sends wrong bytes.
    Lies,
    /// Takes requests and sends nothing.
    IsSilent,
    /// Sends right bytes for some seconds, then nothing.
    FallsSilent,
}

/// Lets one of the crowd join.
fn join(world: &mut World, manner: Manner, delay: u64) {
    let key = world.join(Habits::new(3e6, delay));
    let (after, change) = match manner {
        Manner::Lies => (Duration::ZERO, Change::Lie),
        Manner::IsSilent => (Duration::ZERO, Change::Stall(true)),
        Manner::FallsSilent => (SECOND * 3, Change::Stall(true)),
    };
    world.change(after, key, change);
}

/// The longest time that a reader waits for the next byte of a film which one honest peer has and
/// a crowd that comes in the order of some dice.
fn longest_wait(delay: u64, dice: u64) -> Duration {
    let mut dice = dice;
    let mut roll = |sides: u64| {
        dice = dice
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (dice >> 33) % sides
    };
    let length = 4 * MIB;
    let mut world = World::new(length, 256 << 10);
    world.join(Habits::new(6e6, delay));
    let viewer = world.read(0, 32 * MIB, 0.0);
    for _ in 0..60 {
        let manner = match roll(20) {
            0..3 => Manner::Lies,
            3 => Manner::FallsSilent,
            _ => Manner::IsSilent,
        };
        join(&mut world, manner, delay / 2 + roll(delay) + 1);
        world.run(Duration::from_millis(roll(100)));
    }
    let (mut at, mut moved, mut longest) = (0, Duration::ZERO, Duration::ZERO);
    while at < length && longest < PATIENCE {
        world.run(SECOND / 4);
        if world.viewers[viewer].reader.at > at {
            (at, moved) = (world.viewers[viewer].reader.at, world.now);
        }
        longest = longest.max(world.now - moved);
    }
    report(&format!("one of 60 is honest, {delay} ms"), &world);
    longest
}

/// It is on parole for what others spoilt, and all that they promise is no reason to wait for them.
#[test]
fn an_honest_peer_on_parole_is_not_kept_from_what_nobody_else_sends() {
    for delay in [5, 50, 300, 700] {
        for dice in 1..=3 {
            let longest = longest_wait(delay, dice);
            println!("longest wait {longest:.2?}");
            assert!(longest < PATIENCE, "{delay} ms, {dice}: {longest:?}");
        }
    }
}
