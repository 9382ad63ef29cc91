//! The agent: a headless program on the user's own machine that serves files from peer-to-peer
//! networks over plain HTTP.

#![forbid(unsafe_code)]

mod agent;
mod arguments;
mod blocked;
mod browser;
mod config;
#[cfg(all(feature = "rar", feature = "zip"))]
mod demo;
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
    arguments::{Arguments, Asked, Command, Open},
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
            let start = Start {
                config,
                overrides,
                passed,
                loudness: Some(loudness),
            };
            to_its_end(serve::serve(start, &data_dir))
        }
        #[cfg(all(feature = "rar", feature = "zip"))]
        Command::Demo(options) => {
            let mut log = Config::built_in()?.log;
            log.level = config::Level::Warn;
            logging::start(&log);
            to_its_end(demo::demo(&options))
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
        Command::Open(open) => open_dashboard(&open),
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

/// Runs what serves.
fn to_its_end(serving: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let served = runtime.block_on(serving);
    // Blocking reads that nobody waits for any more must not hold the exit up.
    runtime.shutdown_background();
    served
}

/// Asks the running agent and prints what it says.
fn ask(asked: &Asked, action: &Action) -> Result<()> {
    let data_dir = config::data_dir(asked.data_dir.as_deref())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    print(&runtime.block_on(manage::run(&data_dir, action, asked.json))?)
}

/// Opens the dashboard of the running agent, and prints where it is for those who have no browser here.
fn open_dashboard(open: &Open) -> Result<()> {
    let data_dir = config::data_dir(open.data_dir.as_deref())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let dashboard = manage::dashboard(&data_dir).await?;
        print(&format!("{dashboard}\n"))?;
        browser::open(&dashboard).await
    })
}

/// Prints a text. Whoever reads no further has had enough.
fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
