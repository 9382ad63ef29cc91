//! Decoders of streams that were packed as a whole.

mod heads;
mod streams;

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use lzma_rust2::XzReader;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder, errors::FrameDecoderError};

use crate::{magic::Packing, memory::Ration};

/// Bytes that are read at a time.
const BUFFER: usize = 64 << 10;

/// Bytes of memory that bzip2 takes for the longest of its blocks.
const BZIP2: u64 = 4 << 20;

/// Bytes of memory for the tables of any other decoder.
const TABLES: u64 = 1 << 20;

impl Packing {
    /// Decodes a stream, and all that follow it in the same file. It has its memory before it allocates
    /// any. Blocks.
    ///
    /// # Errors
    /// As [`Ration::have`], also later where a further part needs more than the first.
    pub(crate) fn decoder<'a>(
        self,
        from: impl Read + 'a,
        ration: &'a Ration,
    ) -> io::Result<Box<dyn Read + 'a>> {
        let mut from = BufReader::with_capacity(BUFFER, from);
        Ok(match self {
            Self::Gzip => {
                ration.have(TABLES)?;
                Box::new(streams::Gzip::new(from))
            }
            Self::Bzip2 => {
                ration.have(BZIP2)?;
                Box::new(streams::Bzip2::new(from))
            }
            Self::Xz => {
                let head = heads::xz(&mut from)?;
                let may = ration.have(head.memory.saturating_add(TABLES))?;
                let most = u32::try_from(may >> 10).unwrap_or(u32::MAX - 1);
                let from = Cursor::new(head.bytes).chain(from);
                Box::new(XzReader::new_mem_limit(from, true, most))
            }
            Self::Zstd => Box::new(Frames {
                ration,
                now: Now::Between(from),
            }),
        })
    }
}

/// Why a frame is not decoded, in the way in which the other decoders say it.
fn refused(error: FrameDecoderError) -> io::Error {
    match error {
        FrameDecoderError::WindowSizeTooBig { .. } => io::ErrorKind::OutOfMemory.into(),
        other => io::Error::other(other),
    }
}

/// A frame of which the head was read already.
type Begun<R> = Chain<Cursor<Vec<u8>>, BufReader<R>>;

/// Frames of Zstandard, one after the other.
struct Frames<'a, R: Read> {
    ration: &'a Ration,
    now: Now<R>,
}

enum Now<R: Read> {
    Between(BufReader<R>),
    Within(Box<StreamingDecoder<Begun<R>, FrameDecoder>>),
    Broken,
}

impl<R: Read> Read for Frames<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            match std::mem::replace(&mut self.now, Now::Broken) {
                Now::Between(mut from) => {
                    if from.fill_buf()?.is_empty() {
                        self.now = Now::Between(from);
                        return Ok(0);
                    }
                    let Some(head) = heads::zstd(&mut from)? else {
                        self.now = Now::Between(from);
                        continue;
                    };
                    let may = self.ration.have(head.memory.saturating_add(TABLES))?;
                    let from = Cursor::new(head.bytes).chain(from);
                    let decoder = StreamingDecoder::new_with_max_window_size(from, may);
                    self.now = Now::Within(Box::new(decoder.map_err(refused)?));
                }
                Now::Within(mut decoder) => {
                    let read = decoder.read(into)?;
                    if read > 0 {
                        self.now = Now::Within(decoder);
                        return Ok(read);
                    }
                    self.now = Now::Between(decoder.into_inner().into_inner().1);
                }
                Now::Broken => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
    }
}
