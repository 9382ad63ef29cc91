//! Messages of BitTorrent (BEP 3, 6, 10), right and wrong ones.

use std::io::{self, ErrorKind, Read};

pub(super) const UNCHOKE: u8 = 1;
pub(super) const BITFIELD: u8 = 5;
pub(super) const REQUEST: u8 = 6;
pub(super) const PIECE: u8 = 7;
pub(super) const HAVE_ALL: u8 = 14;
pub(super) const REJECT: u8 = 16;
pub(super) const EXTENDED: u8 = 20;

/// A message with its length.
pub(super) fn framed(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 1).unwrap();
    [&length.to_be_bytes(), [kind].as_slice(), body].concat()
}

/// The bitfield of a seeder.
pub(super) fn bitfield(pieces: usize) -> Vec<u8> {
    let mut field = vec![0xff; pieces.div_ceil(8)];
    if let Some(last) = field.last_mut() {
        *last = 0xff_u8 << (pieces.next_multiple_of(8) - pieces);
    }
    framed(BITFIELD, &field)
}

/// A block.
pub(super) fn block(piece: u32, begin: u32, bytes: &[u8]) -> Vec<u8> {
    framed(
        PIECE,
        &[&piece.to_be_bytes(), &begin.to_be_bytes(), bytes].concat(),
    )
}

/// A piece, an offset in it and a length, as a request has them.
pub(super) fn request(body: &[u8]) -> Option<(u32, u32, u32)> {
    let number = |at: usize| Some(u32::from_be_bytes(body.get(at..at + 4)?.try_into().ok()?));
    Some((number(0)?, number(4)?, number(8)?))
}

/// The next message but those that only keep the connection alive, none at the end.
pub(super) fn read(from: &mut impl Read) -> io::Result<Option<(u8, Vec<u8>)>> {
    loop {
        let mut length = [0; 4];
        match from.read_exact(&mut length) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let mut message = vec![0; u32::from_be_bytes(length) as usize];
        from.read_exact(&mut message)?;
        if let Some((kind, body)) = message.split_first() {
            return Ok(Some((*kind, body.to_vec())));
        }
    }
}

/// An extended handshake without measure, and metadata without a question.
pub(super) fn many_extensions() -> Vec<u8> {
    let mut handshake = Vec::from(b"\0d1:md");
    for number in 0..20_000 {
        handshake.extend(format!("6:x{number:05}i{}e", number % 256).bytes());
    }
    handshake.extend(b"e13:metadata_sizei999999999999e4:reqqi-1ee");
    let mut all = framed(EXTENDED, &handshake);
    for id in 0..=u8::MAX {
        let body = b"d8:msg_typei1e5:piecei0e10:total_sizei4294967296ee";
        all.extend(framed(
            EXTENDED,
            &[&[id], body.as_slice(), &[0; 16_384]].concat(),
        ));
    }
    all
}

/// A wave of a flood: one of every message, and many that cost the most to keep.
pub(super) fn wave() -> Vec<u8> {
    let mut wave = Vec::new();
    for kind in 0..=u8::MAX {
        if kind != EXTENDED {
            wave.extend(framed(kind, &[]));
            wave.extend(framed(kind, &[0xff; 13]));
        }
    }
    for number in 0..2000_u32 {
        wave.extend(framed(4, &number.to_be_bytes()));
        let place = [number % 96, 0, 16_384].map(u32::to_be_bytes).concat();
        wave.extend(framed(REQUEST, &place));
        wave.extend(framed(13, &number.to_be_bytes())); // a suggestion
        wave.extend(framed(17, &number.to_be_bytes())); // a piece allowed while choked
    }
    for number in 0..8 {
        wave.extend(block(number, 0, &[0; 16_384]));
    }
    wave
}
