//! The sections of the configuration, each key with its default.

use std::net::SocketAddr;

use serde::Serialize;
use url::Url;

use super::values::{
    Encryption, Engine, IpfsSource, Level, LogFormat, Policy, Rate, Scope, Size, Span,
};

/// Where the agent is reached.
#[derive(Debug, confique::Config, Serialize)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(crate) struct Listen {
    /// The content plane: what pages and players embed.
    #[config(default = "127.0.0.1:7788", env = "UNIVERSAL_P2P_LISTEN_CONTENT")]
    pub(crate) content: SocketAddr,
    /// The management plane, an origin of its own so that no content can reach it.
    #[config(default = "127.0.0.1:7789", env = "UNIVERSAL_P2P_LISTEN_MANAGEMENT")]
    pub(crate) management: SocketAddr,
    /// Further names by which the content plane may be called, besides loopback addresses and
    /// localhost. Requests for any other host are refused.
    #[config(default = [], env = "UNIVERSAL_P2P_LISTEN_HOSTS", parse_env = confique::env::parse::list_by_comma)]
    pub(crate) hosts: Vec<String>,
    /// What is not given out, as "<protocol>/<id>", such as "ipfs/bafy…" or "bittorrent/<40 hex digits>":
    /// answered with 451, and with 410 where "gone:" stands before it.
    #[config(default = [], env = "UNIVERSAL_P2P_LISTEN_BLOCKED", parse_env = confique::env::parse::list_by_comma)]
    pub(crate) blocked: Vec<String>,
    /// Must be true for any address that is not loopback. Every request then needs the token in
    /// the data directory, as "Authorization: Bearer TOKEN" or as ?token=TOKEN.
    #[config(default = false, env = "UNIVERSAL_P2P_LISTEN_PUBLIC")]
    pub(crate) public: bool,
}

/// How far connections reach.
#[derive(Debug, confique::Config, Serialize)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(crate) struct Network {
    /// "internet", or "loopback": no socket leaves this machine, no DHT, no public tracker.
    #[config(default = "internet", env = "UNIVERSAL_P2P_NETWORK_SCOPE")]
    pub(crate) scope: Scope,
    /// Whether peers and trackers named in a URL may have private addresses. If so, any web page
    /// can make the agent connect to machines in your network.
    #[config(default = false, env = "UNIVERSAL_P2P_NETWORK_ALLOW_PRIVATE")]
    pub(crate) allow_private: bool,
    /// The network interface that connections to peers and trackers go through, such as that of a VPN;
    /// "" means any. Without it nothing goes out.
    #[config(default = "", env = "UNIVERSAL_P2P_NETWORK_INTERFACE")]
    pub(crate) interface: String,
}

/// How much room everything that was fetched may take.
#[derive(Debug, confique::Config, Serialize)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(crate) struct Disk {
    /// The most that is kept in the data directory, such as "300MB" or "20GB", at least "16MB". What
    /// was not used for longest goes first; what is pinned or being played stays.
    #[config(default = "20GB", env = "UNIVERSAL_P2P_DISK_LIMIT")]
    pub(crate) limit: Size,
    /// What always stays free on the file system, whatever the limit; "0" leaves that to others.
    #[config(default = "2GB", env = "UNIVERSAL_P2P_DISK_KEEP_FREE")]
    pub(crate) keep_free: Size,
    /// What goes first: "lru", what was not used for longest, or "gdsf", which also keeps what is used
    /// often and what is small.
    #[config(default = "lru", env = "UNIVERSAL_P2P_DISK_POLICY")]
    pub(crate) policy: Policy,
}

/// How long to wait.
#[derive(Debug, confique::Config, Serialize)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(crate) struct Timeouts {
    /// For the metadata of something that was never seen.
    #[config(default = "60s", env = "UNIVERSAL_P2P_TIMEOUTS_METADATA")]
    pub(crate) metadata: Span,
    /// For the first byte of an answer while nothing of it comes in.
    #[config(default = "30s", env = "UNIVERSAL_P2P_TIMEOUTS_FIRST_BYTE")]
    pub(crate) first_byte: Span,
    /// For the next byte of an answer, and for a client that takes none.
    #[config(default = "60s", env = "UNIVERSAL_P2P_TIMEOUTS_STALL")]
    pub(crate) stall: Span,
}

/// How much at once.
#[derive(Debug, confique::Config, Serialize)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(crate) struct Limits {
    /// Answers with content under way at the same time.
    #[config(default = 1024, env = "UNIVERSAL_P2P_LIMITS_STREAMS")]
    pub(crate) streams: usize,
    /// The same from one client address. Everything on this machine is one address.
    #[config(default = 512, env = "UNIVERSAL_P2P_LIMITS_STREAMS_PER_CLIENT")]
    pub(crate) streams_per_client: usize,
    /// Archives that are opened, and entries that are unpacked, at the same time.
    #[config(default = 4, env = "UNIVERSAL_P2P_LIMITS_DECODE_JOBS")]
    pub(crate) decode_jobs: usize,
}

/// Archives as directories.
#[derive(Debug, confique::Config, Serialize)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(crate) struct Archive {
    /// Whether addresses go on inside zip, rar, 7z and tar files.
    #[config(default = true, env = "UNIVERSAL_P2P_ARCHIVE_ENABLED")]
    pub(crate) enabled: bool,
    /// Archives within each other, the outermost counted.
    #[config(default = 3, env = "UNIVERSAL_P2P_ARCHIVE_NESTING")]
    pub(crate) nesting: usize,
    /// Entries that an archive may have.
    #[config(default = 200_000, env = "UNIVERSAL_P2P_ARCHIVE_ENTRIES")]
    pub(crate) entries: usize,
    /// The longest entry that is unpacked to disk, where it cannot be read in another way.
    #[config(default = "8GB", env = "UNIVERSAL_P2P_ARCHIVE_DECODED_ENTRY")]
    pub(crate) decoded_entry: Size,
    /// The memory for unpacking, all that goes on at the same time together. What waits for it too long
    /// is answered with 503, and what would need more alone with 501.
    #[config(default = "256MiB", env = "UNIVERSAL_P2P_ARCHIVE_MEMORY")]
    pub(crate) memory: Size,
}

/// The BitTorrent network.
#[derive(Debug, confique::Config, Serialize)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(crate) struct BitTorrent {
    /// Whether /bittorrent/ addresses are answered.
    #[config(default = true, env = "UNIVERSAL_P2P_BITTORRENT_ENABLED")]
    pub(crate) enabled: bool,
    /// What fetches pieces: "streaming", the own engine, or "librqbit", the stock one, with which jumps
    /// and large pieces take longer, and which knows neither encryption nor webseeds.
    #[config(default = "streaming", env = "UNIVERSAL_P2P_BITTORRENT_ENGINE")]
    pub(crate) engine: Engine,
    /// Whether conversations with peers are encrypted: "off", "allow", "prefer" or "require". It hides
    /// from networks that it is BitTorrent, and nothing from peers. Only the streaming engine does it.
    #[config(default = "allow", env = "UNIVERSAL_P2P_BITTORRENT_ENCRYPTION")]
    pub(crate) encryption: Encryption,
    /// The port for peers, TCP and UDP; 0 takes any free one.
    #[config(default = 0, env = "UNIVERSAL_P2P_BITTORRENT_PORT")]
    pub(crate) port: u16,
    /// Whether peers of public torrents are looked for in the DHT.
    #[config(default = true, env = "UNIVERSAL_P2P_BITTORRENT_DHT")]
    pub(crate) dht: bool,
    /// Nodes to join the DHT through, as "host:port"; none means the well-known ones.
    #[config(default = [], env = "UNIVERSAL_P2P_BITTORRENT_DHT_BOOTSTRAP", parse_env = confique::env::parse::list_by_comma)]
    pub(crate) dht_bootstrap: Vec<String>,
    /// Trackers that are asked for every public torrent.
    #[config(
        default = [
            "udp://tracker.opentrackr.org:1337/announce",
            "udp://open.stealth.si:80/announce",
            "udp://tracker.torrent.eu.org:451/announce",
            "udp://open.demonii.com:1337/announce",
            "udp://exodus.desync.com:6969/announce",
            "udp://explodie.org:6969/announce",
        ],
        env = "UNIVERSAL_P2P_BITTORRENT_TRACKERS",
        parse_env = confique::env::parse::list_by_comma
    )]
    pub(crate) trackers: Vec<Url>,
    /// Bytes per second sent to others, such as "500kB", or "unlimited".
    #[config(default = "unlimited", env = "UNIVERSAL_P2P_BITTORRENT_UPLOAD_LIMIT")]
    pub(crate) upload_limit: Rate,
    /// Peers connected at the same time for one torrent.
    #[config(default = 80, env = "UNIVERSAL_P2P_BITTORRENT_PEERS_PER_TORRENT")]
    pub(crate) peers_per_torrent: usize,
    /// Whether the router is asked by UPnP to let peers in, which makes more of them reachable.
    #[config(default = false, env = "UNIVERSAL_P2P_BITTORRENT_UPNP")]
    pub(crate) upnp: bool,
    /// How long a torrent stays connected when nobody reads it any more.
    #[config(default = "60s", env = "UNIVERSAL_P2P_BITTORRENT_PARK_AFTER")]
    pub(crate) park_after: Span,
}

/// Content of IPFS.
#[derive(Debug, confique::Config, Serialize)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(crate) struct Ipfs {
    /// Whether /ipfs/ and /ipns/ addresses are answered.
    #[config(default = true, env = "UNIVERSAL_P2P_IPFS_ENABLED")]
    pub(crate) enabled: bool,
    /// Where blocks come from, in the order to try: "embedded", the own node, "kubo", a daemon on this
    /// machine, "gateway", web servers. Every block is hashed, whoever gave it.
    #[config(default = ["embedded"], env = "UNIVERSAL_P2P_IPFS_SOURCE", parse_env = confique::env::parse::list_by_comma)]
    pub(crate) source: Vec<IpfsSource>,
    /// The port of the own node, TCP and QUIC; 0 takes any free one.
    #[config(default = 0, env = "UNIVERSAL_P2P_IPFS_PORT")]
    pub(crate) port: u16,
    /// Whether the own node joins the network of all others, to find who has what.
    #[config(default = true, env = "UNIVERSAL_P2P_IPFS_BOOTSTRAP")]
    pub(crate) bootstrap: bool,
    /// Peers that the own node stays connected with, as multiaddresses that end with their peer id.
    #[config(default = [], env = "UNIVERSAL_P2P_IPFS_PEERS", parse_env = confique::env::parse::list_by_comma)]
    pub(crate) peers: Vec<String>,
    /// Whether others are told, in the network's directory, which content is here.
    #[config(default = true, env = "UNIVERSAL_P2P_IPFS_ANNOUNCE")]
    pub(crate) announce: bool,
    /// Bytes per second that the own node sends to others, such as "500kB", or "unlimited".
    #[config(default = "unlimited", env = "UNIVERSAL_P2P_IPFS_UPLOAD_LIMIT")]
    pub(crate) upload_limit: Rate,
    /// Where the RPC API of a Kubo daemon is.
    #[config(default = "http://127.0.0.1:5001", env = "UNIVERSAL_P2P_IPFS_KUBO_API")]
    pub(crate) kubo_api: String,
    /// Trustless gateways, in the order to try them. None means none.
    #[config(default = [], env = "UNIVERSAL_P2P_IPFS_GATEWAYS", parse_env = confique::env::parse::list_by_comma)]
    pub(crate) gateways: Vec<String>,
}

/// What is told on standard error.
#[derive(Debug, confique::Config, Serialize)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(crate) struct Log {
    /// "error", "warn", "info", "debug" or "trace".
    #[config(default = "info", env = "UNIVERSAL_P2P_LOG_LEVEL")]
    pub(crate) level: Level,
    /// "text" or "json".
    #[config(default = "text", env = "UNIVERSAL_P2P_LOG_FORMAT")]
    pub(crate) format: LogFormat,
}
