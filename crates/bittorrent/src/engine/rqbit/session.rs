//! Starting the session: what it may listen on and reach.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use librqbit::{
    ConnectionOptions, DhtSessionConfig, ListenerMode, ListenerOptions, PeerConnectionOptions,
    Session, SessionOptions, SessionPersistenceConfig, dht::DhtPersistenceConfig,
    limits::LimitsConfig,
};
use librqbit_core::{hash_id::Id20, peer_id::generate_azereus_style};
use librqbit_dualstack_sockets::BindDevice;

use universal_p2p_swarm::Scope;

use crate::config::Settings;

/// Its "blocking threads" are permits of a semaphore, and every open reader holds one; with the
/// default of eight, eight readers stop everything.
const PERMITS: usize = 4096;

/// Requests outstanding per peer, of 16 KiB each. What is under way when a reader jumps has to
/// arrive first, but with half as many one fast peer is a tenth slower.
const REQUESTS: usize = 128;

/// How long a peer may be silent. Its own ten seconds lose every peer of a paused video.
const SILENCE: Duration = Duration::from_secs(180);

/// The name of the loopback device.
const LOOPBACK: &str = if cfg!(target_os = "macos") {
    "lo0"
} else {
    "lo"
};

/// The device that every socket is bound to, where the scope asks for one.
pub(super) fn device(settings: &Settings) -> anyhow::Result<Option<BindDevice>> {
    match settings.scope {
        Scope::Internet => Ok(None),
        Scope::Loopback if cfg!(windows) => Ok(None),
        Scope::Loopback => Ok(Some(BindDevice::new_from_name(LOOPBACK)?)),
    }
}

/// A fresh peer id under the program's own name.
pub(super) fn peer_id() -> Id20 {
    generate_azereus_style(*b"UP", (0, 1, 0, 0))
}

/// Starts a session that remembers nothing but bitfields, in a folder of its own.
pub(super) async fn start(
    settings: &Settings,
    peer_id: Id20,
    folder: &Path,
) -> anyhow::Result<Arc<Session>> {
    tokio::fs::create_dir_all(folder).await?;
    // Whatever it remembers it would join again at once; torrents are joined when they are read.
    match tokio::fs::remove_file(folder.join("session.json")).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let loopback = settings.scope == Scope::Loopback;
    let address = if loopback {
        SocketAddr::from((Ipv4Addr::LOCALHOST, settings.port))
    } else {
        SocketAddr::from((Ipv6Addr::UNSPECIFIED, settings.port))
    };
    let listen = ListenerOptions {
        mode: ListenerMode::TcpAndUtp,
        listen_addr: address,
        enable_upnp_port_forwarding: settings.upnp && !loopback,
        announce_port: Some(settings.port).filter(|port| loopback && *port != 0),
        ..ListenerOptions::default()
    };
    let peer_opts = PeerConnectionOptions {
        read_write_timeout: Some(SILENCE),
        max_request_window: Some(REQUESTS),
        ..PeerConnectionOptions::default()
    };
    let options = SessionOptions {
        dht: (settings.dht && !loopback).then(|| dht(settings)),
        bind_device_name: device(settings)?.map(|device| device.name().to_owned()),
        fastresume: true,
        persistence: Some(SessionPersistenceConfig::Json {
            folder: Some(folder.to_owned()),
        }),
        peer_id: Some(peer_id),
        listen: Some(listen),
        connect: Some(ConnectionOptions {
            proxy_url: None,
            enable_tcp: true,
            peer_opts: Some(peer_opts),
        }),
        concurrent_init_limit: Some(16),
        runtime_worker_threads: Some(PERMITS),
        ratelimits: LimitsConfig {
            upload_bps: settings.upload_limit.get(),
            download_bps: None,
        },
        peer_limit: Some(settings.peers_per_torrent),
        disable_local_service_discovery: loopback,
        client_name_and_version: Some(
            concat!("universal-p2p ", env!("CARGO_PKG_VERSION")).to_owned(),
        ),
        ..SessionOptions::default()
    };
    Session::new_with_opts(folder.join("unused"), options).await
}

/// The DHT keeps its table across restarts, so that it need not be bootstrapped every time.
fn dht(settings: &Settings) -> DhtSessionConfig {
    let nodes = settings.dht_bootstrap.clone();
    DhtSessionConfig {
        bootstrap_addrs: Some(nodes).filter(|nodes| !nodes.is_empty()),
        port: None,
        persistence: Some(DhtPersistenceConfig {
            dump_interval: None,
            config_filename: Some(settings.state.join("dht.json")),
        }),
    }
}
