//! How much memory the decoders of a 7z take.

use sevenz_rust2::{Block, EncoderMethod};

/// What a decoder of any kind takes besides its dictionary, in bytes: that of bzip2 has none and takes
/// the most.
const BESIDES: u64 = 5 << 20;

/// Bytes of memory that the decoders of a block take together.
pub(super) fn of_all(block: &Block) -> u64 {
    let coders = block.coders.iter();
    coders
        .map(|coder| of(coder.encoder_method_id(), coder.properties()))
        .fold(0, u64::saturating_add)
}

/// Bytes of memory that a coder takes.
pub(super) fn of(id: &[u8], properties: &[u8]) -> u64 {
    u64::from(dictionary(id, properties)).saturating_add(BESIDES)
}

/// Bytes of the dictionary, or of the model, that a coder asks for.
pub(super) fn dictionary(id: &[u8], properties: &[u8]) -> u32 {
    match id {
        EncoderMethod::ID_LZMA | EncoderMethod::ID_PPMD => {
            let field = properties.get(1..5).and_then(|field| field.try_into().ok());
            field.map_or(0, u32::from_le_bytes)
        }
        EncoderMethod::ID_LZMA2 => match properties.first().copied().map(u32::from) {
            Some(bits @ 0..40) => (2 | (bits & 1)) << (bits / 2 + 11),
            Some(_) => u32::MAX,
            None => 0,
        },
        _ => 0,
    }
}
