//! Figures for Prometheus, read by its own parser.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use serde_json::Value;

use super::film;
use crate::support::{Agent, MIB, Request, Seeder, file_of_suite, python};

/// What Prometheus' own parser reads, by name.
fn parsed(text: &str) -> Value {
    let mut child = Command::new(python())
        .arg(file_of_suite("management/metrics.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{text}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn figures_are_read_by_the_parser_of_others() {
    let (mut seeder, agent) = (Seeder::start(), Agent::start());
    film(&mut seeder, &agent, 1, "from=1Site");
    let bare = Request::new(agent.management(), "GET", "/metrics");
    assert_eq!(bare.send().problem(401), "unauthorized");
    let figures = parsed(&agent.manage().metrics());
    let value = |name: &str| {
        figures[name]
            .as_f64()
            .unwrap_or_else(|| panic!("no {name} in {figures}"))
    };
    assert_eq!(value("universal_p2p_disk_limit_bytes"), 20e9);
    assert_eq!(
        value("universal_p2p_served_bytes_total{protocol=bittorrent}"),
        MIB as f64
    );
    assert_eq!(
        value("universal_p2p_fetched_bytes_total{protocol=bittorrent}"),
        MIB as f64
    );
    assert_eq!(value("universal_p2p_items{protocol=bittorrent}"), 1.0);
    assert_eq!(value("universal_p2p_network_enabled{protocol=ipfs}"), 1.0);
    assert!(value("universal_p2p_disk_used_bytes") >= MIB as f64);
    assert!(value("universal_p2p_start_time_seconds") > 1.6e9);
}
