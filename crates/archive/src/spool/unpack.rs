//! Decoders of streams that were packed as a whole.

mod streams;

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use lzma_rust2::XzReader;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder, errors::FrameDecoderError};

use crate::magic::Packing;

/// What the numbers of frames begin with that are jumped over, but for their last four bits.
const SKIPPED: u32 = 0x0184_D2A5;

/// Bytes that are read at a time.
const BUFFER: usize = 64 << 10;

impl Packing {
    /// Decodes a stream, and all that follow it in the same file. One that takes more than this many
    /// bytes of memory fails with [`io::ErrorKind::OutOfMemory`].
    pub(crate) fn decoder<'a>(self, from: impl Read + 'a, memory: u64) -> Box<dyn Read + 'a> {
        let from = BufReader::with_capacity(BUFFER, from);
        match self {
            Self::Gzip => Box::new(streams::Gzip::new(from)),
            Self::Bzip2 => Box::new(streams::Bzip2::new(from)),
            Self::Xz => {
                let most = u32::try_from(memory >> 10).unwrap_or(u32::MAX - 1);
                Box::new(XzReader::new_mem_limit(from, true, most))
            }
            Self::Zstd => Box::new(Frames::Between(from)),
        }
    }
}

/// Why a frame is not decoded, in the way in which the other decoders say it.
fn refused(error: FrameDecoderError) -> io::Error {
    match error {
        FrameDecoderError::WindowSizeTooBig { .. } => io::ErrorKind::OutOfMemory.into(),
        other => io::Error::other(other),
    }
}

/// A frame of which the first four bytes were read already.
type Begun<R> = Chain<Cursor<[u8; 4]>, BufReader<R>>;

/// Frames of Zstandard, one after the other. The library takes none whose window is above 100 MB.
enum Frames<R: Read> {
    Between(BufReader<R>),
    Within(Box<StreamingDecoder<Begun<R>, FrameDecoder>>),
    Broken,
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            match std::mem::replace(self, Self::Broken) {
                Self::Between(mut from) => {
                    if from.fill_buf()?.is_empty() {
                        *self = Self::Between(from);
                        return Ok(0);
                    }
                    let mut magic = [0; 4];
                    from.read_exact(&mut magic)?;
                    // Frames that mean nothing here, in front of those of several threads.
                    if u32::from_le_bytes(magic) >> 4 == SKIPPED {
                        let mut length = [0; 4];
                        from.read_exact(&mut length)?;
                        let length = u64::from(u32::from_le_bytes(length));
                        io::copy(&mut from.by_ref().take(length), &mut io::sink())?;
                        *self = Self::Between(from);
                        continue;
                    }
                    let from = Cursor::new(magic).chain(from);
                    let decoder = StreamingDecoder::new(from).map_err(refused)?;
                    *self = Self::Within(Box::new(decoder));
                }
                Self::Within(mut decoder) => {
                    let read = decoder.read(into)?;
                    if read > 0 {
                        *self = Self::Within(decoder);
                        return Ok(read);
                    }
                    *self = Self::Between(decoder.into_inner().into_inner().1);
                }
                Self::Broken => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
    }
}
