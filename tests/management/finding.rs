//! How the command line finds the agent, and what it says where there is none.

use std::process::Command;

use super::{Said, done, refused};
use crate::support::{Agent, STOPPING, folder};

#[test]
fn without_an_agent_the_cure_is_named() {
    let nowhere = folder();
    for words in [
        &["status"][..],
        &["items"],
        &["pin", "a"],
        &["remove", "a"],
        &["collect"],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_universal-p2p"));
        command.args(words).arg("--data-dir").arg(nowhere.path());
        let said = Said::from(command.output().unwrap());
        assert_eq!(said.code, Some(1));
        let place = nowhere.path().to_str().unwrap();
        let cure = format!("no agent runs on {place}; start it with universal-p2p serve");
        assert!(said.error.contains(&cure), "{}", said.error);
    }
}

#[test]
fn an_agent_that_ended_is_not_asked() {
    let mut agent = Agent::start();
    assert!(agent.data().join("agent.json").is_file());
    agent.ask_to_stop();
    agent.ended(STOPPING);
    assert!(
        !agent.data().join("agent.json").exists(),
        "the note stayed behind"
    );
    assert!(refused(&agent, &["status"]).contains("no agent runs on"));
}

#[test]
fn an_agent_that_was_killed_is_not_asked() {
    let mut agent = Agent::start();
    let management = agent.management();
    agent.kill();
    assert!(
        agent.data().join("agent.json").is_file(),
        "nobody could take it away"
    );
    // somebody else has the port by now, and must not see the token
    let other = std::net::TcpListener::bind(management).unwrap();
    other.set_nonblocking(true).unwrap();
    assert!(refused(&agent, &["status"]).contains("no agent runs on"));
    assert!(other.accept().is_err(), "a stranger was asked");
    drop(other);
    agent.start_again();
    done(&agent, &["status"]);
}

#[test]
fn the_note_is_for_its_user_alone_and_says_where_the_agent_is() {
    use std::os::unix::fs::PermissionsExt;
    let agent = Agent::start();
    let path = agent.data().join("agent.json");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let note: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(note["content"], format!("http://{}", agent.content()));
    assert_eq!(note["management"], format!("http://{}", agent.management()));
    assert!(note["pid"].as_u64().is_some_and(|pid| pid > 0));
}

#[test]
fn a_token_of_another_agent_is_told_apart() {
    let agent = Agent::start();
    std::fs::write(agent.data().join("token"), "0".repeat(64)).unwrap();
    let said = refused(&agent, &["status"]);
    assert!(said.contains("token"), "{said}");
}
