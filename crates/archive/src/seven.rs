//! The index of a 7z: a header at the end, and blocks in which one entry or many are packed.
//!
//! A block that is only stored is a range of the file. Any other is decoded as a whole, from its
//! start, into one spool; its entries are parts of that.

mod chain;
mod header;
mod memory;
mod streams;

use std::{
    io::{self, Read, Seek, SeekFrom},
    sync::Arc,
    time::{Duration, SystemTime},
};

use sevenz_rust2::{Archive, ArchiveEntry, Block, BlockDecoder, EncoderMethod, Password};
use universal_p2p_core::{Error, Result};

use crate::{
    Source,
    content::{Content, Segment},
    index::{Entry, Index, State},
    limits::Limits,
    names::RawName,
    spool::{self, Make, Recipe, Slice, Spools, What},
    sync_reader::SyncReader,
};
use header::{Header, START};

/// Seconds from 1601, when the times of a 7z begin, to 1970.
const EPOCH: u64 = 11_644_473_600;

/// Reads the header of a 7z. What has to be decoded is decoded into `spools`, when it is read, and
/// named by the entity tag of all that the archive lies in.
///
/// # Errors
/// [`Error::Corrupt`] for a header that is damaged, lies or asks for more than the limits let
/// through; [`Error::Unsupported`] for one that is packed in an unusual way; whatever kept the
/// source from being read.
pub(crate) fn index(
    reader: &mut SyncReader,
    source: &Source,
    etag: &str,
    limits: &Limits,
    spools: &Arc<Spools>,
) -> Result<Index> {
    let archive = match header::read(reader, source.length(), limits, spools.memory())? {
        Header::Open(archive) => Arc::new(*archive),
        Header::Encrypted => return Ok(encrypted(source)),
    };
    let blocks: Result<Vec<_>> = (0..archive.blocks.len())
        .map(|number| Packed::new(&archive, number, source, etag, limits, spools))
        .collect();
    let blocks = blocks?;
    // Where in its block the next entry begins.
    let mut begins = vec![0_u64; blocks.len()];
    let mut entries = Vec::new();
    for (number, file) in archive.files.iter().enumerate() {
        let block = archive.stream_map.file_block_index.get(number).copied();
        let block = block.flatten().filter(|_| file.has_stream);
        let place = block.and_then(|block| Some((blocks.get(block)?, begins.get_mut(block)?)));
        entries.push(entry(file, place)?);
    }
    Ok(Index {
        format: "7z",
        entries,
    })
}

/// How the entries of a block are read.
enum How {
    Stored(Segment),
    Decoded(Arc<Recipe>),
    Not(State),
}

/// One block of an archive.
struct Packed {
    how: How,
    method: &'static str,
    /// Bytes that it takes in the file.
    packed: u64,
    /// Bytes that come out of it.
    length: u64,
}

impl Packed {
    fn new(
        archive: &Arc<Archive>,
        number: usize,
        source: &Source,
        etag: &str,
        limits: &Limits,
        spools: &Arc<Spools>,
    ) -> Result<Self> {
        let outside = || corrupt("a block of it lies outside of it");
        let block = archive.blocks.get(number).ok_or_else(outside)?;
        let streams = &archive.stream_map;
        let first = streams.block_first_pack_stream_index().get(number);
        let first = *first.ok_or_else(outside)?;
        let next = streams.block_first_pack_stream_index().get(number + 1);
        let last = next.copied().unwrap_or(archive.pack_sizes().len());
        let sizes = archive.pack_sizes().get(first..last.max(first));
        let sizes = sizes.ok_or_else(outside)?;
        let packed = sizes.iter().copied().fold(0, u64::saturating_add);
        let offset = streams.pack_stream_offsets().get(first).copied();
        let begin = offset
            .and_then(|offset| START.checked_add(archive.pack_pos())?.checked_add(offset))
            .ok_or_else(outside)?;
        let end = begin
            .checked_add(packed)
            .filter(|end| *end <= source.length());
        let range = begin..end.ok_or_else(outside)?;
        let length = block.get_unpack_size();
        let how = match state(block, limits) {
            State::Ready if is_stored(block) => {
                if length != packed {
                    return Err(corrupt("what is only stored changes its length"));
                }
                let source = source.clone();
                How::Stored(Segment { source, range })
            }
            State::Ready => match spool::state(length, packed, limits) {
                State::Ready => {
                    let source = source.clone();
                    let data = Segment { source, range };
                    How::Decoded(recipe(archive, number, data, etag, limits, spools)?)
                }
                other => How::Not(other),
            },
            other => How::Not(other),
        };
        Ok(Self {
            how,
            method: method(block),
            packed,
            length,
        })
    }
}

/// How a block is decoded, whose packed bytes these are.
fn recipe(
    archive: &Arc<Archive>,
    number: usize,
    data: Segment,
    etag: &str,
    limits: &Limits,
    spools: &Arc<Spools>,
) -> Result<Arc<Recipe>> {
    let block = archive.blocks.get(number);
    let is_chain = block.is_some_and(chain::is_needed);
    let (archive, memory) = (Arc::clone(archive), block.map_or(0, memory::of_all));
    let part = format!("7z block {number}");
    let what = What {
        etag,
        part: &part,
        length: block.map_or(0, Block::get_unpack_size),
        packed: data.length(),
        room: None,
    };
    let make: Make = Box::new(move |context, into| {
        let mut reader = context.reader(&data.source);
        if is_chain {
            reader.seek(SeekFrom::Start(data.range.start))?;
            let packed = reader.take(data.length());
            return chain::decode(&archive, number, packed, context.ration(), into);
        }
        context.ration().have(memory)?;
        let password = Password::empty();
        let decoder = BlockDecoder::new(1, number, &archive, &password, &mut reader);
        let decoded = decoder.for_each_entries(&mut |_, bytes| {
            io::copy(bytes, into)?;
            Ok(true)
        });
        decoded.map(|_| ()).map_err(io::Error::other)
    });
    Recipe::new(spools, &what, limits, make)
}

/// Whether a block can be read.
fn state(block: &Block, limits: &Limits) -> State {
    let ids = || {
        block
            .coders
            .iter()
            .map(sevenz_rust2::Coder::encoder_method_id)
    };
    let is_known = |id: &[u8]| {
        let known = [
            EncoderMethod::ID_COPY,
            EncoderMethod::ID_LZMA,
            EncoderMethod::ID_LZMA2,
            EncoderMethod::ID_PPMD,
            EncoderMethod::ID_DEFLATE,
            EncoderMethod::ID_BZIP2,
            EncoderMethod::ID_DELTA,
            EncoderMethod::ID_BCJ2,
            EncoderMethod::ID_BCJ_X86,
            EncoderMethod::ID_BCJ_ARM,
            EncoderMethod::ID_BCJ_ARM64,
            EncoderMethod::ID_BCJ_ARM_THUMB,
            EncoderMethod::ID_BCJ_PPC,
            EncoderMethod::ID_BCJ_IA64,
            EncoderMethod::ID_BCJ_SPARC,
            EncoderMethod::ID_BCJ_RISCV,
        ];
        known.contains(&id)
    };
    if ids().any(|id| id == EncoderMethod::ID_AES256_SHA256) {
        State::Encrypted
    } else if !ids().all(is_known) && !chain::is_needed(block) {
        State::Unsupported
    } else if memory::of_all(block) > limits.memory {
        State::TooMuchMemory
    } else {
        State::Ready
    }
}

fn is_stored(block: &Block) -> bool {
    matches!(block.coders.as_slice(), [only] if only.encoder_method_id() == EncoderMethod::ID_COPY)
}

/// What people call the way a block is packed: its filters do not count.
fn method(block: &Block) -> &'static str {
    let names = block
        .coders
        .iter()
        .map(|coder| match coder.encoder_method_id() {
            EncoderMethod::ID_AES256_SHA256 => (3, "encrypted"),
            EncoderMethod::ID_LZMA => (2, "lzma"),
            EncoderMethod::ID_LZMA2 => (2, "lzma2"),
            EncoderMethod::ID_PPMD => (2, "ppmd"),
            EncoderMethod::ID_BZIP2 => (2, "bzip2"),
            EncoderMethod::ID_DEFLATE => (2, "deflate"),
            EncoderMethod::ID_DEFLATE64 => (2, "deflate64"),
            EncoderMethod::ID_ZSTD => (2, "zstd"),
            EncoderMethod::ID_COPY => (0, "stored"),
            _ => (1, "other"),
        });
    names.max().map_or("stored", |(_, name)| name)
}

fn entry(file: &ArchiveEntry, place: Option<(&Packed, &mut u64)>) -> Result<Entry> {
    let (mut content, mut state) = (Content::Nothing, State::Ready);
    let (mut packed, mut method) = (Some(0), "stored");
    if let Some((block, begins)) = place {
        let begin = *begins;
        let end = begin
            .checked_add(file.size)
            .filter(|end| *end <= block.length);
        let end = end.ok_or_else(|| corrupt("an entry is longer than what it is packed in"))?;
        *begins = end;
        method = block.method;
        // What many are packed in together is nobody's own.
        packed = (file.size == block.length).then_some(block.packed);
        match &block.how {
            How::Not(why) => state = *why,
            _ if begin == end => {}
            How::Stored(segment) => {
                packed = Some(file.size);
                let at = |within: u64| segment.range.start + within;
                content = Content::Map(vec![Segment {
                    source: segment.source.clone(),
                    range: at(begin)..at(end),
                }]);
            }
            How::Decoded(recipe) => content = Content::Spool(Slice::part(recipe, begin..end)?),
        }
    }
    // Links are marked in the Unix half of the attributes.
    let is_unix = file.has_windows_attributes && file.windows_attributes & 0x8000 != 0;
    let kind = (file.windows_attributes >> 16) & 0o170_000;
    let is_special = is_unix && !matches!(kind, 0 | 0o100_000 | 0o040_000);
    let is_reparse = file.has_windows_attributes && file.windows_attributes & 0x400 != 0;
    if is_special || is_reparse || file.is_anti_item {
        (state, content) = (State::Hidden, Content::Nothing);
    }
    Ok(Entry {
        name: RawName {
            bytes: file.name.as_bytes().into(),
            text: Some(file.name.as_str().into()),
            is_dos: false,
        },
        is_dir: file.is_directory,
        length: file.size,
        packed,
        method,
        modified: file
            .has_last_modified_date
            .then(|| modified(file))
            .flatten(),
        checksum: if file.has_crc { file.crc } else { 0 },
        state,
        content: Arc::new(content),
    })
}

fn modified(file: &ArchiveEntry) -> Option<SystemTime> {
    let ticks = u64::from(file.last_modified_date);
    let seconds = (ticks / 10_000_000).checked_sub(EPOCH)?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// Stands for everything in an archive whose header is encrypted.
fn encrypted(source: &Source) -> Index {
    let entry = Entry {
        name: RawName {
            bytes: b"encrypted".as_slice().into(),
            text: Some("encrypted".into()),
            is_dos: false,
        },
        is_dir: false,
        length: source.length(),
        packed: Some(source.length()),
        method: "encrypted",
        modified: None,
        checksum: 0,
        state: State::Encrypted,
        content: Arc::new(Content::Nothing),
    };
    Index {
        format: "7z",
        entries: vec![entry],
    }
}

fn corrupt(why: &str) -> Error {
    Error::Corrupt {
        what: format!("the 7z: {why}"),
    }
}

fn unsupported(what: &str) -> Error {
    Error::Unsupported {
        what: format!("{what} of this 7z"),
    }
}

#[cfg(test)]
mod tests;
