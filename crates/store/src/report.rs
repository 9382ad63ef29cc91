//! What the store tells of itself: plain values, as the management plane passes them on.
//!
//! Bytes are bytes, times are whole seconds since 1970. Names of sites and items are hostile text.

use serde::Serialize;
use universal_p2p_core::Evidence;
use utoipa::ToSchema;

/// How full the disk is, and with what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DiskUse {
    /// The configured limit.
    pub limit: u64,
    /// What has to stay free on the file system.
    pub keep_free: u64,
    /// Allocated under the data directory, room reserved for what is being written included.
    pub used: u64,
    /// Free on the file system, as far as this user may take it.
    pub free: u64,
    /// Of `used`: in items that are pinned.
    pub pinned: u64,
    /// Of `used`: in other items that are being read.
    pub in_use: u64,
    /// Of `used`: documents such as the metadata of torrents.
    pub documents: u64,
    /// Of `used`: the index, and what the networks keep for themselves.
    pub own: u64,
    /// Number of items.
    pub items: u64,
    /// Number of streams that are open.
    pub streams: u64,
    /// Whether everything on disk has been counted since the start; until then nothing is written.
    pub counted: bool,
    /// The last collection, if there was one since the start.
    pub last_collection: Option<Collection>,
}

/// Why something was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// `disk.limit` was near or reached.
    Limit,
    /// `disk.keep_free` was near or reached.
    KeepFree,
    /// The file system was short of inodes.
    Inodes,
    /// Documents had outgrown their own budget.
    Documents,
    /// Somebody asked for it.
    Asked,
}

/// A collection: what was given up and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Collection {
    /// When it began.
    pub at: u64,
    /// What for.
    pub reason: Reason,
    /// Bytes that were freed.
    pub freed: u64,
    /// Chunks that were given up.
    pub chunks: u64,
    /// Items that something was given up of.
    pub items: u64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// Why an item is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub enum Kept {
    /// It is pinned: it never goes by itself.
    #[serde(rename = "pinned")]
    Pinned,
    /// Somebody reads it: what lies ahead of the reader stays.
    #[serde(rename = "in use")]
    InUse,
    /// It was used more recently than what went.
    #[serde(rename = "recent")]
    Recent,
}

/// One item.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub struct ItemReport {
    /// The protocol's name.
    pub protocol: &'static str,
    /// The canonical id.
    pub id: String,
    /// Its own name, once known.
    pub name: Option<String>,
    /// Length of everything in it, once known.
    pub length: Option<u64>,
    /// Bytes allocated for it on disk, documents not included.
    pub disk: u64,
    /// When it was first asked for; 0 where that is not known any more.
    pub first_access: u64,
    /// When it was last asked for or read.
    pub last_access: u64,
    /// How many streams of it there were.
    pub uses: u64,
    /// Bytes served of it.
    pub served: u64,
    /// Bytes fetched from the network for it.
    pub fetched: u64,
    /// Whether it is pinned.
    pub pinned: bool,
    /// Streams of it that are open.
    pub streams: u64,
    /// Why it is still there.
    pub kept: Kept,
    /// Its place among those that go when room is needed, from 1; none where nothing of it goes.
    pub queue: Option<u64>,
}

/// What one site used of an item.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SiteUse {
    /// The site's name; empty where nobody said.
    pub site: String,
    /// How well that is known.
    pub evidence: Evidence,
    /// When it first asked.
    pub first_access: u64,
    /// When it last asked or read.
    pub last_access: u64,
    /// Bytes served to it.
    pub served: u64,
    /// Its part of all bytes served of the item, from 0 to 1.
    pub share: f64,
}

/// What one site holds on disk.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SiteReport {
    /// The site's name; empty where nobody said.
    pub site: String,
    /// How well that is known.
    pub evidence: Evidence,
    /// Items that it asked for.
    pub items: u64,
    /// Bytes served to it.
    pub served: u64,
    /// Its share of the bytes on disk of those items.
    pub disk: u64,
    /// Bytes on disk of items that nobody else asked for: what purging it would free.
    pub only: u64,
}

/// A stream that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct StreamReport {
    /// Its number, which stays the same while it is open and never comes again.
    pub number: u64,
    /// The protocol's name.
    pub protocol: &'static str,
    /// The canonical id.
    pub id: String,
    /// The name of the file, once it is known.
    pub name: Option<String>,
    /// The path below the item that was asked for; empty where that is the item itself.
    pub path: String,
    /// Length of the file, once it is known.
    pub length: Option<u64>,
    /// The offset in the file that is handed out next, once it is known.
    pub position: Option<u64>,
    /// Bytes per second to the client, over the last two seconds.
    pub speed: u64,
    /// The site that asked; empty where nobody said.
    pub site: String,
    /// How well that is known.
    pub evidence: Evidence,
    /// When it was opened.
    pub since: u64,
    /// Bytes served so far.
    pub served: u64,
    /// Whether what is read is unpacked from its start.
    #[serde(skip)]
    pub is_unpacked: bool,
    /// Whose turn it is.
    #[serde(skip)]
    pub waiting: Waiting,
}

/// What a stream waits for, as far as that is seen from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// For nothing: it flows.
    Nothing,
    /// What was asked for is not found yet.
    Finding,
    /// For bytes of it.
    Source,
    /// For bytes of it, while there is no room on disk.
    Room,
    /// For its client.
    Client,
}

/// What went through of one network since the start, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// The protocol's name.
    pub protocol: &'static str,
    /// Bytes handed out to clients.
    pub served: u64,
    /// Bytes that came from the network.
    pub fetched: u64,
}

/// What a removal freed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Removed {
    /// Items that are gone.
    pub items: u64,
    /// Bytes that were freed.
    pub freed: u64,
    /// Items that stayed because they are pinned.
    pub pinned: u64,
}
