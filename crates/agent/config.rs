//! The configuration: built-in defaults, file, environment, command line; later wins.

mod sections;
mod values;

use std::{
    collections::BTreeSet,
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use confique::{
    Config as _,
    meta::{FieldKind, Meta},
};
use directories::ProjectDirs;
use serde::Serialize;

use crate::arguments::Overrides;
pub(crate) use sections::{
    Archive, BitTorrent, Disk, Ipfs, Limits, Listen, Log, Network, Timeouts,
};
pub(crate) use values::{Encryption, Engine, IpfsSource, Level, LogFormat, Policy, Scope, Size};

/// Every environment variable of the program begins with it.
const PREFIX: &str = "UNIVERSAL_P2P_";

/// A few pieces of a usual torrent and the index have to fit.
const LEAST_LIMIT: Size = Size(16_000_000);

/// Every key can also be given as an environment variable, UNIVERSAL_P2P_<SECTION>_<KEY>;
/// lists are separated by commas there. An unknown key is an error.
#[derive(Debug, confique::Config, Serialize)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(crate) struct Config {
    #[config(nested)]
    pub(crate) listen: Listen,
    #[config(nested)]
    pub(crate) network: Network,
    #[config(nested)]
    pub(crate) disk: Disk,
    #[config(nested)]
    pub(crate) timeouts: Timeouts,
    #[config(nested)]
    pub(crate) limits: Limits,
    #[config(nested)]
    pub(crate) archive: Archive,
    #[config(nested)]
    pub(crate) bittorrent: BitTorrent,
    #[config(nested)]
    pub(crate) ipfs: Ipfs,
    #[config(nested)]
    pub(crate) log: Log,
}

impl Config {
    /// Reads everything that has a say, and checks what goes together.
    pub(crate) fn load(overrides: &Overrides) -> Result<Self> {
        refuse_unknown_variables(env::vars_os().filter_map(|(name, _)| name.into_string().ok()))?;
        let mut builder = Self::builder().env();
        if let Some(named) = &overrides.config
            && !named.is_file()
        {
            bail!("there is no configuration file {}", named.display());
        }
        if let Some(file) = file(overrides) {
            builder = builder.file(file);
        }
        let mut config = builder
            .load()
            .map_err(|error| anyhow::anyhow!("{error:#}"))?;
        config.listen.content = overrides.listen.unwrap_or(config.listen.content);
        config.listen.management = overrides.management.unwrap_or(config.listen.management);
        config.check()?;
        Ok(config)
    }

    /// What holds where nobody says anything.
    pub(crate) fn built_in() -> Result<Self> {
        let loaded = Self::builder().load();
        loaded.map_err(|error| anyhow::anyhow!("{error:#}"))
    }

    /// What is wrong with a text as a configuration file, each key looked at by itself.
    pub(crate) fn mistake(text: &str) -> Option<String> {
        let layer = toml::from_str::<<Self as confique::Config>::Layer>(text);
        layer.err().map(|error| error.message().to_owned())
    }

    /// The configuration as a file.
    pub(crate) fn to_toml(&self) -> Result<String> {
        toml::to_string_pretty(self).context("printing the configuration")
    }

    fn check(&self) -> Result<()> {
        let Listen {
            content,
            management,
            public,
            ..
        } = &self.listen;
        for (key, address) in [("content", content), ("management", management)] {
            if !address.ip().is_loopback() && !public {
                bail!(
                    "listen.{key} = \"{address}\" can be reached by others; set listen.public = true to allow that"
                );
            }
        }
        if content == management && content.port() != 0 {
            bail!(
                "listen.content and listen.management are both \"{content}\"; they have to be two origins"
            );
        }
        if self.disk.limit.0 < LEAST_LIMIT.0 {
            bail!(
                "disk.limit = \"{}\" is too little to play anything; set it to at least \"{LEAST_LIMIT}\"",
                self.disk.limit
            );
        }
        for (key, limit) in [
            ("limits.streams", self.limits.streams),
            ("limits.streams_per_client", self.limits.streams_per_client),
            ("limits.decode_jobs", self.limits.decode_jobs),
            (
                "bittorrent.peers_per_torrent",
                self.bittorrent.peers_per_torrent,
            ),
        ] {
            if limit == 0 {
                bail!("{key} = 0 would allow nothing at all; set it to at least 1");
            }
        }
        Ok(())
    }
}

/// The configuration file, whether it is there or not.
pub(crate) fn file(overrides: &Overrides) -> Option<PathBuf> {
    let usual = || folders().map(|folders| folders.config_dir().join("config.toml"));
    overrides.config.clone().or_else(usual)
}

/// Where everything is kept: where the command line says, else in the user's folder for data.
pub(crate) fn data_dir(named: Option<&Path>) -> Result<PathBuf> {
    let default = || folders().map(|folders| folders.data_dir().to_owned());
    named
        .map(Path::to_owned)
        .or_else(default)
        .context("this user has no home folder; name one with --data-dir")
}

fn folders() -> Option<ProjectDirs> {
    ProjectDirs::from("", "", "universal-p2p")
}

fn refuse_unknown_variables(names: impl Iterator<Item = String>) -> Result<()> {
    let known = variables(&Config::META);
    for name in names.filter(|name| name.starts_with(PREFIX)) {
        if !known.contains(name.as_str()) {
            bail!(
                "unknown environment variable {name}; `universal-p2p config` prints every key there is"
            );
        }
    }
    Ok(())
}

fn variables(meta: &Meta) -> BTreeSet<&'static str> {
    let mut names = BTreeSet::new();
    for field in meta.fields {
        match &field.kind {
            FieldKind::Leaf { env, .. } => names.extend(*env),
            FieldKind::Nested { meta } => names.extend(variables(meta)),
        }
    }
    names
}

#[cfg(test)]
mod tests;
