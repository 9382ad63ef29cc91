//! Headers as archives have them: for excerpts, and for archives that tests make.

/// A header of RAR 4 with its checksum.
pub(super) fn four(kind: u8, flags: u16, fields: &[u8]) -> Vec<u8> {
    let mut header = vec![kind];
    header.extend(flags.to_le_bytes());
    header.extend((fields.len() as u16 + 7).to_le_bytes());
    header.extend(fields);
    let checksum = (crc32fast::hash(&header) & 0xffff) as u16;
    [checksum.to_le_bytes().to_vec(), header].concat()
}

/// A header of RAR 5 with its checksum and size.
pub(super) fn five(fields: &[u8]) -> Vec<u8> {
    let covered = [number(fields.len() as u64), fields.to_vec()].concat();
    [crc32fast::hash(&covered).to_le_bytes().to_vec(), covered].concat()
}

/// A number of RAR 5: seven bits a byte, lowest first.
pub(super) fn number(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}
