//! What has to come out of the samples, as it was written down.

use std::path::Path;

use serde::Deserialize;

/// An archive that others made.
#[derive(Deserialize)]
pub(in crate::archives) struct Sample {
    /// Its set and its name.
    pub(in crate::archives) file: String,
    group: String,
    /// The status of asking for its listing.
    pub(in crate::archives) status: u16,
    /// Whether what is listed has to be what stands here.
    pub(in crate::archives) listing: bool,
    pub(in crate::archives) entries: Vec<Entry>,
    /// It and its further volumes.
    pub(in crate::archives) volumes: Vec<String>,
}

/// What lies in one.
#[derive(Deserialize)]
pub(in crate::archives) struct Entry {
    /// The whole path, as it is listed.
    pub(in crate::archives) name: String,
    pub(in crate::archives) kind: Kind,
    /// None where nobody can know.
    pub(in crate::archives) size: Option<u64>,
    /// The status of asking for it.
    pub(in crate::archives) status: u16,
    /// The name of a file with its bytes, where somebody could unpack them.
    pub(in crate::archives) content: Option<String>,
    /// The CRC-32 that the archive tells of them.
    pub(in crate::archives) crc: Option<u32>,
    /// Other paths that lead to it.
    pub(in crate::archives) aliases: Vec<String>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(in crate::archives) enum Kind {
    File,
    Dir,
}

/// All samples of a group.
pub(in crate::archives) fn samples(place: &Path, group: &str) -> Vec<Sample> {
    let written = std::fs::read(place.join("archives.json")).unwrap();
    let mut samples: Vec<Sample> = serde_json::from_slice(&written).unwrap();
    samples.retain(|sample| sample.group == group);
    assert!(!samples.is_empty(), "there are no samples of {group}");
    samples
}
