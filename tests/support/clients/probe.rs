//! Asking a peer what it has.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// How long it may take to say what it has.
const PATIENCE: Duration = Duration::from_secs(3);

/// The bitfield message (BEP 3).
const BITFIELD: u8 = 5;

/// Whether a peer is there and has all of a torrent; its infohash is in hexadecimal digits.
pub(super) fn has_all(peer: SocketAddr, id: &str) -> bool {
    bitfield(peer, id).is_ok_and(|field| {
        // the last byte may end before its last bit
        let (last, rest) = field.split_last().unwrap_or((&0, &[]));
        *last >= 0x80 && rest.iter().all(|byte| *byte == 0xff)
    })
}

/// Shakes hands and reads messages up to the bitfield.
fn bitfield(peer: SocketAddr, id: &str) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&peer, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut hello = Vec::from(b"\x13BitTorrent protocol\0\0\0\0\0\0\0\0");
    hello.extend(
        (0..id.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&id[at..at + 2], 16).expect("an infohash is hexadecimal")),
    );
    hello.extend(b"-XX0000-justasking00");
    stream.write_all(&hello)?;
    stream.read_exact(&mut [0; 68])?;
    loop {
        let mut length = [0; 4];
        stream.read_exact(&mut length)?;
        let mut message = vec![0; u32::from_be_bytes(length) as usize];
        stream.read_exact(&mut message)?;
        if let Some((&BITFIELD, field)) = message.split_first() {
            return Ok(field.to_vec());
        }
    }
}
