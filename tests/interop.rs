//! The agent among other BitTorrent clients.

mod clients;
mod encryption;
mod hints;
mod lines;
mod only_utp;
mod utp;
mod webseed;

use std::time::Duration;

use crate::support::{MIB, Made, Spec, noise};

/// How long a client may take for a whole film.
const DOWNLOAD: Duration = Duration::from_secs(90);

/// A film of 96 pieces and a bit.
fn film() -> Made {
    Made::of(Spec::single("film.mkv", noise(7, 24 * MIB + 12_345)).pieces(256 << 10))
}
