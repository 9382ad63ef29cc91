//! The running agent managed from the command line, and by its calls.

mod calls;
mod commands;
mod described;
mod events;
mod files;
mod finding;
mod metrics;
mod origins;
mod settings;
mod streams;

use std::process::{Command, Output};

use crate::support::{Agent, MIB, Seeder, Seeding, Spec, noise};

/// What a command of the program said.
struct Said {
    code: Option<i32>,
    out: String,
    error: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code(),
            out: text(output.stdout),
            error: text(output.stderr),
        }
    }
}

/// A command for the agent that keeps its data with this one.
fn command(agent: &Agent, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_universal-p2p"));
    command.args(words).arg("--data-dir").arg(agent.data());
    command
}

/// What a command says that fails.
#[track_caller]
fn refused(agent: &Agent, words: &[&str]) -> String {
    let said = Said::from(command(agent, words).output().unwrap());
    assert_eq!(said.code, Some(1), "{words:?}: {}{}", said.out, said.error);
    assert_eq!(said.out, "", "{words:?}");
    assert!(said.error.starts_with("error: "), "{}", said.error);
    said.error
}

/// What a command prints that succeeds.
#[track_caller]
fn done(agent: &Agent, words: &[&str]) -> String {
    let said = Said::from(command(agent, words).output().unwrap());
    assert_eq!(said.code, Some(0), "{words:?}: {}{}", said.out, said.error);
    assert_eq!(said.error, "", "{words:?}");
    said.out
}

/// A film of a mebibyte that an agent has read to its end.
fn film(seeder: &mut Seeder, agent: &Agent, seed: u64, query: &str) -> Seeding {
    let name = format!("film {seed}.bin");
    let film = seeder.seed(Spec::single(&name, noise(seed, MIB)));
    let answer = agent.get(&film.at(&format!("/{}?{query}", name.replace(' ', "%20"))));
    assert_eq!(answer.send().body.len(), MIB);
    film
}
