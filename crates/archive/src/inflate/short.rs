//! Streams that are too short for checkpoints: unpacked at once, by a decoder that is twice as quick and
//! whose state cannot be kept.

use bytes::{Bytes, BytesMut};
use flate2::{Decompress, FlushDecompress, Status};
use futures_util::StreamExt;
use universal_p2p_core::{ByteStream, Result};

use super::corrupt;

/// The most bytes on either side that are held in memory for it. Whoever reads such a stream gets its first
/// byte when all of it is there.
pub(super) const MOST: u64 = 512 << 10;

/// All bytes of a stream of input, not copied where they come in one part.
pub(super) async fn collect(mut input: ByteStream, length: usize) -> Result<Bytes> {
    let first = input.next().await.transpose()?.unwrap_or_default();
    if first.len() == length {
        return Ok(first);
    }
    let mut all = BytesMut::with_capacity(length);
    all.extend_from_slice(&first);
    while let Some(part) = input.next().await.transpose()? {
        all.extend_from_slice(&part);
    }
    Ok(all.freeze())
}

/// Unpacks a whole stream, and compares length and checksum.
///
/// # Errors
/// [`universal_p2p_core::Error::Corrupt`] where it is not DEFLATE, or either is another.
pub(super) fn unpack(input: &[u8], length: usize, crc: Option<u32>) -> Result<Bytes> {
    // Room for one byte more shows that the stream goes on.
    let mut output = Vec::with_capacity(length + 1);
    let status = Decompress::new(false).decompress_vec(input, &mut output, FlushDecompress::Finish);
    let status = status.map_err(|_| corrupt("the entry's compressed data"))?;
    if output.len() > length {
        return Err(corrupt("the entry goes on past its length"));
    }
    if status != Status::StreamEnd || output.len() < length {
        return Err(corrupt("the entry ends before its length"));
    }
    if crc.is_some_and(|crc| crc32fast::hash(&output) != crc) {
        return Err(corrupt("the entry's checksum is another"));
    }
    Ok(output.into())
}
