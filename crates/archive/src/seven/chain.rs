//! Blocks that the library of 7z lacks a decoder for, or has one that cannot be trusted with damage:
//! those packed with Zstandard, Deflate64 or bzip2, behind any filters of one input.

use std::io::{self, Read, Write};

use crc32fast::Hasher;
use deflate64::Deflate64Decoder;
use lzma_rust2::filter::{bcj::BcjReader, delta::DeltaReader};
use sevenz_rust2::{Archive, Block, Coder, EncoderMethod};

use crate::{magic::Packing, memory::Ration};

/// Bytes that are copied at a time.
const BUFFER: usize = 64 << 10;

/// Bytes of memory that a decoder of Deflate64 takes.
const DEFLATE64: u64 = 1 << 20;

/// A decoder of bytes that come from another.
type Decoder<'a> = Box<dyn Read + 'a>;

/// Whether a block is decoded here: filters, and one of the decoders that are needed for it. Nobody packs
/// twice, and each would take memory.
pub(super) fn is_needed(block: &Block) -> bool {
    let is_needed = |coder: &Coder| {
        matches!(
            coder.encoder_method_id(),
            EncoderMethod::ID_ZSTD | EncoderMethod::ID_DEFLATE64 | EncoderMethod::ID_BZIP2
        )
    };
    let is_known = |coder: &Coder| is_needed(coder) || is_filter(coder.encoder_method_id());
    let needed = block.coders.iter().filter(|coder| is_needed(coder));
    needed.count() == 1 && block.coders.iter().all(is_known)
}

fn is_filter(id: &[u8]) -> bool {
    matches!(
        id,
        EncoderMethod::ID_COPY
            | EncoderMethod::ID_DELTA
            | EncoderMethod::ID_BCJ_X86
            | EncoderMethod::ID_BCJ_ARM
            | EncoderMethod::ID_BCJ_ARM64
            | EncoderMethod::ID_BCJ_ARM_THUMB
            | EncoderMethod::ID_BCJ_PPC
            | EncoderMethod::ID_BCJ_IA64
            | EncoderMethod::ID_BCJ_SPARC
            | EncoderMethod::ID_BCJ_RISCV
    )
}

/// Decodes all entries of a block, whose packed bytes these are, and checks each.
pub(super) fn decode<'a>(
    archive: &Archive,
    number: usize,
    packed: impl Read + 'a,
    ration: &'a Ration,
    into: &mut dyn Write,
) -> io::Result<()> {
    let mut decoder: Decoder<'a> = Box::new(packed);
    let (mut steps, block) = (0, archive.blocks.get(number));
    for (_, coder) in block.into_iter().flat_map(Block::ordered_coder_iter) {
        decoder = step(decoder, coder, ration)?;
        steps += 1;
    }
    if block.is_none_or(|block| block.coders.len() != steps) {
        return Err(io::Error::other("its decoders are not in a line"));
    }
    let places = archive.stream_map.file_block_index.iter();
    for (file, place) in archive.files.iter().zip(places) {
        if *place == Some(number) && file.has_stream {
            let crc = file.has_crc.then_some(file.crc);
            copy(&mut decoder, file.size, crc, into)?;
        }
    }
    Ok(())
}

/// A decoder of what another one gives out.
fn step<'a>(from: Decoder<'a>, coder: &Coder, ration: &'a Ration) -> io::Result<Decoder<'a>> {
    Ok(match coder.encoder_method_id() {
        EncoderMethod::ID_ZSTD => Packing::Zstd.decoder(from, ration)?,
        EncoderMethod::ID_BZIP2 => Packing::Bzip2.decoder(from, ration)?,
        EncoderMethod::ID_DEFLATE64 => {
            ration.have(DEFLATE64)?;
            Box::new(Deflate64Decoder::new(from))
        }
        EncoderMethod::ID_COPY => from,
        EncoderMethod::ID_DELTA => {
            let distance = coder
                .properties()
                .first()
                .map_or(1, |less| 1 + usize::from(*less));
            Box::new(DeltaReader::new(from, distance))
        }
        EncoderMethod::ID_BCJ_X86 => Box::new(BcjReader::new_x86(from, 0)),
        EncoderMethod::ID_BCJ_ARM => Box::new(BcjReader::new_arm(from, 0)),
        EncoderMethod::ID_BCJ_ARM64 => Box::new(BcjReader::new_arm64(from, 0)),
        EncoderMethod::ID_BCJ_ARM_THUMB => Box::new(BcjReader::new_arm_thumb(from, 0)),
        EncoderMethod::ID_BCJ_PPC => Box::new(BcjReader::new_ppc(from, 0)),
        EncoderMethod::ID_BCJ_IA64 => Box::new(BcjReader::new_ia64(from, 0)),
        EncoderMethod::ID_BCJ_SPARC => Box::new(BcjReader::new_sparc(from, 0)),
        EncoderMethod::ID_BCJ_RISCV => Box::new(BcjReader::new_riscv(from, 0)),
        _ => return Err(io::ErrorKind::Unsupported.into()),
    })
}

/// Copies an entry, whose CRC-32 has to be this one where it is known.
fn copy(
    from: &mut dyn Read,
    length: u64,
    crc: Option<u64>,
    into: &mut dyn Write,
) -> io::Result<()> {
    let (mut left, mut hasher) = (length, Hasher::new());
    let (mut from, mut buffer) = (from.take(length), vec![0; BUFFER]);
    while left > 0 {
        let count = from.read(&mut buffer)?;
        let bytes = buffer.get(..count).unwrap_or_default();
        if bytes.is_empty() {
            return Err(io::Error::other("what it is packed in ends too soon"));
        }
        hasher.update(bytes);
        into.write_all(bytes)?;
        left -= count as u64;
    }
    if crc.is_some_and(|crc| crc != u64::from(hasher.finalize())) {
        return Err(io::Error::other("its checksum is wrong"));
    }
    Ok(())
}
