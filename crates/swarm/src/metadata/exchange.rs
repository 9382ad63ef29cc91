//! The conversation with one peer about metadata: extensions (BEP 10), metadata pieces (BEP 9).
//!
//! Everything the peer says is length-checked before memory is taken for it.

use std::io;

use bytes::Bytes;
use librqbit_core::hash_id::Id20;
use librqbit_sha1_wrapper::{ISha1, ISha256, Sha1, Sha256};
use tokio::io::AsyncWriteExt;

use crate::{
    BLOCK,
    net::{Connection, Incoming, Outgoing},
    wire::{
        Frames, Message, ReadError,
        extended::{self, ExtensionHandshake, ExtensionIds, UtMetadata},
    },
};

/// The longest metadata that is taken, in bytes.
const LONGEST: u32 = 32 << 20;

/// The longest message that is taken, in bytes: a bitfield of two million pieces.
const LONGEST_MESSAGE: u32 = 256 << 10;

/// Messages a peer may send before it has given all of the metadata.
const MOST_MESSAGES: u32 = 100_000;

/// Requests outstanding, of 16 KiB each.
const AT_ONCE: u32 = 64;

/// Why a peer gave no metadata.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("left: {0}")]
    Left(#[from] io::Error),
    #[error("{0}")]
    Unreadable(#[from] ReadError),
    #[error("does not offer metadata")]
    NoMetadata,
    #[error("refused to send metadata")]
    Refused,
    #[error("sent nonsense: {0}")]
    Nonsense(&'static str),
}

/// Gets the info dictionary from a peer, and makes sure that it is the one the infohash names.
pub(super) async fn with(connection: Connection, infohash: Id20) -> Result<Bytes, Failure> {
    if !connection.hello.extended() {
        return Err(Failure::NoMetadata);
    }
    let mut peer = Peer {
        incoming: Frames::new(connection.read, LONGEST_MESSAGE),
        outgoing: connection.write,
        left: MOST_MESSAGES,
    };
    let (length, id) = peer.offer().await?;
    let pieces = length.div_ceil(BLOCK);
    let mut info = vec![0; length as usize];
    let mut missing = vec![true; pieces as usize];
    let mut asked = 0;
    let mut left = pieces;
    while left > 0 {
        while asked < pieces && asked < pieces - left + AT_ONCE {
            peer.say(id, &UtMetadata::Request(asked).encode()).await?;
            asked += 1;
        }
        match peer.metadata().await? {
            Answer::Data(piece, data) => {
                let at = piece as usize * BLOCK as usize;
                let place = info.get_mut(at..).unwrap_or_default();
                let expected = place.len().min(BLOCK as usize);
                if data.len() != expected || expected == 0 {
                    return Err(Failure::Nonsense("a metadata piece of another length"));
                }
                place[..expected].copy_from_slice(&data);
                left -= u32::from(std::mem::replace(&mut missing[piece as usize], false));
            }
            Answer::Refused => return Err(Failure::Refused),
        }
    }
    if is_named(&info, infohash) {
        Ok(info.into())
    } else {
        Err(Failure::Nonsense("metadata with another hash"))
    }
}

/// Whether this is the info dictionary that an infohash of version 1, or the short form of one of
/// version 2 (BEP 52), names.
fn is_named(info: &[u8], infohash: Id20) -> bool {
    let mut one = Sha1::new();
    one.update(info);
    let mut two = Sha256::new();
    two.update(info);
    one.finish() == infohash.0 || two.finish()[..20] == infohash.0
}

/// What a peer says to a request.
enum Answer {
    Data(u32, Vec<u8>),
    Refused,
}

/// The peer that is asked.
struct Peer {
    incoming: Frames<Incoming>,
    outgoing: Outgoing,
    left: u32,
}

impl Peer {
    /// Exchanges extension handshakes: how long the metadata is, and how the peer numbers it.
    async fn offer(&mut self) -> Result<(u32, u8), Failure> {
        let ours = ExtensionHandshake {
            ids: ExtensionIds {
                ut_metadata: Some(extended::UT_METADATA),
                ..ExtensionIds::default()
            },
            ..ExtensionHandshake::default()
        };
        self.say(extended::HANDSHAKE, &ours.encode()).await?;
        loop {
            let (id, payload) = self.extended().await?;
            if id != extended::HANDSHAKE {
                continue;
            }
            let theirs = ExtensionHandshake::parse(&payload)
                .map_err(|_| Failure::Nonsense("a handshake that cannot be read"))?;
            let offered = theirs.metadata_size.zip(theirs.ids.ut_metadata);
            let (length, id) = offered.ok_or(Failure::NoMetadata)?;
            if length == 0 || length > LONGEST {
                return Err(Failure::Nonsense("metadata of an absurd length"));
            }
            return Ok((length, id));
        }
    }

    async fn metadata(&mut self) -> Result<Answer, Failure> {
        loop {
            let (id, payload) = self.extended().await?;
            if id != extended::UT_METADATA {
                continue;
            }
            match UtMetadata::parse(&payload) {
                Ok(UtMetadata::Data { piece, data, .. }) => {
                    return Ok(Answer::Data(piece, data.to_vec()));
                }
                Ok(UtMetadata::Reject(_)) => return Ok(Answer::Refused),
                Ok(UtMetadata::Request(_) | UtMetadata::Unknown) => {}
                Err(_) => return Err(Failure::Nonsense("a metadata message of no kind")),
            }
        }
    }

    /// The next extended message; others are skipped.
    async fn extended(&mut self) -> Result<(u8, Vec<u8>), Failure> {
        while self.left > 0 {
            self.left -= 1;
            let message = self.incoming.next().await?;
            let message = message.ok_or(io::Error::from(io::ErrorKind::UnexpectedEof))?;
            if let Message::Extended { id, payload } = message {
                return Ok((id, payload.to_vec()));
            }
        }
        Err(Failure::Nonsense("nothing but chatter"))
    }

    async fn say(&mut self, id: u8, payload: &[u8]) -> Result<(), Failure> {
        let mut bytes = Vec::with_capacity(payload.len() + 6);
        Message::Extended { id, payload }.write(&mut bytes);
        self.outgoing.write_all(&bytes).await?;
        Ok(self.outgoing.flush().await?)
    }
}
