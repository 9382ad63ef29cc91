//! What the command line reads of the management plane's answers.

use anyhow::{Context, Result};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

/// Reads an answer.
pub(crate) fn parsed<T: DeserializeOwned>(answer: Value) -> Result<T> {
    serde_json::from_value(answer)
        .context("the agent answers otherwise than expected; are both of the same version?")
}

/// How the agent is doing.
#[derive(Deserialize)]
pub(crate) struct Status {
    pub(crate) version: String,
    pub(crate) content: String,
    pub(crate) uptime_seconds: u64,
    pub(crate) disk: Disk,
}

/// How full the disk is, in bytes.
#[derive(Deserialize)]
pub(crate) struct Disk {
    pub(crate) limit: u64,
    pub(crate) keep_free: u64,
    pub(crate) used: u64,
    pub(crate) free: u64,
    pub(crate) pinned: u64,
    pub(crate) in_use: u64,
    pub(crate) items: u64,
    pub(crate) counted: bool,
    pub(crate) last_collection: Option<Collection>,
}

/// A collection.
#[derive(Deserialize)]
pub(crate) struct Collection {
    pub(crate) at: u64,
    pub(crate) reason: String,
    pub(crate) freed: u64,
    pub(crate) chunks: u64,
    pub(crate) items: u64,
}

/// Streams that are open.
#[derive(Deserialize)]
pub(crate) struct Streams {
    pub(crate) streams: Vec<Stream>,
}

/// A stream.
#[derive(Deserialize)]
pub(crate) struct Stream {
    pub(crate) protocol: String,
    pub(crate) id: String,
    pub(crate) site: String,
    pub(crate) evidence: String,
    pub(crate) since: u64,
    pub(crate) served: u64,
}

/// Items.
#[derive(Deserialize)]
pub(crate) struct Items {
    pub(crate) items: Vec<Item>,
}

/// An item.
#[derive(Clone, Deserialize)]
pub(crate) struct Item {
    pub(crate) protocol: String,
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) disk: u64,
    pub(crate) last_access: u64,
    pub(crate) kept: String,
    pub(crate) queue: Option<u64>,
}

/// What a removal freed.
#[derive(Deserialize)]
pub(crate) struct Removed {
    pub(crate) freed: u64,
}
