//! The index of a ZIP, from its central directory alone.
//!
//! The local header in front of each entry is read when the entry is first opened: reading them all
//! would ask for one piece of every entry. Finding and bounding the directory is done here, because
//! it decides what is read and allocated; what stands in it is taken apart by the `zip` crate.

mod directory;
mod packed;
mod record;
#[cfg(test)]
mod tests;

use std::{io::Cursor, sync::Arc};

use ::zip::{ZipArchive, read::ArchiveOffset, read::Config, result::ZipError};
use universal_p2p_core::{Error, Result};

use crate::{
    Source,
    content::Content,
    index::{Entry, Index, State},
    limits::Limits,
    names::RawName,
    spool::Spools,
    sync_reader::SyncReader,
};
use directory::Directory;
use packed::Shared;
use record::Record;

pub(crate) use packed::Packed;

/// Bytes of a local header before the name.
const LOCAL: u64 = 30;

/// Reads the end of a ZIP and its central directory, and nothing else.
///
/// # Errors
/// [`Error::Corrupt`] for what is no ZIP, is cut off, has entries that overlap or says something of
/// itself that is not so; [`Error::Unsupported`] for a part of a set and for more than the limits
/// let through; whatever kept the source from being read.
pub(crate) fn index(
    reader: &mut SyncReader,
    source: &Source,
    etag: &str,
    limits: &Limits,
    spools: &Arc<Spools>,
) -> Result<Index> {
    let directory = Directory::read(reader, source.length(), limits)?;
    let alone = Cursor::new(directory.alone());
    let config = Config {
        archive_offset: ArchiveOffset::Known(0),
    };
    let archive = ZipArchive::with_config(config, alone).map_err(refused)?;
    let mut records = Vec::with_capacity(archive.len());
    for number in 0..archive.len() {
        let found = archive.by_index_data(number).map_err(refused)?;
        records.push(Record::new(&found, &directory)?);
    }
    let ends = ends(&records, directory.start)?;
    let shared = Arc::new(Shared {
        etag: etag.into(),
        spools: spools.clone(),
        limits: limits.clone(),
    });
    let described = records.into_iter().zip(ends);
    let entries = described.map(|(record, end)| entry(record, end, source, &shared));
    Ok(Index {
        format: "zip",
        entries: entries.collect(),
    })
}

/// Where each entry has to end: where the next one begins.
fn ends(records: &[Record], directory: u64) -> Result<Vec<u64>> {
    let mut order: Vec<usize> = (0..records.len()).collect();
    order.sort_unstable_by_key(|number| records[*number].start);
    let mut ends = vec![directory; records.len()];
    let mut end = directory;
    for number in order.into_iter().rev() {
        let record = &records[number];
        let least = record.start.checked_add(LOCAL);
        let least = least.and_then(|data| data.checked_add(record.packed));
        if least.is_none_or(|least| least > end) {
            return Err(corrupt("its entries overlap, or lie past its directory"));
        }
        ends[number] = end;
        end = record.start;
    }
    Ok(ends)
}

fn entry(record: Record, end: u64, source: &Source, shared: &Arc<Shared>) -> Entry {
    let state = if record.is_special || record.name.len() > shared.limits.name_bytes {
        State::Hidden
    } else if record.is_encrypted {
        State::Encrypted
    } else if record.is_dir {
        State::Ready
    } else {
        packed::state(&record, &shared.limits)
    };
    // What is encrypted cannot be read, whoever asks.
    let has_content = !record.is_dir && !record.is_encrypted && !record.is_special;
    let content = if has_content && record.length > 0 {
        Content::Zip(Arc::new(Packed::new(&record, end, source, shared)))
    } else {
        Content::Nothing
    };
    Entry {
        is_dir: record.is_dir,
        length: record.length,
        packed: Some(record.packed),
        method: packed::name(record.method),
        modified: record.modified,
        checksum: u64::from(record.crc),
        state,
        content: Arc::new(content),
        name: RawName {
            bytes: record.name,
            text: record.text,
            is_dos: record.is_dos,
        },
    }
}

fn refused(error: ZipError) -> Error {
    match error {
        ZipError::UnsupportedArchive(what) => unsupported(what),
        other => corrupt(&other.to_string()),
    }
}

fn corrupt(what: &str) -> Error {
    Error::Corrupt {
        what: format!("the ZIP: {what}"),
    }
}

fn unsupported(what: &str) -> Error {
    Error::Unsupported {
        what: format!("this ZIP: {what}"),
    }
}
