//! The index of a tar that was packed as a whole.
//!
//! Nothing says how long it is or where its entries are: it is decoded to list it, and what comes out
//! is kept as far as there is plenty of room. From then on it is like one long entry of which all
//! others are parts, decoded to disk again where something of it is gone. Its headers are kept with
//! the index, so that it is not decoded again to be listed.

use std::{
    io::{self, Seek},
    ops::Range,
    sync::Arc,
};

use universal_p2p_core::{Error, Result};

use super::{
    Found, all, corrupt,
    tape::{Decoded, Known, broken},
};
use crate::{
    Source,
    content::Content,
    index::Index,
    limits::Limits,
    magic::Packing,
    memory::{Lack, Ration},
    skeleton::Skeleton,
    spool::{self, Early, Make, Recipe, Slice, Spools, What},
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
    let room = spool::most_from(source.length()).min(limits.decoded_entry);
    let mut what = What {
        etag,
        part: "tar",
        length: room,
        packed: source.length(),
        room: Some(room),
    };
    // Of the packed bytes no notes are taken: that would be all of them.
    let skeleton = reader.take_notes().map(|notes| notes.skeleton);
    let (found, length) = match skeleton.as_ref().and_then(|known| again(known, limits)) {
        Some(found) => found,
        None => {
            let skeleton = skeleton.as_deref();
            first(reader, packing, &what, limits, spools, skeleton)?
        }
    };
    if found.iter().any(|found| found.body.end > length) {
        return Err(corrupt("it ends within an entry"));
    }
    what.length = length;
    let from = source.clone();
    let make: Make = Box::new(move |context, into| {
        let mut decoder = packing.decoder(context.reader(&from), context.ration())?;
        io::copy(&mut decoder, into).map(|_| ())
    });
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

/// The entries and the length of a tar whose headers are known from before.
fn again(skeleton: &Skeleton, limits: &Limits) -> Option<(Vec<Found>, u64)> {
    let length = skeleton.unpacked_length()?;
    let mut tape = Known { skeleton, length };
    let found = all(&mut tape, length, limits).ok()?;
    Some((found, length))
}

/// The entries and the length of a tar that is decoded for that, and kept for its readers meanwhile.
fn first(
    reader: &mut SyncReader,
    packing: Packing,
    what: &What<'_>,
    limits: &Limits,
    spools: &Arc<Spools>,
    skeleton: Option<&Skeleton>,
) -> Result<(Vec<Found>, u64)> {
    let most = spool::most_from(what.packed);
    let cancel = reader.cancel().clone();
    let mut ration = Ration::new(spools.memory(), None, reader.patience(), cancel.clone());
    loop {
        let walked = ration.within(|| {
            let decoder = packing.decoder(&mut *reader, &ration);
            let decoder = decoder.map_err(|error| broken(&error, limits))?;
            let early = Early::new(spools, what, decoder, cancel.clone())?;
            let mut tape = Decoded::new(early, most, limits, skeleton);
            let found = all(&mut tape, most, limits)?;
            Ok((found, tape.finish()?))
        });
        let Err(error) = walked else { return walked };
        let failure = reader.take_failure().or_else(|| ration.take_failure());
        match failure {
            // What it reads from is packed too, and found no memory beside this one.
            Some(busy @ Error::Busy { .. }) => match ration.again(Lack::Turn) {
                Some(again) => ration = again,
                None if ration.is_hopeless() => return Err(limits.too_much_memory()),
                None => return Err(busy),
            },
            other => return Err(other.unwrap_or(error)),
        }
        reader.rewind().map_err(|error| broken(&error, limits))?;
    }
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
