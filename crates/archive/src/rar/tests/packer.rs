//! Packing for RAR 5 as simply as can be: every byte for itself, in blocks with tables of their own.

/// The most bytes of one block.
const BLOCK: usize = 60_000;

/// The bit lengths of what a block may hold, as one says them: eight for each of the first 254 bytes, nine
/// for the last two, for a filter and for one more; nothing for all others. Whole bytes, as it happens.
fn tables() -> Vec<u8> {
    let mut bits = Vec::new();
    let mut put = |value: u32, width: u32| {
        bits.extend((0..width).rev().map(|bit| (value >> bit & 1) as u8));
    };
    for symbol in 0..20 {
        put(
            [(8, 1), (9, 2), (19, 2)]
                .iter()
                .find(|known| known.0 == symbol)
                .map_or(0, |known| known.1),
            4,
        );
    }
    // Of these symbols the codes are 0, 10 and 11.
    (0..254).for_each(|_| put(0, 1));
    (0..4).for_each(|_| put(0b10, 2));
    for zeros in [138, 34] {
        put(0b11, 2);
        put(zeros - 11, 7);
    }
    assert_eq!(bits.len() % 8, 0);
    let bytes = bits.chunks(8);
    bytes
        .map(|byte| byte.iter().fold(0, |byte, bit| byte << 1 | bit))
        .collect()
}

/// A filter of a kind that there is not, over no bytes at all: the code of its symbol is the third of nine
/// bits, and all else is nought but the kind. UnRAR sees nothing in it.
const ODD: u32 = 0b1_1111_1110 << 23 | 5;

/// Packs text, with a filter that only UnRAR can bear in front of one of the blocks.
pub(super) fn pack(text: &[u8], odd: Option<usize>) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut blocks = text.chunks(BLOCK).enumerate().peekable();
    while let Some((number, block)) = blocks.next() {
        let mut data = tables();
        if odd == Some(number) {
            data.extend(ODD.to_be_bytes());
        }
        assert!(block.iter().all(|byte| *byte < 254));
        data.extend(block);
        let last = u8::from(blocks.peek().is_none());
        let flags = 0x80 | last << 6 | 1 << 3 | 7;
        let [low, high] = (data.len() as u16).to_le_bytes();
        packed.extend([flags, 0x5a ^ flags ^ low ^ high, low, high]);
        packed.extend(data);
    }
    packed
}
