//! The manual pages and the completions of shells, both made of the command line itself.
//!
//! The program prints them, as ripgrep, uv and rustup do: packagers run what they have built and install the
//! output, somebody who has nothing but the program can do the same, and the build needs no script and writes
//! nothing beside its target.

use std::path::Path;

use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::arguments::Arguments;

/// The name of the program.
const NAME: &str = "universal-p2p";

/// What completes commands and flags in a shell.
pub(crate) fn completions(shell: Shell) -> Result<String> {
    let mut made = Vec::new();
    clap_complete::generate(shell, &mut visible(&command_line()), NAME, &mut made);
    let made = String::from_utf8(made)?;
    // clap_complete 4.6.11 takes the hyphen of the name for the seam between two commands in some places of
    // bash's script, and for a part of the name in others: nothing behind a command would be completed.
    Ok(made.replace("universal__subcmd__p2p", "universal__p2p"))
}

/// The manual page of the program, in roff.
pub(crate) fn page() -> Result<String> {
    let mut made = Vec::new();
    Man::new(command_line()).render(&mut made)?;
    Ok(String::from_utf8(made)?)
}

/// Writes the page of the program and those of its commands into a folder.
pub(crate) fn write_pages(folder: &Path) -> Result<()> {
    clap_mangen::generate_to(command_line(), folder)
        .with_context(|| format!("writing manual pages into {}", folder.display()))
}

/// The command line without what people do not type, which completions would offer otherwise.
fn visible(all: &clap::Command) -> clap::Command {
    let commands = all
        .get_subcommands()
        .filter(|command| !command.is_hide_set());
    clap::Command::new(NAME)
        .version(env!("CARGO_PKG_VERSION"))
        .args(all.get_arguments())
        .subcommands(commands)
}

fn command_line() -> clap::Command {
    <Arguments as CommandFactory>::command()
}
