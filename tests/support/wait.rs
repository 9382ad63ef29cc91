//! Waiting in tests: always for something, never for ever.

use std::time::{Duration, Instant};

/// Sleeps. Only for what cannot be observed, such as that nothing happens.
#[expect(
    clippy::disallowed_methods,
    reason = "tests are plain threads, there is no async worker to block"
)]
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// Waits until something is true; a test that waits longer than `longest` fails.
pub(crate) fn until(what: &str, longest: Duration, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < longest, "{what} did not happen");
        pause(Duration::from_millis(20));
    }
}
