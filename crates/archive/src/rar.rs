//! RAR 1.5 to 7, alone or in volumes: stored entries as ranges of the files that hold them.
//!
//! ```text
//! volumes::set_of(names) → index(set) ─ scan::volume ─ four, five   headers of one file
//!                                     ├ quick                       RAR 5's copies of headers
//!                                     ├ join, entries               parts of all volumes → entries
//!                                     └ layout::Predicted           many volumes, only two of them read
//! ```
//! What is packed is unpacked by `rars` from an archive made for it ([`excerpt`]), into a spool: an entry
//! that stands for itself alone, entries that build on each other together. What `rars` fails on is tried
//! once more by UnRAR, in a process of its own: damaged entries too, as it takes some for damaged that are
//! not.
//!
//! # Limitations
//! Of the filters of RAR 3, UnRAR knows those that RAR packs with, and no other programs.
//! RAR 1.4 and older are refused. Hard links and copies of other entries are hidden as symbolic links
//! are. Of a set with missing volumes, the entries that go on in these are refused, and what builds on
//! them.

mod entries;
mod excerpt;
mod five;
mod four;
mod header;
mod join;
mod layout;
mod member;
mod quick;
mod scan;
mod unpack;
#[cfg(feature = "unrar")]
mod unrar;
mod volumes;
mod write;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use universal_p2p_core::{Error, ReadCx, Result};

pub(crate) use self::layout::Predicted;
pub(crate) use self::volumes::{Numbering, set_of};
use self::{
    entries::Packed,
    header::corrupt,
    join::Joined,
    scan::{Reach, Volume},
};
use crate::{Entry, Index, Limits, Source, Spools, State, content::Content, names::RawName};

/// Volumes whose headers are read at once.
const CONCURRENT: usize = 8;

/// Reads what a set of volumes holds, from the first; a single archive is a set of one.
///
/// Of three or more volumes with one stored entry, only the first two are read, and the last where it
/// may hold more. Behind the first volume of an archive that says that it has no others, none is read.
///
/// # Errors
/// [`Error::Corrupt`] where there is no archive, [`Error::Unsupported`] where it passes the limits and
/// for RAR 1.4 and older; whatever keeps the bytes away.
pub(crate) async fn index(
    mut volumes: Vec<Source>,
    etag: &str,
    limits: &Limits,
    spools: &Arc<Spools>,
    cx: &ReadCx,
) -> Result<Index> {
    let Some(source) = volumes.first() else {
        return Err(corrupt("there is no volume"));
    };
    let first = scan::volume(source, Reach::All, limits, cx).await?;
    if first.is_encrypted {
        return Ok(index_of(vec![secret(&volumes)]));
    }
    if !first.is_volume {
        volumes.truncate(1);
    }
    let packed = Packed {
        is_five: first.is_five,
        is_solid: first.is_solid,
        etag,
        limits,
        spools,
    };
    let Some(source) = volumes.get(1) else {
        let joined = joined(&volumes, &[first], limits)?;
        return Ok(index_of(packed.entries(joined)));
    };
    let second = scan::volume(source, Reach::All, limits, cx).await?;
    if let Some(entries) = predicted(&volumes, &first, &second, &packed, cx).await? {
        return Ok(index_of(entries));
    }
    let read = all(&volumes, vec![first, second], limits, cx).await?;
    Ok(index_of(packed.entries(joined(&volumes, &read, limits)?)))
}

/// The entries of a set whose split entry can be foretold.
async fn predicted(
    sources: &[Source],
    first: &Volume,
    second: &Volume,
    packed: &Packed<'_>,
    cx: &ReadCx,
) -> Result<Option<Vec<Entry>>> {
    let limits = packed.limits;
    let Some(mut predicted) = Predicted::new(sources, first, second, limits) else {
        return Ok(None);
    };
    let ([head, .., last], Some((_, before))) = (sources, first.parts.split_last()) else {
        return Ok(None);
    };
    let mut behind = Vec::new();
    if predicted.has_room_behind(second) {
        let mut volume = scan::volume(last, Reach::All, limits, cx).await?;
        if !predicted.confirm_last(&volume) {
            return Ok(None);
        }
        behind = volume.parts.split_off(1);
    }
    let of = |source: &Source, parts: &[scan::Part]| {
        let volume = Volume {
            parts: parts.to_vec(),
            ..Volume::default()
        };
        join::join(std::slice::from_ref(source), &[volume])
    };
    // What is packed may build on what came before the split entry.
    let mut others = of(head, before);
    let place = others.len();
    others.extend(of(last, &behind));
    if others.len() + 1 > limits.entries {
        return Err(limits.too_many_entries());
    }
    let length = predicted.length();
    let header = predicted.header().clone();
    let own = join::entry(&header, length, length, State::Ready, predicted.into());
    let mut entries = packed.entries(others);
    entries.insert(place, own);
    Ok(Some(entries))
}

/// Reads the headers of all volumes behind those that were read already.
async fn all(
    sources: &[Source],
    mut read: Vec<Volume>,
    limits: &Limits,
    cx: &ReadCx,
) -> Result<Vec<Volume>> {
    let rest = sources.get(read.len()..).unwrap_or_default().to_vec();
    let (limits, cx) = (limits.clone(), *cx);
    let scans = stream::iter(rest).map(move |source| {
        let limits = limits.clone();
        async move { scan::volume(&source, Reach::All, &limits, &cx).await }
    });
    let rest: Vec<_> = scans.buffered(CONCURRENT).try_collect().await?;
    read.extend(rest);
    Ok(read)
}

/// What volumes hold that were all read.
fn joined(sources: &[Source], volumes: &[Volume], limits: &Limits) -> Result<Vec<Joined>> {
    let header_bytes: u64 = volumes.iter().map(|volume| volume.header_bytes).sum();
    let joined = join::join(sources, volumes);
    if joined.len() > limits.entries {
        return Err(limits.too_many_entries());
    }
    if header_bytes > limits.header_bytes {
        return Err(limits.too_long_headers());
    }
    Ok(joined)
}

fn index_of(entries: Vec<Entry>) -> Index {
    Index {
        format: "rar",
        entries,
    }
}

/// Stands for everything in an archive whose headers are encrypted.
fn secret(volumes: &[Source]) -> Entry {
    let packed = volumes
        .iter()
        .map(Source::length)
        .fold(0, u64::saturating_add);
    Entry {
        name: RawName {
            bytes: b"encrypted".as_slice().into(),
            text: Some("encrypted".into()),
            is_dos: false,
        },
        is_dir: false,
        length: packed,
        packed: Some(packed),
        method: "encrypted",
        modified: None,
        checksum: 0,
        state: State::Encrypted,
        content: Arc::new(Content::Nothing),
    }
}

fn unsupported(what: &str) -> Error {
    Error::Unsupported { what: what.into() }
}
