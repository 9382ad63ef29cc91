//! The header of a 7z, brought into memory and looked through before anything believes it.
//!
//! The library that reads headers takes as much memory as one asks for, so that what is packed or
//! counted in it is bounded here first.

use std::{
    io::{Cursor, Read, Seek, SeekFrom},
    ops::Range,
    sync::Arc,
};

use lzma_rust2::{Lzma2Reader, LzmaReader};
use sevenz_rust2::{Archive, EncoderMethod, Password};
use universal_p2p_core::{Error, Result};

use super::{
    corrupt, memory,
    streams::{Bytes, Folder, Streams},
    unsupported,
};
use crate::{
    limits::Limits,
    memory::{Memory, Ration},
    sync_reader::SyncReader,
};

/// Bytes before everything else in a 7z.
pub(super) const START: u64 = 32;

/// How often a header may be packed.
const DEEPEST: usize = 4;

/// What a header turns out to be.
pub(super) enum Header {
    Open(Box<Archive>),
    /// It cannot be read without a password.
    Encrypted,
}

/// Reads the header of a 7z of a length.
pub(super) fn read(
    reader: &mut SyncReader,
    length: u64,
    limits: &Limits,
    all_memory: &Arc<Memory>,
) -> Result<Header> {
    let mut header = first(reader, length, limits)?;
    for _ in 0..DEEPEST {
        match header.split_first() {
            None => return Ok(Header::Open(Box::default())),
            Some((0x01, content)) => {
                check_count(content, limits)?;
                return parse(&header).map(|archive| Header::Open(Box::new(archive)));
            }
            Some((0x17, content)) => match unpack(reader, content, length, limits, all_memory)? {
                Some(inner) => header = inner,
                None => return Ok(Header::Encrypted),
            },
            Some(_) => return Err(corrupt("its header is none")),
        }
    }
    Err(corrupt("its header is packed too often"))
}

/// The header as it lies in the file.
fn first(reader: &mut SyncReader, length: u64, limits: &Limits) -> Result<Vec<u8>> {
    if length < START {
        return Err(corrupt("it is cut off"));
    }
    let start = range(reader, 0..START)?;
    let (mark, fields) = (start.get(..8), start.get(12..32).unwrap_or_default());
    let number = |at: usize, bytes: usize| {
        let field = fields.get(at..at + bytes).unwrap_or_default();
        field
            .iter()
            .rev()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    };
    if mark.and_then(|mark| mark.get(..7)) != Some(b"7z\xBC\xAF\x27\x1C\0".as_slice()) {
        return Err(corrupt("it does not begin as one"));
    }
    let sum = start.get(8..12).and_then(|sum| sum.try_into().ok());
    if sum.map(u32::from_le_bytes) != Some(crc32fast::hash(fields)) {
        return Err(corrupt("its start is damaged"));
    }
    let (offset, size, sum) = (number(0, 8), number(8, 8), number(16, 4));
    let begin = START.checked_add(offset);
    let end = begin.and_then(|begin| begin.checked_add(size));
    let (Some(begin), Some(end)) = (begin, end.filter(|end| *end <= length)) else {
        return Err(corrupt("it is cut off before its header"));
    };
    if size > limits.header_bytes {
        return Err(limits.too_long_headers());
    }
    let header = range(reader, begin..end)?;
    if u64::from(crc32fast::hash(&header)) != sum {
        return Err(corrupt("its header is damaged"));
    }
    Ok(header)
}

/// Unpacks a header that is packed like an entry. `None` where that takes a password.
fn unpack(
    reader: &mut SyncReader,
    content: &[u8],
    length: u64,
    limits: &Limits,
    all_memory: &Arc<Memory>,
) -> Result<Option<Vec<u8>>> {
    let streams = Streams::read(&mut Bytes::new(content), limits)?;
    let packed = streams.packed.first().copied().unwrap_or_default();
    let Some(Folder {
        coders, unpacked, ..
    }) = streams.folders.first()
    else {
        return Err(corrupt("its header is packed in nothing"));
    };
    if coders
        .iter()
        .any(|coder| coder.id == EncoderMethod::ID_AES256_SHA256)
    {
        return Ok(None);
    }
    let [coder] = coders.as_slice() else {
        return Err(unsupported("the way its header is packed"));
    };
    let size = unpacked.first().copied().unwrap_or_default();
    let begin = START.checked_add(streams.position);
    let end = begin.and_then(|begin| begin.checked_add(packed));
    let (Some(begin), Some(end)) = (begin, end.filter(|end| *end <= length)) else {
        return Err(corrupt("its header points past its end"));
    };
    if size.max(packed) > limits.header_bytes {
        return Err(limits.too_long_headers());
    }
    if memory::of(coder.id, coder.properties) > limits.memory {
        return Err(limits.too_much_memory());
    }
    let packed = range(reader, begin..end)?;
    let (cancel, patience) = (reader.cancel().clone(), reader.patience());
    let ration = Ration::new(all_memory, None, patience, cancel);
    let had = ration.have(memory::of(coder.id, coder.properties).saturating_add(size));
    had.map_err(|_| {
        let failure = ration.take_failure();
        failure.unwrap_or_else(|| limits.too_much_memory())
    })?;
    let dictionary = memory::dictionary(coder.id, coder.properties);
    let mut header = Vec::new();
    let read = match coder.id {
        EncoderMethod::ID_COPY => packed.as_slice().take(size).read_to_end(&mut header),
        EncoderMethod::ID_LZMA => {
            let level = coder.properties.first().copied().unwrap_or_default();
            LzmaReader::new_with_props(packed.as_slice(), size, level, dictionary, None)
                .and_then(|reader| reader.take(size).read_to_end(&mut header))
        }
        EncoderMethod::ID_LZMA2 => {
            let unpacked = Lzma2Reader::new(packed.as_slice(), dictionary, None);
            unpacked.take(size).read_to_end(&mut header)
        }
        _ => return Err(unsupported("the way its header is packed")),
    };
    let is_whole = read.is_ok() && header.len() as u64 == size;
    is_whole
        .then_some(Some(header))
        .ok_or_else(|| corrupt("its header cannot be unpacked"))
}

/// Looks how many entries a header has before memory is taken for them.
fn check_count(content: &[u8], limits: &Limits) -> Result<()> {
    let mut bytes = Bytes::new(content);
    let mut id = bytes.byte()?;
    if id == 0x02 {
        return Err(unsupported("its properties"));
    }
    if id == 0x04 {
        Streams::read(&mut bytes, limits)?;
        id = bytes.byte()?;
    }
    match id {
        0x00 => Ok(()),
        0x05 if bytes.number()? > limits.entries as u64 => Err(limits.too_many_entries()),
        0x05 => Ok(()),
        // The library must not read what was not looked at.
        _ => Err(unsupported("what else is in its header")),
    }
}

/// Hands a header to the library, as an archive that has nothing else.
fn parse(header: &[u8]) -> Result<Archive> {
    let mut fields = [0; 20];
    fields[8..16].copy_from_slice(&(header.len() as u64).to_le_bytes());
    fields[16..].copy_from_slice(&crc32fast::hash(header).to_le_bytes());
    let mut whole = Vec::with_capacity(header.len() + 32);
    whole.extend_from_slice(b"7z\xBC\xAF\x27\x1C\0\x04");
    whole.extend_from_slice(&crc32fast::hash(&fields).to_le_bytes());
    whole.extend_from_slice(&fields);
    whole.extend_from_slice(header);
    let read = Archive::read(&mut Cursor::new(whole), &Password::empty());
    read.map_err(|error| corrupt(&format!("its header: {error}")))
}

/// Reads a range that was found to lie in the file and to be short enough.
fn range(reader: &mut SyncReader, range: Range<u64>) -> Result<Vec<u8>> {
    let length = usize::try_from(range.end - range.start);
    let mut bytes = vec![0; length.map_err(|_| corrupt("its header is too long"))?];
    let read = reader
        .seek(SeekFrom::Start(range.start))
        .and_then(|_| reader.read_exact(&mut bytes));
    read.map_err(|error| -> Error {
        let failure = reader.take_failure();
        failure.unwrap_or_else(|| corrupt(&format!("it cannot be read: {error}")))
    })?;
    Ok(bytes)
}
