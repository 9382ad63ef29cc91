//! The agent: a headless program on the user's own machine that serves files from peer-to-peer
//! networks over plain HTTP.

#![forbid(unsafe_code)]

mod agent;
mod arguments;
mod blocked;
mod config;
mod ipfs;
mod listening;
mod logging;
mod manage;
mod manual;
mod readiness;
mod running;
mod serve;
mod service;
mod settings;
mod signals;

use std::{io::Write, process::ExitCode};

use anyhow::Result;
use clap::Parser;

use crate::{
    agent::Start,
    arguments::{Arguments, Asked, Command},
    config::Config,
    listening::Passed,
    manage::Action,
};

fn main() -> ExitCode {
    let command = Arguments::parse().command();
    #[cfg(feature = "unrar")]
    if matches!(command, Command::Unrar) {
        return universal_p2p_unrar::serve();
    }
    match run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody may be reading; there is nothing left to tell then.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Serve(overrides) => {
            // Before there is a second thread.
            let passed = Passed::take()?;
            let config = Config::load(&overrides)?;
            let loudness = logging::start(&config.log);
            let data_dir = config::data_dir(overrides.data_dir.as_deref())?;
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()?;
            let start = Start {
                config,
                overrides,
                passed,
                loudness: Some(loudness),
            };
            let served = runtime.block_on(serve::serve(start, &data_dir));
            // Blocking reads that nobody waits for any more must not hold the exit up.
            runtime.shutdown_background();
            served
        }
        Command::Config(overrides) => print(&Config::load(&overrides)?.to_toml()?),
        Command::Status(asked) => ask(&asked, &Action::Status),
        Command::Items(asked) => ask(&asked, &Action::Items),
        Command::Pin(named) => ask(&named.asked, &Action::Pin(named.id.clone())),
        Command::Unpin(named) => ask(&named.asked, &Action::Unpin(named.id.clone())),
        Command::Remove(named) => ask(&named.asked, &Action::Remove(named.id.clone())),
        Command::Collect(collect) => {
            let upto = collect.upto.map(|size| size.0);
            ask(&collect.asked, &Action::Collect { upto })
        }
        Command::Service(action) => print(&service::run(&action)?),
        Command::Completions { shell } => print(&manual::completions(shell)?),
        Command::Man { out: None } => print(&manual::page()?),
        Command::Man { out: Some(folder) } => manual::write_pages(&folder),
        Command::Share(share) => {
            let action = Action::Share {
                paths: share.paths.clone(),
                networks: share.network.clone(),
            };
            ask(&share.asked, &action)
        }
        Command::Unshare(unshare) => ask(&unshare.asked, &Action::Unshare(unshare.share.clone())),
        Command::Shares(asked) => ask(&asked, &Action::Shares),
        #[cfg(feature = "unrar")]
        Command::Unrar => Ok(()),
    }
}

/// Asks the running agent and prints what it says.
fn ask(asked: &Asked, action: &Action) -> Result<()> {
    let data_dir = config::data_dir(asked.data_dir.as_deref())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    print(&runtime.block_on(manage::run(&data_dir, action, asked.json))?)
}

/// Prints a text. Whoever reads no further has had enough.
fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
