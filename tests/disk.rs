//! Disk use: bounded, accounted and recycled, and never a wrong byte, whatever happens to the disk.

mod accounting;
mod collection;
mod damage;
mod film;
mod full;
mod kills;
mod limit;
mod no_room;
mod orphans;
mod shrinking;

use std::{path::Path, time::Duration};

use crate::support::{Agent, STOPPING, Setup};

/// Longer than it takes until what has arrived is in the index, or what was served in the ledger.
const SETTLED: Duration = Duration::from_secs(6);

/// An agent with so much room, and no regard for what is free besides.
fn limited(limit: &str) -> Setup {
    Setup::new()
        .set(&format!("disk.limit = {limit:?}"))
        .set("disk.keep_free = \"0\"")
}

/// Whether the own engine fetches; the stock one cannot give up a piece of what it is connected for.
fn is_streaming() -> bool {
    std::env::var("TEST_ENGINE").map_or(true, |engine| engine == "streaming")
}

/// Another start over the same data, with a setup of its own.
fn over(data: &Path, setup: Setup) -> Setup {
    setup
        .argument("--data-dir")
        .argument(data.to_str().unwrap())
}

/// Stops an agent in order.
fn stop(agent: &mut Agent) {
    agent.ask_to_stop();
    assert!(agent.ended(STOPPING).success(), "it did not end well");
}
