//! The index of a tar that was packed as a whole.
//!
//! Nothing says how long it is or where its entries are: it is decoded once to list it, and what
//! comes out is counted and let go. From then on it is like one long entry of which all others are
//! parts, decoded to disk when they are read.

use std::{io, ops::Range, sync::Arc};

use universal_p2p_core::{Error, Result};

use super::{all, corrupt, tape::Decoded};
use crate::{
    Source,
    content::Content,
    index::Index,
    limits::Limits,
    magic::Packing,
    spool::{self, Make, Recipe, Slice, Spools, What},
    sync_reader::SyncReader,
};

/// Reads a packed tar to its end. What its entries are read from is decoded into `spools`, and named
/// by the entity tag of all that the archive lies in.
///
/// # Errors
/// [`Error::Corrupt`] for what cannot be unpacked, is no tar, is cut off or is packed better than
/// anything honest; [`Error::Unsupported`] where more comes out than the limits let through; whatever
/// kept the source from being read.
pub(crate) fn index(
    reader: &mut SyncReader,
    source: &Source,
    packing: Packing,
    etag: &str,
    limits: &Limits,
    spools: &Arc<Spools>,
) -> Result<Index> {
    let most = spool::most_from(source.length());
    let walked = {
        let decoder = packing.decoder(&mut *reader, limits.memory);
        let mut tape = Decoded::new(decoder, most, limits);
        all(&mut tape, most, limits).and_then(|found| Ok((found, tape.finish()?)))
    };
    let (found, length) = walked.map_err(|error| reader.take_failure().unwrap_or(error))?;
    if found.iter().any(|found| found.body.end > length) {
        return Err(corrupt("it ends within an entry"));
    }
    let (from, memory) = (source.clone(), limits.memory);
    let make: Make = Box::new(move |context, into| {
        let mut decoder = packing.decoder(context.reader(&from), memory);
        io::copy(&mut decoder, into).map(|_| ())
    });
    let what = What {
        etag,
        part: "tar",
        length,
        packed: source.length(),
    };
    let recipe = Recipe::new(spools, &what, limits, make)?;
    let content = |body: Range<u64>| -> Result<Content, Error> {
        Slice::part(&recipe, body).map(Content::Spool)
    };
    let entries = found.into_iter().map(|found| {
        let mut entry = found.entry(&content)?;
        (entry.packed, entry.method) = (None, packing.method());
        Ok(entry)
    });
    Ok(Index {
        format: packing.format(),
        entries: entries.collect::<Result<_>>()?,
    })
}

impl Packing {
    fn format(self) -> &'static str {
        match self {
            Self::Gzip => "tar.gz",
            Self::Zstd => "tar.zst",
            Self::Xz => "tar.xz",
            Self::Bzip2 => "tar.bz2",
        }
    }

    fn method(self) -> &'static str {
        match self {
            Self::Gzip => "deflate",
            Self::Zstd => "zstd",
            Self::Xz => "lzma2",
            Self::Bzip2 => "bzip2",
        }
    }
}
