//! The agent: a headless program on the user's own machine that serves files from peer-to-peer
//! networks over plain HTTP.

mod arguments;
mod config;
mod logging;
mod serve;

use std::{io::Write, process::ExitCode};

use anyhow::Result;
use clap::Parser;

use crate::{
    arguments::{Arguments, Command},
    config::Config,
};

fn main() -> ExitCode {
    match run(Arguments::parse().command()) {
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
            let config = Config::load(&overrides)?;
            logging::start(&config.log);
            let data_dir = config::data_dir(&overrides)?;
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()?;
            let served = runtime.block_on(serve::serve(config, &data_dir));
            // Blocking reads that nobody waits for any more must not hold the exit up.
            runtime.shutdown_background();
            served
        }
        Command::Config(overrides) => {
            let printed = Config::load(&overrides)?.to_toml()?;
            match std::io::stdout().write_all(printed.as_bytes()) {
                Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
                _ => Ok(()),
            }
        }
    }
}
