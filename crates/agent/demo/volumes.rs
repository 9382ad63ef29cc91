//! A file stored in the volumes of a RAR 5 archive: nothing is packed, so that any part of it can be read at once.
//!
//! Written by the technical note on the format ("RAR 5.0 archive format", rarlab.com).

/// What every volume begins with.
const MAGIC: &[u8] = b"Rar!\x1a\x07\x01\x00";

/// The types of blocks.
mod kind {
    pub(super) const MAIN: u64 = 1;
    pub(super) const FILE: u64 = 2;
    pub(super) const END: u64 = 5;
}

/// Flags of any block: bytes follow it, and they go on from the volume before or in the next one.
const HAS_DATA: u64 = 0x02;
const FROM_BEFORE: u64 = 0x08;
const GOES_ON: u64 = 0x10;

/// Flags of the main block: it is a volume, and says which one (the first does not).
const IS_VOLUME: u64 = 0x01;
const HAS_NUMBER: u64 = 0x02;

/// Flag of a file's block: it has a checksum.
const HAS_CHECKSUM: u64 = 0x04;

/// A plain file that everybody may read, as Unix says it.
const MODE: u64 = 0o100_644;
const UNIX: u64 = 1;

/// Stored, not compressed; unpacked by version 0 of the method.
const STORED: u64 = 0;

/// The volumes of an archive with one file, `part` bytes of which are in each but the last.
pub(super) fn volumes(name: &str, content: &[u8], part: usize) -> Vec<Vec<u8>> {
    let parts: Vec<_> = content.chunks(part.max(1)).collect();
    let last = parts.len().saturating_sub(1);
    let volume = |(number, part): (usize, &&[u8])| {
        // Before the last volume the checksum is that of the part alone.
        let checksum = match number == last {
            true => crc32fast::hash(content),
            false => crc32fast::hash(part),
        };
        let mut flags = HAS_DATA;
        flags |= if number > 0 { FROM_BEFORE } else { 0 };
        flags |= if number < last { GOES_ON } else { 0 };
        let file = File {
            name,
            flags,
            length: content.len(),
            part: part.len(),
            checksum,
        };
        let goes_on = u64::from(number < last);
        [
            MAGIC,
            &main(number),
            &file.header(),
            part,
            &header(&[kind::END, 0, goes_on], &[]),
        ]
        .concat()
    };
    parts.iter().enumerate().map(volume).collect()
}

/// The block that says which volume it is.
fn main(number: usize) -> Vec<u8> {
    match number {
        0 => header(&[kind::MAIN, 0, IS_VOLUME], &[]),
        _ => header(&[kind::MAIN, 0, IS_VOLUME | HAS_NUMBER, number as u64], &[]),
    }
}

/// A file, as one volume tells of it.
struct File<'a> {
    name: &'a str,
    flags: u64,
    /// The bytes of the whole file, and those that this volume has.
    length: usize,
    part: usize,
    checksum: u32,
}

impl File<'_> {
    fn header(&self) -> Vec<u8> {
        let numbers = [
            kind::FILE,
            self.flags,
            self.part as u64,
            HAS_CHECKSUM,
            self.length as u64,
            MODE,
        ];
        let mut rest = self.checksum.to_le_bytes().to_vec();
        for number in [STORED, UNIX, self.name.len() as u64] {
            rest.extend(digits(number));
        }
        rest.extend(self.name.as_bytes());
        header(&numbers, &rest)
    }
}

/// A block's header: checksum, size, numbers, and what else there is.
fn header(numbers: &[u64], rest: &[u8]) -> Vec<u8> {
    let mut fields: Vec<_> = numbers.iter().copied().flat_map(digits).collect();
    fields.extend(rest);
    let mut covered = digits(fields.len() as u64);
    covered.extend(fields);
    let checksum = crc32fast::hash(&covered).to_le_bytes();
    [&checksum[..], &covered].concat()
}

/// A number, seven bits a byte, lowest first; the highest bit says that there is more.
fn digits(mut number: u64) -> Vec<u8> {
    let mut digits = Vec::new();
    while number > 0x7f {
        digits.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    digits.push(number as u8);
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_seven_bits_a_byte() {
        assert_eq!(digits(0), [0]);
        assert_eq!(digits(0x7f), [0x7f]);
        assert_eq!(digits(0x80), [0x80, 0x01]);
        assert_eq!(digits(300), [0xac, 0x02]);
    }

    #[test]
    fn every_byte_is_in_one_volume() {
        let content: Vec<u8> = (0..=255).cycle().take(1000).collect();
        let made = volumes("a", &content, 400);
        assert_eq!(made.len(), 3);
        let end = header(&[kind::END, 0, 1], &[]).len();
        let kept: Vec<_> = made
            .iter()
            .zip([400, 400, 200])
            .map(|(volume, part)| {
                let end = volume.len() - end;
                &volume[end - part..end]
            })
            .collect();
        assert!(kept.concat() == content);
        assert!(made.iter().all(|volume| volume.starts_with(MAGIC)));
    }
}
