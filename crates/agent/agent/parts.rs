//! What the configuration makes of each part of an agent.

use std::{ffi::OsString, sync::Arc};

use anyhow::{Context, Result};
use universal_p2p_archive::Archives;
use universal_p2p_bittorrent::BitTorrent;
use universal_p2p_core::{Backend, Expand, NoArchives};
use universal_p2p_management::Token;
use universal_p2p_sharing::Shares;
use universal_p2p_store::Store;

use crate::{
    blocked,
    config::{self, Config},
    settings::Dials,
};

/// How the store is to keep what is fetched.
pub(super) fn store(config: &Config) -> universal_p2p_store::Settings {
    universal_p2p_store::Settings {
        limit: config.disk.limit.0,
        keep_free: config.disk.keep_free.0,
        policy: match config.disk.policy {
            config::Policy::Lru => universal_p2p_store::Policy::Lru,
            config::Policy::Gdsf => universal_p2p_store::Policy::Gdsf,
        },
    }
}

/// Starts BitTorrent where it is switched on.
///
/// # Errors
/// What is wrong with the configuration, or with a port.
pub(super) async fn bittorrent(
    config: &Config,
    dials: &Dials,
    store: &Arc<Store>,
    shares: &Arc<Shares>,
) -> Result<Option<BitTorrent>> {
    let (section, network) = (&config.bittorrent, &config.network);
    if !section.enabled {
        return Ok(None);
    }
    let loopback = network.scope == config::Scope::Loopback;
    let settings = universal_p2p_bittorrent::Settings {
        engine: match section.engine {
            config::Engine::Streaming => universal_p2p_bittorrent::Kind::Streaming,
            config::Engine::Librqbit => universal_p2p_bittorrent::Kind::Librqbit,
        },
        encryption: match section.encryption {
            config::Encryption::Off => universal_p2p_bittorrent::Encryption::Off,
            config::Encryption::Allow => universal_p2p_bittorrent::Encryption::Allow,
            config::Encryption::Prefer => universal_p2p_bittorrent::Encryption::Prefer,
            config::Encryption::Require => universal_p2p_bittorrent::Encryption::Require,
        },
        interface: Some(network.interface.clone()).filter(|name| !name.is_empty()),
        scope: match network.scope {
            config::Scope::Internet => universal_p2p_bittorrent::Scope::Internet,
            config::Scope::Loopback => universal_p2p_bittorrent::Scope::Loopback,
        },
        allow_private: network.allow_private,
        port: section.port,
        dht: section.dht,
        dht_bootstrap: section.dht_bootstrap.clone(),
        trackers: if loopback {
            Vec::new()
        } else {
            section.trackers.clone()
        },
        upload_limit: dials.bittorrent_upload.clone(),
        peers_per_torrent: section.peers_per_torrent,
        upnp: section.upnp,
        metadata: dials.metadata.clone(),
        park_after: section.park_after.0,
        state: store
            .scratch("bittorrent")
            .context("making a folder in the data directory")?,
    };
    let started = BitTorrent::start(Arc::clone(store), Some(Arc::clone(shares)), settings);
    Ok(Some(started.await?))
}

/// How content is to be served.
///
/// # Errors
/// What is wrong with an entry of `listen.blocked`.
pub(super) fn gateway(
    config: &Config,
    dials: &Dials,
    backends: &[Arc<dyn Backend>],
    dashboard: &str,
    token: &Token,
) -> Result<universal_p2p_gateway::Settings> {
    Ok(universal_p2p_gateway::Settings {
        hosts: config.listen.hosts.clone(),
        dashboard: dashboard.to_owned(),
        first_byte: dials.first_byte.clone(),
        stall: dials.stall.clone(),
        streams: dials.streams.clone(),
        streams_per_client: dials.streams_per_client.clone(),
        token: config.listen.public.then(|| token.expose().to_owned()),
        blocked: blocked::blocked(&config.listen.blocked, backends)?,
    })
}

/// What opens archives.
pub(super) fn archives(config: &Config, dials: &Dials, store: &Arc<Store>) -> Arc<dyn Expand> {
    if !config.archive.enabled {
        return Arc::new(NoArchives);
    }
    let settings = universal_p2p_archive::Settings {
        limits: universal_p2p_archive::Limits {
            nesting: config.archive.nesting,
            entries: config.archive.entries,
            decoded_entry: config.archive.decoded_entry.0,
            memory: config.archive.memory.0,
            ..universal_p2p_archive::Limits::default()
        },
        decode_jobs: config.limits.decode_jobs,
        cx: dials.reading.clone(),
        unrar: unrar(),
    };
    Arc::new(Archives::new(settings, Arc::clone(store)))
}

/// How this program is started once more to unpack what C++ alone can: as it is in memory, whatever has
/// become of its file.
fn unrar() -> Vec<OsString> {
    if cfg!(all(feature = "unrar", target_os = "linux")) {
        vec!["/proc/self/exe".into(), "unrar".into()]
    } else {
        Vec::new()
    }
}
