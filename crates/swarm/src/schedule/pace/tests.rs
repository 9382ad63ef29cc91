//! A pace measured of peers that behave in known ways.

use super::*;

const MS: Duration = Duration::from_millis(1);

/// A peer that answers at a rate after a delay, and is always asked for `depth` blocks.
fn answered(
    pace: &mut Pace,
    from: Duration,
    time: Duration,
    rate: f64,
    delay: Duration,
    depth: u32,
) {
    let gap = Duration::from_secs_f64(f64::from(BLOCK) / rate);
    let mut asked = std::collections::VecDeque::from(vec![from; depth as usize]);
    pace.sent(from, depth);
    let mut free = from;
    while let Some(asked_at) = asked.pop_front() {
        let now = (free + gap).max(asked_at + delay);
        free = now;
        if now > from + time {
            break;
        }
        pace.arrived(now, BLOCK, asked_at);
        asked.push_back(now);
        pace.sent(now, depth);
    }
}

#[test]
fn the_rate_is_known_within_a_second_and_steady() {
    let mut pace = Pace::new();
    assert_eq!(pace.rate(MS), 0.0);
    answered(&mut pace, Duration::ZERO, 800 * MS, 2e6, 40 * MS, 40);
    let early = pace.rate(800 * MS);
    assert!((1.6e6..2.4e6).contains(&early), "{early}");
    answered(&mut pace, 800 * MS, 20_000 * MS, 2e6, 40 * MS, 40);
    let later = pace.rate(20_800 * MS);
    assert!((1.8e6..2.2e6).contains(&later), "{later}");
}

#[test]
fn the_rate_falls_in_silence_but_not_in_peace() {
    let mut owing = Pace::new();
    answered(&mut owing, Duration::ZERO, 5000 * MS, 2e6, 40 * MS, 40);
    let mut resting = owing.clone();
    resting.sent(5000 * MS, 0);
    let before = owing.rate(5000 * MS);
    assert!(owing.rate(7000 * MS) < before / 2.0);
    assert_eq!(resting.rate(60_000 * MS), resting.rate(5000 * MS));
    assert!(owing.is_snubbed(16_000 * MS) && !owing.is_snubbed(9000 * MS));
    assert!(!resting.is_snubbed(60_000 * MS));
}

#[test]
fn single_requests_show_no_low_rate() {
    let mut pace = Pace::new();
    answered(&mut pace, Duration::ZERO, 5000 * MS, 5e6, 100 * MS, 60);
    let before = pace.rate(5000 * MS);
    answered(&mut pace, 5000 * MS, 5000 * MS, 5e6, 100 * MS, 1);
    assert!(
        pace.rate(10_000 * MS) > before * 0.6,
        "{}",
        pace.rate(10_000 * MS)
    );
}

#[test]
fn the_first_block_bounds_the_rate() {
    let mut pace = Pace::new();
    pace.sent(Duration::ZERO, 16);
    assert_eq!(pace.rate(300 * MS), 0.0);
    let rate = pace.rate(1000 * MS);
    assert!(rate > 0.0 && rate < 40_000.0, "{rate}");
}

#[test]
fn a_queue_at_the_peer_does_not_raise_the_delay_for_ever() {
    let mut pace = Pace::new();
    let mut now = Duration::ZERO;
    for _ in 0..1200 {
        // As deep as the plan would have it.
        let rate = pace.rate(now);
        let seconds = pace.delay().as_secs_f64() * 1.25 + 0.25;
        let depth = ((rate * seconds / f64::from(BLOCK)) as u32).max(16);
        answered(&mut pace, now, 100 * MS, 1e6, 50 * MS, depth);
        now += 100 * MS;
    }
    assert!(pace.delay() < 400 * MS, "{:?}", pace.delay());
}

#[test]
fn growth_ends_when_the_rate_is_reached() {
    let mut pace = Pace::new();
    assert!(pace.growing());
    answered(&mut pace, Duration::ZERO, 5000 * MS, 1e6, 50 * MS, 20);
    assert!(!pace.growing());
}
