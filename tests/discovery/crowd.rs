//! More that want something than may have it at a time.

use std::{net::SocketAddr, process::Command};

use serde_json::json;

use super::trackers::{agent_at, free_port};
use crate::support::{MIB, Seeder, Spec, file_of_suite, folder, noise, output_of, python};

/// Half more than are unchoked at a time.
const CROWD: usize = 12;

/// Seconds that they have: far fewer than rounds of choking would take.
const WITHIN: u64 = 40;

#[test]
fn everybody_in_a_crowd_gets_everything() {
    let mut seeder = Seeder::start();
    let film = seeder.seed(Spec::single("film.mkv", noise(31, 4 * MIB)));
    let port = free_port();
    let agent = agent_at(port).start();
    let whole = agent.get(&film.at("/film.mkv")).send();
    assert_eq!(whole.body.len(), 4 * MIB);
    seeder.pause();
    let into = folder();
    let options = json!({
        "metainfo": film.metainfo, "into": into.path(), "within": WITHIN, "crowd": CROWD,
        "peer": SocketAddr::from(([127, 0, 0, 1], port)).to_string(),
    });
    let mut crowd = Command::new(python());
    crowd
        .arg("-B")
        .arg(file_of_suite("support/libtorrent_crowd.py"))
        .arg(options.to_string());
    assert_eq!(output_of(&mut crowd).trim(), CROWD.to_string());
}
