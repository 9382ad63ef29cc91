//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Parser, Subcommand};
use clap_complete::Shell;

use crate::config::Size;

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
    /// Tell how the running agent is doing, how full the disk is and who reads what.
    Status(Asked),
    /// List what is kept, in the order in which it goes.
    Items(Asked),
    /// Keep an item until it is unpinned.
    Pin(Named),
    /// Let a pinned item go when room is needed.
    Unpin(Named),
    /// End the streams of an item and delete all of it.
    Remove(Named),
    /// Make room now instead of when it is needed.
    Collect(Collect),
    /// Open the dashboard of the running agent in the browser.
    Open(Open),
    /// Show a film and pictures come over BitTorrent and IPFS, on this machine alone: an agent, a peer and
    /// a page, until Ctrl-C.
    #[cfg(all(feature = "rar", feature = "zip"))]
    Demo(Demo),
    /// Run the agent in the background, from now on and after every login.
    #[command(subcommand)]
    Service(ServiceAction),
    /// Print what makes a shell complete the commands and flags of this program.
    Completions {
        /// Whose language it is to be in.
        shell: Shell,
    },
    /// Print the manual page, or write one for every command into a folder.
    Man {
        /// Write the pages into this folder, which must be there.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Share files or folders as a torrent and in IPFS, from where they lie.
    Share(Share),
    /// Take something back that is shared. Its files stay as they are.
    Unshare(Unshare),
    /// List what is shared.
    Shares(Asked),
    /// Unpack for the agent that started this process.
    #[cfg(feature = "unrar")]
    #[command(hide = true)]
    Unrar,
}

/// Which agent is asked, and how it answers.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Asked {
    /// Ask the agent that keeps everything in this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Taken so that one set of flags does for every command; the folder alone says which agent it is.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print the answer of the management plane as it comes.
    #[arg(long)]
    pub(crate) json: bool,
}

/// An item of the running agent.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Named {
    /// An infohash or a CID, or the beginning of one, a magnet link, or PROTOCOL/ID.
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) asked: Asked,
}

/// Whose dashboard is opened.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Open {
    /// Open that of the agent that keeps everything in this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Taken so that one set of flags does for every command; the folder alone says which agent it is.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// How it is shown.
#[cfg(all(feature = "rar", feature = "zip"))]
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Demo {
    /// Print the addresses only, and leave the browser alone.
    #[arg(long)]
    pub(crate) no_open: bool,
}

/// What is to become of the service.
#[derive(Debug, Subcommand)]
pub(crate) enum ServiceAction {
    /// Install and start it; where it is installed already, anew with what is said here.
    Install(Install),
    /// Stop and remove it. What was fetched stays.
    Uninstall,
    /// Tell whether it runs; ends with 1 where it does not.
    Status,
    /// Show what it told.
    Logs(Logs),
}

/// How the service is to run.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Install {
    /// Start it with the first request instead of at every login (systemd).
    #[arg(long)]
    pub(crate) on_demand: bool,
    #[command(flatten)]
    pub(crate) overrides: Overrides,
}

/// How much of what was told is shown.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Logs {
    /// Show so many lines, the last ones.
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 100)]
    pub(crate) lines: u32,
    /// Go on as more is told.
    #[arg(long, short)]
    pub(crate) follow: bool,
}

/// How much is to be given up.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Collect {
    /// Go on until this much is used, such as "5GB"; "0" gives up all that is neither pinned nor read.
    #[arg(long, value_name = "SIZE")]
    pub(crate) upto: Option<Size>,
    #[command(flatten)]
    pub(crate) asked: Asked,
}

/// What is to be shared.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Share {
    /// Files and folders. Several have to lie in one folder and are shared as that folder; hidden files
    /// and symbolic links below a folder are left out.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Share it on this network only, "bittorrent" or "ipfs"; may be given twice.
    #[arg(long, value_name = "NETWORK")]
    pub(crate) network: Vec<String>,
    #[command(flatten)]
    pub(crate) asked: Asked,
}

/// What is to be taken back.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Unshare {
    /// The number of the share, its infohash or CID, or its path.
    pub(crate) share: String,
    #[command(flatten)]
    pub(crate) asked: Asked,
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
    fn sizes_are_read_as_in_the_configuration() {
        let line = ["universal-p2p", "collect", "--upto", "5GB", "--json"];
        let parsed = Arguments::try_parse_from(line).expect("valid").command();
        let Command::Collect(collect) = parsed else {
            panic!("{parsed:?}")
        };
        assert_eq!(collect.upto.map(|size| size.0), Some(5_000_000_000));
        assert!(collect.asked.json);
        assert!(Arguments::try_parse_from(["universal-p2p", "collect", "--upto", "5"]).is_err());
    }

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
