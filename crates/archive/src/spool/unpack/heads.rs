//! How much memory a packed stream takes, by what it begins with.

use std::io::{self, BufRead, Read};

/// What the numbers of frames begin with that are jumped over, but for their last four bits.
const SKIPPED: u32 = 0x0184_D2A5;

/// What a frame of Zstandard begins with.
const FRAME: [u8; 4] = 0xFD2F_B528_u32.to_le_bytes();

/// The most that a block of Zstandard gives, of which two may lie beside the window.
const BLOCK: u64 = 128 << 10;

/// The number of LZMA2 among the filters of xz.
const LZMA2: u64 = 0x21;

/// The start of a stream, which was read to look at it.
pub(super) struct Head {
    pub(super) bytes: Vec<u8>,
    /// Bytes of memory for what it refers back to. Nothing where it is no such stream at all: that is for
    /// the decoder to find out.
    pub(super) memory: u64,
}

impl Head {
    fn read(from: &mut impl Read, length: usize) -> io::Result<Self> {
        let mut bytes = Vec::with_capacity(length);
        from.take(length as u64).read_to_end(&mut bytes)?;
        Ok(Self { bytes, memory: 0 })
    }

    /// Reads so many bytes more, if there are as many.
    fn more(&mut self, from: &mut impl Read, length: usize) -> io::Result<()> {
        from.take(length as u64).read_to_end(&mut self.bytes)?;
        Ok(())
    }

    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or_default()
    }

    /// A number of so many bytes, the lowest first.
    fn number(&self, at: usize, bytes: usize) -> u64 {
        let bytes = (at..at + bytes).rev().map(|at| self.byte(at));
        bytes.fold(0, |number, byte| number << 8 | u64::from(byte))
    }
}

/// The head of a frame of Zstandard. None where it was one that means nothing here, such as stands in
/// front of those of several threads, and was jumped over.
pub(super) fn zstd(from: &mut impl BufRead) -> io::Result<Option<Head>> {
    let mut head = Head::read(from, 4)?;
    let magic = head.number(0, 4);
    if magic >> 4 == u64::from(SKIPPED) && head.bytes.len() == 4 {
        let mut length = [0; 4];
        from.read_exact(&mut length)?;
        let length = u64::from(u32::from_le_bytes(length));
        io::copy(&mut from.take(length), &mut io::sink())?;
        return Ok(None);
    }
    if head.bytes != FRAME {
        return Ok(Some(head));
    }
    head.more(from, 1)?;
    let how = head.byte(4);
    let is_single = how & 0x20 != 0;
    let dictionary = [0, 1, 2, 4][usize::from(how & 3)];
    let size = match how >> 6 {
        0 => usize::from(is_single),
        bits => 1 << bits,
    };
    let window = usize::from(!is_single);
    head.more(from, window + dictionary + size)?;
    let window = if is_single {
        // Of two bytes, it counts from 256 on.
        head.number(5 + dictionary, size) + if size == 2 { 256 } else { 0 }
    } else {
        let (exponent, mantissa) = (head.byte(5) >> 3, u64::from(head.byte(5) & 7));
        let base = 1_u64 << (10 + exponent);
        base + base / 8 * mantissa
    };
    // The library's buffer is a power of two, and two blocks.
    let buffer = window.checked_next_power_of_two().unwrap_or(u64::MAX);
    head.memory = buffer.saturating_add(2 * BLOCK);
    Ok(Some(head))
}

/// The head of a stream of xz and of its first block.
pub(super) fn xz(from: &mut impl BufRead) -> io::Result<Head> {
    let mut head = Head::read(from, 13)?;
    if !head.bytes.starts_with(b"\xFD7zXZ\0") {
        return Ok(head);
    }
    // Nothing: it has no blocks.
    let size = usize::from(head.byte(12));
    if size > 0 {
        head.more(from, size * 4 + 3)?;
        head.memory = dictionary(&head.bytes).unwrap_or_default();
    }
    Ok(head)
}

/// Bytes of the dictionary that a block of xz takes.
fn dictionary(head: &[u8]) -> Option<u64> {
    let mut rest = head.get(13..)?.iter().copied();
    let flags = rest.next()?;
    for _ in 0..(flags >> 6 & 1) + (flags >> 7) {
        number(&mut rest)?;
    }
    let mut most = 0;
    for _ in 0..=flags & 3 {
        let (id, length) = (number(&mut rest)?, number(&mut rest)?);
        for place in 0..length {
            let byte = rest.next()?;
            if id == LZMA2 && place == 0 {
                let bits = u64::from(byte);
                most = most.max((2 | bits & 1) << (bits / 2 + 11).min(32));
            }
        }
    }
    Some(most)
}

/// A number of up to nine bytes, each of seven bits of it.
fn number(bytes: &mut impl Iterator<Item = u8>) -> Option<u64> {
    let mut number = 0;
    for place in 0..9 {
        let byte = bytes.next()?;
        number |= u64::from(byte & 0x7F) << (7 * place);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    const MIB: u64 = 1 << 20;

    /// What is told of a stream, of which not a byte is lost.
    fn told(
        bytes: &[u8],
        head: impl FnOnce(&mut Cursor<&[u8]>) -> io::Result<Option<Head>>,
    ) -> Option<u64> {
        let mut from = Cursor::new(bytes);
        let head = head(&mut from).expect("memory is read")?;
        let mut whole = head.bytes;
        from.read_to_end(&mut whole).expect("memory is read");
        assert_eq!(whole, bytes);
        Some(head.memory)
    }

    #[test]
    fn a_frame_of_zstandard_tells_its_window() {
        let of = |rest: &[u8]| {
            let frame = [&FRAME[..], rest, &[9; 40]].concat();
            told(&frame, |from| zstd(from)).expect("no frame to jump over")
        };
        let most = |memory: u64| memory + 2 * BLOCK;
        // 2^(10 + 16), and the same with four eighths more, which a power of two holds.
        assert_eq!(of(&[0x00, 16 << 3]), most(64 * MIB));
        assert_eq!(of(&[0x83, 16 << 3 | 4]), most(128 * MIB));
        // One that is a single segment is as long as its window.
        assert_eq!(of(&[0xA0, 0, 0, 0, 2]), most(32 * MIB));
        assert_eq!(of(&[0x61, 7, 0, 1]), most(512));
        assert!(of(&[0xE0, 255, 255, 255, 255, 255, 255, 255, 255]) > 1 << 63);
        let noise = told(b"something else", |from| zstd(from));
        assert_eq!(noise, Some(0), "that is for the decoder to say");
        let skipped = [
            &(SKIPPED << 4 | 3).to_le_bytes()[..],
            &[2, 0, 0, 0, 1, 1, 7],
        ]
        .concat();
        let mut from = Cursor::new(skipped.as_slice());
        assert!(zstd(&mut from).expect("memory is read").is_none());
        assert_eq!(from.position(), 10);
    }

    #[test]
    fn a_stream_of_xz_tells_its_dictionary() {
        let of = |block: &[u8]| {
            let start = b"\xFD7zXZ\0\0\x04\xE6\xD6\xB4\x46";
            let stream = [&start[..], block, &[0; 40]].concat();
            told(&stream, |from| xz(from).map(Some)).expect("a head")
        };
        assert_eq!(of(&[2, 0, 0x21, 1, 28]), 64 * MIB);
        assert_eq!(of(&[2, 0, 0x21, 1, 29]), 96 * MIB);
        // With both lengths, one of which takes two bytes, and a filter before it.
        assert_eq!(of(&[4, 0xC1, 0x80, 1, 5, 4, 0, 0x21, 1, 26]), 32 * MIB);
        assert_eq!(of(&[2, 0, 0x21, 1, 255]), 3 << 32);
        assert_eq!(of(&[0]), 0, "no block");
        assert_eq!(told(b"noise", |from| xz(from).map(Some)), Some(0));
    }
}
