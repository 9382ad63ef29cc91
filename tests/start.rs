//! Starting: configuration, and what keeps an agent from starting.

use std::{
    net::{Ipv4Addr, TcpListener},
    process::Output,
};

use crate::support::{Agent, Setup};

/// Checks that it did not start and gives what it said.
#[track_caller]
fn complaint(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(output.stdout.is_empty(), "it said that it listens");
    assert!(!said.contains("panicked"), "{said}");
    said
}

#[test]
fn an_unknown_key_is_refused_by_its_name() {
    for (line, name) in [
        ("network.scoop = \"loopback\"", "scoop"),
        ("nonsense = 1", "nonsense"),
        ("bittorrent.ports = 1", "ports"),
    ] {
        let said = complaint(&Setup::new().set(line).run());
        assert!(said.contains(name), "{said}");
    }
}

#[test]
fn a_wrong_value_is_refused_by_the_name_of_its_key() {
    for (line, name) in [
        ("timeouts.stall = \"soon\"", "stall"),
        ("disk.limit = \"much\"", "limit"),
        ("limits.streams = \"some\"", "streams"),
        ("bittorrent.port = 70000", "port"),
        ("bittorrent.engine = \"steam\"", "engine"),
    ] {
        let said = complaint(&Setup::new().set(line).run());
        assert!(said.contains(name), "{line}: {said}");
    }
}

#[test]
fn a_missing_configuration_file_is_named() {
    let setup = Setup::new()
        .argument("--config")
        .argument("/nonexistent/config.toml");
    let said = complaint(&setup.run());
    assert!(said.contains("/nonexistent/config.toml"), "{said}");
}

#[test]
fn a_taken_port_is_named() {
    for flag in ["--listen", "--management"] {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = taken.local_addr().unwrap().to_string();
        let said = complaint(&Setup::new().argument(flag).argument(&address).run());
        assert!(said.contains(&address), "{flag}: {said}");
    }
}

#[test]
fn other_machines_are_let_in_on_purpose_only() {
    let setup = Setup::new().argument("--listen").argument("0.0.0.0:0");
    let said = complaint(&setup.run());
    assert!(said.contains("public"), "{said}");
}

#[test]
fn a_data_directory_has_one_agent() {
    let agent = Agent::start();
    let data = agent.data();
    let setup = Setup::new()
        .argument("--data-dir")
        .argument(data.to_str().unwrap());
    let said = complaint(&setup.run());
    assert!(said.contains(data.to_str().unwrap()), "{said}");
    assert_eq!(
        agent.get("/favicon.ico").send().status,
        404,
        "the first one is disturbed"
    );
}

#[test]
fn the_environment_overrules_the_file() {
    let setup = Setup::new();
    let output = setup
        .command()
        .env("UNIVERSAL_P2P_LIMITS_STREAMS", "some")
        .output()
        .unwrap();
    let said = complaint(&output);
    assert!(said.to_lowercase().contains("streams"), "{said}");
}

#[test]
fn an_agent_is_quiet() {
    let mut agent = Agent::start();
    agent.ask_to_stop();
    assert!(agent.ended(crate::support::STOPPING).success());
    let log = std::fs::read_to_string(agent.home().join("log")).unwrap();
    assert!(!log.contains("ERROR") && !log.contains("WARN"), "{log}");
}
