//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Parser, Subcommand};

/// Streams files from peer-to-peer networks to any web page, over plain HTTP on this machine.
#[derive(Debug, Parser)]
#[command(
    name = "universal-p2p",
    version,
    args_conflicts_with_subcommands = true
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Overrides,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the agent (the default).
    Serve(Overrides),
    /// Print the configuration in effect, as a configuration file.
    Config(Overrides),
}

/// What the command line sets over configuration file and environment.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Overrides {
    /// Read this configuration file instead of the one in the user's configuration folder.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Keep everything in this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Serve content on this address; port 0 takes any free one.
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
    /// Serve the dashboard and its calls on this address; port 0 takes any free one.
    #[arg(long, value_name = "ADDR")]
    pub(crate) management: Option<SocketAddr>,
}

impl Arguments {
    /// The command, which is to serve where none is named.
    pub(crate) fn command(self) -> Command {
        self.command.unwrap_or(Command::Serve(self.serve))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn serving_is_the_default() {
        <Arguments as CommandFactory>::command().debug_assert();
        for line in [
            &["universal-p2p", "--listen", "127.0.0.1:0"][..],
            &["universal-p2p", "serve", "--listen", "127.0.0.1:0"],
        ] {
            let parsed = Arguments::try_parse_from(line).expect("valid").command();
            assert!(
                matches!(
                    parsed,
                    Command::Serve(Overrides {
                        listen: Some(_),
                        ..
                    })
                ),
                "{line:?}"
            );
        }
    }
}
