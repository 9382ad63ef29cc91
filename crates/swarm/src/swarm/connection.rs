//! The conversation with one connected peer.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    sync::Notify,
    task::{spawn_blocking, yield_now},
    time::timeout,
};

use super::{live::Live, messages::Misbehaviour, peer::Newcomer, state::NotWelcome};
use crate::{
    net::{Connection, Transport},
    schedule::PeerKey,
    wire::{Frames, Message, ReadError, Request, extended::PexPeer, longest_message},
};

/// A peer that says nothing for so long is gone. Everybody sends keep-alives every two minutes.
const SILENCE: Duration = Duration::from_secs(240);

/// How often we say something even if there is nothing to say (BEP 3: two minutes).
const KEEP_ALIVE: Duration = Duration::from_secs(100);

/// A peer that takes nothing of what it is sent for so long is gone.
const STUCK: Duration = Duration::from_secs(60);

/// Outgoing buffers that grew longer than this are given back, in bytes.
const USUAL_BUFFER: usize = 64 << 10;

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum Parting {
    #[error("not let in: {0}")]
    NotWelcome(#[from] NotWelcome),
    #[error("it left")]
    Left,
    #[error("it said nothing for {} s", SILENCE.as_secs())]
    Silent,
    #[error("it took nothing for {} s", STUCK.as_secs())]
    Stuck,
    #[error("it broke the protocol: {0}")]
    Misbehaved(#[from] Misbehaviour),
    #[error("it broke the protocol: {0}")]
    Unreadable(#[from] ReadError),
    #[error("the connection broke: {0}")]
    Broken(#[from] io::Error),
    #[error("we closed it: {0}")]
    Closed(&'static str),
}

/// Talks to a peer until one of both leaves.
pub(crate) async fn attend(live: Arc<Live>, connection: Connection, outgoing: bool) {
    let address = connection.address;
    let stop = live.stop.clone();
    let parting = tokio::select! {
        parting = converse(&live, connection, outgoing) => parting,
        () = stop.cancelled() => Parting::Closed("the swarm is left"),
    };
    tracing::debug!(%address, %parting, "a peer is gone");
    live.wake.notify_one();
}

/// A peer in the state for as long as this lives.
struct Place<'a> {
    live: &'a Live,
    key: PeerKey,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let now = self.live.now();
        self.live.state().leave(self.key, now);
    }
}

async fn converse(live: &Arc<Live>, connection: Connection, outgoing: bool) -> Parting {
    let wake = Arc::new(Notify::new());
    let newcomer = Newcomer {
        address: connection.address,
        id: connection.hello.peer_id,
        outgoing,
        web: false,
        fast: connection.hello.fast(),
        extended: connection.hello.extended(),
        dht: connection.hello.dht(),
        flags: flags_of(&connection, outgoing),
        wake: Arc::clone(&wake),
    };
    let joined = live.state().join(newcomer, live.now());
    let key = match joined {
        Ok(key) => key,
        Err(refusal) => {
            if outgoing {
                let now = live.now();
                live.state().turned_away(connection.address, refusal, now);
            }
            return refusal.into();
        }
    };
    let _place = Place { live, key };
    let frames = Frames::new(connection.read, longest_message(live.pieces.count()));
    tokio::select! {
        Err(parting) = listen(live, key, frames) => parting,
        Err(parting) = speak(live, key, connection.write, &wake) => parting,
        else => Parting::Left,
    }
}

/// What others are told of how a peer is reached.
fn flags_of(connection: &Connection, outgoing: bool) -> u8 {
    let flag = |is: bool, flag: u8| if is { flag } else { 0 };
    flag(connection.encrypted, PexPeer::ENCRYPTION)
        | flag(connection.transport == Transport::Utp, PexPeer::UTP)
        | flag(outgoing, PexPeer::REACHABLE)
}

async fn listen<R: AsyncRead + Unpin>(
    live: &Arc<Live>,
    key: PeerKey,
    mut frames: Frames<R>,
) -> Result<(), Parting> {
    loop {
        let next = timeout(SILENCE, frames.next()).await;
        let message = next.map_err(|_| Parting::Silent)??;
        match message.ok_or(Parting::Left)? {
            Message::Piece { piece, begin, data } => live.block(key, piece, begin, data)?,
            other => live.message(key, &other)?,
        }
        if !frames.has_buffered_message() {
            // A peer whose bytes are always there must not keep others from being asked.
            yield_now().await;
        }
    }
}

/// What there is to send.
enum Next {
    Messages,
    /// A block, and the generation of its piece.
    Block(Request, u32),
    Nothing,
}

async fn speak<W: AsyncWrite + Unpin>(
    live: &Arc<Live>,
    key: PeerKey,
    mut to: W,
    wake: &Notify,
) -> Result<(), Parting> {
    let mut buffer = Vec::new();
    loop {
        match next(live, key, &mut buffer)? {
            Next::Messages => {}
            Next::Block(request, generation) => {
                block(live, key, (request, generation), &mut buffer).await?;
            }
            Next::Nothing => {
                let called = timeout(KEEP_ALIVE, wake.notified()).await;
                if called.is_err() {
                    Message::KeepAlive.write(&mut buffer);
                }
            }
        }
        if !buffer.is_empty() {
            let written = timeout(STUCK, to.write_all(&buffer)).await;
            written.map_err(|_| Parting::Stuck)??;
            timeout(STUCK, to.flush())
                .await
                .map_err(|_| Parting::Stuck)??;
            buffer.clear();
            buffer.shrink_to(USUAL_BUFFER);
        }
    }
}

fn next(live: &Live, key: PeerKey, buffer: &mut Vec<u8>) -> Result<Next, Parting> {
    let mut state = live.state();
    let peer = state.peers.get_mut(&key).ok_or(Parting::Left)?;
    if let Some(why) = peer.closing {
        return Err(Parting::Closed(why));
    }
    if peer.take_outgoing(buffer) {
        return Ok(Next::Messages);
    }
    let Some(request) = peer.uploads.pop_front() else {
        return Ok(Next::Nothing);
    };
    let generation = state.room.generation(request.piece);
    Ok(Next::Block(request, generation))
}

/// Reads a block that a peer asked for. One at a time: a slow peer holds the memory of one block.
async fn block(
    live: &Arc<Live>,
    key: PeerKey,
    (request, generation): (Request, u32),
    buffer: &mut Vec<u8>,
) -> Result<(), Parting> {
    live.session.uploads.pass(request.length).await;
    let (content, piece) = (Arc::clone(&live.content), request.piece);
    let start = live.pieces.bytes_of(piece).start + u64::from(request.begin);
    let reading = move || {
        let mut data = vec![0; request.length as usize];
        content.read(start, &mut data).map(|()| data)
    };
    let read = spawn_blocking(reading).await.map_err(io::Error::other)?;
    let mut state = live.state();
    // Once the swarm is left nobody says any more what is given up.
    if live.stop.is_cancelled() {
        return Err(Parting::Closed("the swarm is left"));
    }
    // It may have been given up while it was read, and be here again: then these may be zeros.
    let is_held = state.progress.held().has(piece) && state.room.generation(piece) == generation;
    let Some(peer) = state.peers.get_mut(&key) else {
        return Err(Parting::Left);
    };
    match read {
        Ok(data) if is_held => {
            Message::Piece {
                piece,
                begin: request.begin,
                data: &data,
            }
            .write(buffer);
            peer.uploaded += data.len() as u64;
            state.totals.uploaded += data.len() as u64;
        }
        Ok(_) => peer.refuse(request),
        Err(error) => {
            tracing::warn!(%error, "a block could not be read for a peer");
            peer.refuse(request);
        }
    }
    Ok(())
}
