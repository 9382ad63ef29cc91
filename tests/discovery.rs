//! How the agent and others find each other, and how many of them it takes and serves.

mod crowd;
mod dht;
mod limits;
mod local;
mod node;
mod served;
mod trackers;

use std::time::Duration;

use crate::support::{MIB, Made, Spec, noise};

/// How long a client may take to find the agent and fetch a film from it.
const DOWNLOAD: Duration = Duration::from_secs(60);

/// A film of 65 pieces.
fn film(seed: u64) -> Made {
    Made::of(Spec::single("film.mkv", noise(seed, 4 * MIB + 12_345)))
}
