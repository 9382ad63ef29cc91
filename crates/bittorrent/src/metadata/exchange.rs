//! The conversation with one peer: handshake (BEP 3), extensions (BEP 10), metadata pieces (BEP 9).
//!
//! Everything the peer says is length-checked before memory is taken for it.

use std::{
    io,
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use bytes::Bytes;
use librqbit_core::{constants::CHUNK_SIZE, hash_id::Id20};
use librqbit_peer_protocol::{
    Handshake, MAX_MSG_LEN, Message,
    extended::{
        ExtendedMessage, PeerExtendedMessageIds, handshake::ExtendedHandshake,
        ut_metadata::UtMetadata,
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// The longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// The longest metadata that is taken, in bytes.
const LONGEST: u32 = 32 << 20;

/// The longest message of a kind that is not needed here: a bitfield of two million pieces.
const LONGEST_SKIPPED: u32 = 256 << 10;

/// Messages a peer may send before it has given all of the metadata.
const MOST_MESSAGES: u32 = 100_000;

/// The number of an extended message (BEP 10).
const EXTENDED: u8 = 20;

/// Why a peer gave no metadata.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// No connection, or it was closed before the handshake: it may be starting.
    #[error("unreachable: {0}")]
    Unreachable(io::Error),
    #[error("took too long")]
    TimedOut,
    #[error("left: {0}")]
    Left(#[from] io::Error),
    #[error("talks another protocol or about another torrent")]
    OtherTorrent,
    #[error("does not offer metadata")]
    NoMetadata,
    #[error("refused to send metadata")]
    Refused,
    #[error("sent nonsense: {0}")]
    Nonsense(&'static str),
}

/// Gets the info dictionary from one peer. Its hash is not checked here.
pub(super) async fn with(
    peer: SocketAddr,
    infohash: Id20,
    peer_id: Id20,
    reached: &AtomicUsize,
) -> Result<Bytes, Failure> {
    let connecting = timeout(CONNECT, TcpStream::connect(peer));
    let mut socket = connecting
        .await
        .map_err(|_| Failure::TimedOut)?
        .map_err(Failure::Unreachable)?;
    socket.set_nodelay(true)?;
    greet(&mut socket, infohash, peer_id).await?;
    reached.fetch_add(1, Ordering::Relaxed);
    let mut incoming = Incoming {
        frame: Vec::new(),
        left: MOST_MESSAGES,
    };
    let (length, ids) = offer(&mut socket, &mut incoming).await?;
    let pieces = length.div_ceil(CHUNK_SIZE);
    let mut info = vec![0; length as usize];
    let mut missing: Vec<bool> = vec![true; pieces as usize];
    for piece in 0..pieces {
        let request = UtMetadata::Request(piece);
        send(
            &mut socket,
            &Message::Extended(ExtendedMessage::UtMetadata(request)),
            ids,
        )
        .await?;
    }
    while missing.contains(&true) {
        let message = incoming.next(&mut socket).await?;
        match message {
            ExtendedMessage::UtMetadata(UtMetadata::Data(data)) => {
                let at = data.piece() as usize * CHUNK_SIZE as usize;
                let place = info.get_mut(at..).unwrap_or_default();
                let expected = place.len().min(CHUNK_SIZE as usize);
                if data.len() != expected || expected == 0 {
                    return Err(Failure::Nonsense("a metadata piece of another length"));
                }
                data.copy_to_slice(&mut place[..expected]);
                missing[data.piece() as usize] = false;
            }
            ExtendedMessage::UtMetadata(UtMetadata::Reject(_)) => return Err(Failure::Refused),
            _ => {}
        }
    }
    Ok(info.into())
}

async fn greet(socket: &mut TcpStream, infohash: Id20, peer_id: Id20) -> Result<(), Failure> {
    let mut hello = [0; 68];
    let written = Handshake::new(infohash, peer_id).serialize_unchecked_len(&mut hello);
    socket
        .write_all(&hello[..written])
        .await
        .map_err(Failure::Unreachable)?;
    socket
        .read_exact(&mut hello)
        .await
        .map_err(Failure::Unreachable)?;
    let (theirs, _) = Handshake::deserialize(&hello).map_err(|_| Failure::OtherTorrent)?;
    if theirs.info_hash != infohash {
        return Err(Failure::OtherTorrent);
    }
    if theirs.supports_extended() {
        Ok(())
    } else {
        Err(Failure::NoMetadata)
    }
}

/// Exchanges extension handshakes: how long the metadata is, and how the peer numbers messages.
async fn offer(
    socket: &mut TcpStream,
    incoming: &mut Incoming,
) -> Result<(u32, PeerExtendedMessageIds), Failure> {
    let ours = Message::Extended(ExtendedMessage::Handshake(ExtendedHandshake::new()));
    send(socket, &ours, PeerExtendedMessageIds::my()).await?;
    loop {
        if let ExtendedMessage::Handshake(theirs) = incoming.next(socket).await? {
            let ids = theirs.peer_extended_messages();
            let length = theirs.metadata_size.filter(|_| ids.ut_metadata.is_some());
            let length = length.ok_or(Failure::NoMetadata)?;
            if length == 0 || length > LONGEST {
                return Err(Failure::Nonsense("metadata of an absurd length"));
            }
            return Ok((length, ids));
        }
    }
}

async fn send(
    socket: &mut TcpStream,
    message: &Message<'_>,
    ids: PeerExtendedMessageIds,
) -> Result<(), Failure> {
    let mut buffer = [0; 1024];
    let written = message
        .serialize(&mut buffer, &|| ids)
        .map_err(|_| Failure::NoMetadata)?;
    Ok(socket.write_all(&buffer[..written]).await?)
}

/// The peer's messages; only extended ones are looked at.
struct Incoming {
    frame: Vec<u8>,
    left: u32,
}

impl Incoming {
    async fn next<'a>(
        &'a mut self,
        socket: &mut TcpStream,
    ) -> Result<ExtendedMessage<librqbit_buffers::ByteBuf<'a>>, Failure> {
        self.read_extended(socket).await?;
        match Message::deserialize(&self.frame, &[]) {
            Ok((Message::Extended(message), _)) => Ok(message),
            _ => Err(Failure::Nonsense("an extended message that cannot be read")),
        }
    }

    /// Reads messages until one is extended; leaves it whole, with its length in front, in `frame`.
    async fn read_extended(&mut self, socket: &mut TcpStream) -> Result<(), Failure> {
        while self.left > 0 {
            self.left -= 1;
            let length = socket.read_u32().await?;
            if length == 0 {
                continue;
            }
            let kind = socket.read_u8().await?;
            let rest = length - 1;
            if kind != EXTENDED {
                if rest > LONGEST_SKIPPED {
                    return Err(Failure::Nonsense("a message of an absurd length"));
                }
                tokio::io::copy(
                    &mut (&mut *socket).take(u64::from(rest)),
                    &mut tokio::io::sink(),
                )
                .await?;
                continue;
            }
            if length as usize > MAX_MSG_LEN {
                return Err(Failure::Nonsense("an extended message of an absurd length"));
            }
            self.frame.clear();
            self.frame.extend(length.to_be_bytes());
            self.frame.push(kind);
            self.frame.resize(4 + length as usize, 0);
            socket.read_exact(&mut self.frame[5..]).await?;
            return Ok(());
        }
        Err(Failure::Nonsense("nothing but chatter"))
    }
}
