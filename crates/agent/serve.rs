//! Running the agent, top to bottom: bind, open, start, tell, wait, stop.

use std::{
    convert::Infallible,
    ffi::OsString,
    io::Write,
    path::Path,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context, Result};
use tokio::{signal, time::timeout};
use tokio_util::sync::CancellationToken;
use universal_p2p_archive::Archives;
use universal_p2p_bittorrent::BitTorrent;
use universal_p2p_core::{Backend, Expand, NoArchives};
use universal_p2p_gateway::{Gateway, Registry};
use universal_p2p_management::{Facts, Plane, Token};
use universal_p2p_sharing::Shares;
use universal_p2p_store::Store;

use crate::{
    arguments::Overrides,
    blocked,
    config::{self, Config},
    ipfs,
    listening::Passed,
    logging::Loudness,
    readiness,
    running::Running,
    settings::{Dials, Live, Settings},
};

/// What is left of the five seconds after a signal when streams have ended.
const LEAVE: Duration = Duration::from_secs(1);

/// What an agent starts with.
pub(crate) struct Start {
    /// How it is to run.
    pub(crate) config: Config,
    /// What of that came from the command line.
    pub(crate) overrides: Overrides,
    /// Sockets that were opened for it.
    pub(crate) passed: Passed,
    /// How much it tells.
    pub(crate) loudness: Loudness,
}
/// How often shared files are looked at.
const LOOK_AT_SHARES: Duration = Duration::from_secs(30);

/// Runs the agent until it is told to stop.
pub(crate) async fn serve(start: Start, data_dir: &Path) -> Result<()> {
    let Start {
        config,
        overrides,
        passed,
        loudness,
    } = start;
    raise_file_limit();
    // First what others may hold: who cannot have it should fail before anything is touched.
    let (content, management) = passed.listen(&config.listen).await?;
    let store = Store::open(data_dir, store_settings(&config))?;
    let token = Token::load_or_make(data_dir).context("making the token in the data directory")?;
    let content_url = format!("http://{}", content.local_addr()?);
    let management_url = format!("http://{}", management.local_addr()?);

    let shares = shares(&store, data_dir)?;
    let dials = Dials::of(&config);
    let bittorrent = start_bittorrent(&config, &dials, &store, &shares).await?;
    let bittorrent = bittorrent.map(Arc::new);
    let ipfs = ipfs::start(&config, &dials, &store, &shares).await?;
    let mut backends: Vec<_> = bittorrent
        .iter()
        .map(|backend| Arc::clone(backend) as Arc<dyn Backend>)
        .collect();
    backends.extend(ipfs.iter().flat_map(|ipfs| ipfs.backends.iter().cloned()));
    let settings = gateway_settings(&config, &dials, &backends, &management_url, &token)?;
    let registry = Registry::new(backends.clone());
    let archives = archives(&config, &dials, &store);
    let gateway = Gateway::new(
        registry,
        Arc::clone(&store),
        Arc::clone(&archives),
        settings,
    );

    let stop = CancellationToken::new();
    let facts = Facts {
        version: env!("CARGO_PKG_VERSION"),
        content: content_url.clone(),
        started: SystemTime::now(),
        since: Instant::now(),
        networks: vec!["bittorrent", "ipfs"],
    };
    let live = Live {
        dials,
        store: Some(Arc::clone(&store)),
        loudness: Some(loudness),
    };
    let settings = Arc::new(Settings::new(&config, overrides, live)?);
    let plane = Plane::new(facts, Arc::clone(&store), backends, archives, settings)
        .sharing(Arc::clone(&shares));
    // Before anybody is told: whoever reads the line may send the signal at once.
    let signalled = signals()?;
    let running = Running::tell(data_dir, content.local_addr()?, management.local_addr()?)
        .context("writing agent.json in the data directory")?;
    announce(&content_url, &management_url);
    readiness::ready(&content_url);
    let stopped = {
        let serving = async {
            tokio::try_join!(
                gateway.serve(content, stop.clone()),
                universal_p2p_management::serve(management, token, plane, stop.clone()),
            )
        };
        tokio::pin!(serving);
        tokio::select! {
            ended = &mut serving => ended.map(|_| ()),
            never = look_at_shares(&shares) => match never {},
            () = signalled => {
                tracing::info!("stopping");
                readiness::stopping();
                stop.cancel();
                // A management call that hangs must not keep the agent from going.
                timeout(Duration::from_secs(4), serving).await.map_or(Ok(()), |ended| ended.map(|_| ()))
            }
        }
    };
    // While the data directory is still held, or the note could be that of the next agent.
    drop(running);
    if let Some(backend) = bittorrent {
        // Peers that do not answer lose their goodbye, not the user's data.
        let _ = timeout(LEAVE, backend.stop()).await;
    }
    if let Some(ipfs) = ipfs {
        ipfs.stop(LEAVE).await;
    }
    tokio::task::spawn_blocking(move || store.close())
        .await?
        .context("closing the data directory")?;
    stopped.context("serving")
}

/// Tells on standard output where the agent is, once everything answers.
fn announce(content: &str, management: &str) {
    let mut out = std::io::stdout();
    // Nobody has to be reading: a service runs without.
    let _ = writeln!(out, "listening content={content} management={management}")
        .and_then(|()| out.flush());
}

fn store_settings(config: &Config) -> universal_p2p_store::Settings {
    universal_p2p_store::Settings {
        limit: config.disk.limit.0,
        keep_free: config.disk.keep_free.0,
        policy: match config.disk.policy {
            config::Policy::Lru => universal_p2p_store::Policy::Lru,
            config::Policy::Gdsf => universal_p2p_store::Policy::Gdsf,
        },
    }
}

/// What the user shares, as it was noted.
fn shares(store: &Store, data_dir: &Path) -> Result<Arc<Shares>> {
    let opened = store
        .scratch("sharing")
        .and_then(|folder| Shares::open(&folder, data_dir));
    opened.context("opening the notes of what is shared in the data directory")
}

/// Notices when shared files change or vanish, also while nobody asks for them.
async fn look_at_shares(shares: &Arc<Shares>) -> Infallible {
    loop {
        let looked_at = Arc::clone(shares);
        let looking = tokio::task::spawn_blocking(move || looked_at.look()).await;
        if let Err(error) = looking {
            tracing::warn!(%error, "shared files could not be looked at");
        }
        tokio::time::sleep(LOOK_AT_SHARES).await;
    }
}

async fn start_bittorrent(
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

fn gateway_settings(
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
fn archives(config: &Config, dials: &Dials, store: &Arc<Store>) -> Arc<dyn Expand> {
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

/// Every connection and every open torrent is a file handle, and the usual soft limit is 1024.
fn raise_file_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::warn!(%error, "the limit of open files stays low");
        }
    }
}

/// Begins to listen for SIGTERM and Ctrl-C; what it returns ends with the first of them.
fn signals() -> Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).context("listening for signals");
        let (mut terminate, mut interrupt) = (
            listen(SignalKind::terminate())?,
            listen(SignalKind::interrupt())?,
        );
        Ok(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        let _ = signal::ctrl_c().await;
    })
}
