//! Messages between peers: the peer wire protocol (BEP 3), the fast extension (BEP 6) and the
//! extension protocol (BEP 10).
//!
//! Parsing borrows from what was received and takes no memory of its own, so nothing a peer says
//! about lengths is believed before the bytes are there.

mod bencode;
pub(crate) mod extended;
mod frames;
mod handshake;
#[cfg(test)]
mod tests;

pub(crate) use frames::{Frames, ReadError};
pub(crate) use handshake::{Handshake, PROTOCOL};

use crate::BLOCK;

/// Bytes of the longest extended message taken: many times what any client sends.
const EXTENDED: u32 = 256 << 10;

/// The longest message that a peer of a torrent may send, in bytes without its length prefix.
///
/// While the number of pieces is not known yet, 0 allows for bitfields of two million pieces.
pub(crate) fn longest_message(pieces: u32) -> u32 {
    (1 + pieces.div_ceil(8)).max(BLOCK + 9).max(EXTENDED)
}

/// Bytes of a piece: what a request, its cancelling and its rejection name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Request {
    /// The piece.
    pub(crate) piece: u32,
    /// Offset within the piece, in bytes.
    pub(crate) begin: u32,
    /// How many bytes. Clients drop peers that ask for more than 16 KiB.
    pub(crate) length: u32,
}

/// One message. Its numbers are as the peer gave them: nothing says yet that such a piece exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Message<'a> {
    /// Nothing; sent every two minutes so that the connection is not closed.
    KeepAlive,
    /// The sender answers no more requests.
    Choke,
    /// The sender answers requests.
    Unchoke,
    /// The sender would ask for something.
    Interested,
    /// The sender would ask for nothing.
    NotInterested,
    /// The sender now has this piece.
    Have(u32),
    /// What the sender has, most significant bit first.
    Bitfield(&'a [u8]),
    /// Asks for a block.
    Request(Request),
    /// A block.
    Piece {
        /// The piece it belongs to.
        piece: u32,
        /// Offset within the piece, in bytes.
        begin: u32,
        /// Its bytes.
        data: &'a [u8],
    },
    /// A request is no longer wanted.
    Cancel(Request),
    /// The UDP port of the sender's DHT node (BEP 5).
    Port(u16),
    /// A piece the sender would like to serve (BEP 6).
    Suggest(u32),
    /// The sender has every piece (BEP 6).
    HaveAll,
    /// The sender has no piece (BEP 6).
    HaveNone,
    /// A request will not be answered (BEP 6).
    Reject(Request),
    /// A piece that may be asked for while choked (BEP 6).
    AllowedFast(u32),
    /// A message of an extension (BEP 10).
    Extended {
        /// Which one, as its receiver numbered them; 0 is the handshake of the extensions.
        id: u8,
        /// What it says; see [`extended`].
        payload: &'a [u8],
    },
    /// A message of a kind not known here, which is to be ignored.
    Unknown(u8),
}

/// A message whose length or content contradicts its kind. Its sender is to be dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a malformed message of kind {0}")]
pub(crate) struct Malformed(pub(crate) u8);

impl<'a> Message<'a> {
    /// Parses a message without its length prefix.
    ///
    /// # Errors
    /// Where its length is not that of its kind.
    pub(crate) fn parse(frame: &'a [u8]) -> Result<Self, Malformed> {
        let Some((&kind, body)) = frame.split_first() else {
            return Ok(Self::KeepAlive);
        };
        let message = match kind {
            0 => empty(body, Self::Choke),
            1 => empty(body, Self::Unchoke),
            2 => empty(body, Self::Interested),
            3 => empty(body, Self::NotInterested),
            4 => one(body).map(Self::Have),
            5 => Some(Self::Bitfield(body)),
            6 => request(body).map(Self::Request),
            7 => piece(body),
            8 => request(body).map(Self::Cancel),
            9 => body.try_into().ok().map(u16::from_be_bytes).map(Self::Port),
            0x0d => one(body).map(Self::Suggest),
            0x0e => empty(body, Self::HaveAll),
            0x0f => empty(body, Self::HaveNone),
            0x10 => request(body).map(Self::Reject),
            0x11 => one(body).map(Self::AllowedFast),
            20 => extension(body),
            other => Some(Self::Unknown(other)),
        };
        message.ok_or(Malformed(kind))
    }

    /// Appends the message with its length prefix.
    pub(crate) fn write(&self, into: &mut Vec<u8>) {
        match *self {
            Self::KeepAlive => into.extend([0; 4]),
            Self::Choke => put(into, 0, &[], &[]),
            Self::Unchoke => put(into, 1, &[], &[]),
            Self::Interested => put(into, 2, &[], &[]),
            Self::NotInterested => put(into, 3, &[], &[]),
            Self::Have(piece) => put(into, 4, &[piece], &[]),
            Self::Bitfield(bits) => put(into, 5, &[], bits),
            Self::Request(request) => put(into, 6, &request.numbers(), &[]),
            Self::Piece { piece, begin, data } => put(into, 7, &[piece, begin], data),
            Self::Cancel(request) => put(into, 8, &request.numbers(), &[]),
            Self::Port(port) => put(into, 9, &[], &port.to_be_bytes()),
            Self::Suggest(piece) => put(into, 0x0d, &[piece], &[]),
            Self::HaveAll => put(into, 0x0e, &[], &[]),
            Self::HaveNone => put(into, 0x0f, &[], &[]),
            Self::Reject(request) => put(into, 0x10, &request.numbers(), &[]),
            Self::AllowedFast(piece) => put(into, 0x11, &[piece], &[]),
            Self::Extended { id, payload } => {
                prefix(into, 2 + payload.len());
                into.extend([20, id]);
                into.extend(payload);
            }
            Self::Unknown(kind) => put(into, kind, &[], &[]),
        }
    }
}

impl Request {
    fn numbers(self) -> [u32; 3] {
        [self.piece, self.begin, self.length]
    }
}

fn prefix(into: &mut Vec<u8>, length: usize) {
    let length = u32::try_from(length).expect("what we send is at most a bitfield long");
    into.reserve(length as usize + 4);
    into.extend(length.to_be_bytes());
}

fn put(into: &mut Vec<u8>, kind: u8, numbers: &[u32], rest: &[u8]) {
    prefix(into, 1 + 4 * numbers.len() + rest.len());
    into.push(kind);
    into.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
    into.extend(rest);
}

fn empty<'a>(body: &[u8], message: Message<'a>) -> Option<Message<'a>> {
    body.is_empty().then_some(message)
}

fn one(body: &[u8]) -> Option<u32> {
    body.try_into().ok().map(u32::from_be_bytes)
}

fn request(body: &[u8]) -> Option<Request> {
    let (piece, rest) = body.split_first_chunk()?;
    let (begin, rest) = rest.split_first_chunk()?;
    Some(Request {
        piece: u32::from_be_bytes(*piece),
        begin: u32::from_be_bytes(*begin),
        length: one(rest)?,
    })
}

fn piece(body: &[u8]) -> Option<Message<'_>> {
    let (piece, rest) = body.split_first_chunk()?;
    let (begin, data) = rest.split_first_chunk()?;
    Some(Message::Piece {
        piece: u32::from_be_bytes(*piece),
        begin: u32::from_be_bytes(*begin),
        data,
    })
}

fn extension(body: &[u8]) -> Option<Message<'_>> {
    let (&id, payload) = body.split_first()?;
    Some(Message::Extended { id, payload })
}
