//! What the tests of RAR share.

mod fuzz;
mod hostile;
mod layout;
mod names;
mod one;
#[cfg(feature = "unrar")]
mod packer;
mod quick;
mod samples;
#[cfg(feature = "unrar")]
mod unrar;
mod writer;

use std::ops::Range;

use universal_p2p_core::Result;

use crate::{
    Entry, Index, Limits, Source, State,
    content::Content,
    map,
    rar::index,
    testing::{CX, Served, all, spools},
};

/// Reads the index of archives in memory.
async fn index_of(volumes: &[Served]) -> Result<Index> {
    let sources: Vec<Source> = volumes.iter().map(Served::source).collect();
    index_within(sources, &Limits::default()).await
}

/// Reads the index of archives within limits. What has to be unpacked can be, as long as the index is
/// held.
async fn index_within(sources: Vec<Source>, limits: &Limits) -> Result<Index> {
    let folder = tempfile::tempdir().expect("a folder");
    index(sources, "outer", limits, &spools(&folder), &CX).await
}

/// Puts archives in memory.
fn served(volumes: &[Vec<u8>]) -> Vec<Served> {
    volumes.iter().cloned().map(Served::new).collect()
}

/// Reads a range of an entry.
async fn read(entry: &Entry, range: Range<u64>) -> Result<Vec<u8>> {
    let stream = match &*entry.content {
        Content::Map(segments) => map::open(segments, range, &CX).await?,
        Content::Predicted(predicted) => predicted.open(range, &CX).await?,
        _ => map::open(&[], range, &CX).await?,
    };
    all(stream).await
}

/// The entry of a name.
fn entry<'a>(index: &'a Index, name: &str) -> &'a Entry {
    let mut entries = index.entries.iter();
    let found = entries.find(|entry| *entry.name.bytes == *name.as_bytes());
    found.unwrap_or_else(|| panic!("no {name}"))
}

/// Whether an entry is a file that can be read as it lies there.
fn is_mapped(entry: &Entry) -> bool {
    entry.state == State::Ready && !entry.is_dir
}
