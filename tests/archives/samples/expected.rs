//! What has to come out of the samples, as it was written down.

use std::path::Path;

use serde::Deserialize;

/// An archive that others made.
#[derive(Deserialize)]
pub(super) struct Sample {
    /// Its set and its name.
    pub(super) file: String,
    group: String,
    /// The status of asking for its listing.
    pub(super) status: u16,
    /// Whether what is listed has to be what stands here.
    pub(super) listing: bool,
    pub(super) entries: Vec<Entry>,
    /// It and its further volumes.
    pub(super) volumes: Vec<String>,
}

/// What lies in one.
#[derive(Deserialize)]
pub(super) struct Entry {
    /// The whole path, as it is listed.
    pub(super) name: String,
    pub(super) kind: Kind,
    /// None where nobody can know.
    pub(super) size: Option<u64>,
    /// The status of asking for it.
    pub(super) status: u16,
    /// The name of a file with its bytes, where somebody could unpack them.
    pub(super) content: Option<String>,
    /// The CRC-32 that the archive tells of them.
    pub(super) crc: Option<u32>,
    /// Other paths that lead to it.
    pub(super) aliases: Vec<String>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    File,
    Dir,
}

/// All samples of a group.
pub(super) fn samples(place: &Path, group: &str) -> Vec<Sample> {
    let written = std::fs::read(place.join("archives.json")).unwrap();
    let mut samples: Vec<Sample> = serde_json::from_slice(&written).unwrap();
    samples.retain(|sample| sample.group == group);
    assert!(!samples.is_empty(), "there are no samples of {group}");
    samples
}
