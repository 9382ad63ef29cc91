//! Answering a peer that came.

use std::time::Duration;

use librqbit_core::hash_id::Id20;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use super::{
    Connection, Encryption, Raw, Refused,
    plain::{check, read_hello},
};
use crate::{
    crypt::{Methods, Secured, respond},
    wire::{Handshake, PROTOCOL},
};

/// How long a peer may take to say what it came for.
const LIMIT: Duration = Duration::from_secs(15);

/// Shakes hands with a peer that came, for any of `infohashes`; `ours` is our handshake for the one
/// it asks for. Ends within 15 seconds.
///
/// # Errors
/// Where the peer says nothing in time, nothing that is understood, asks for another torrent, or is
/// ourselves.
pub(crate) async fn welcome(
    raw: Raw,
    infohashes: impl Fn() -> Vec<Id20>,
    ours: impl Fn(Id20) -> Handshake,
    encryption: Encryption,
) -> Result<Connection, Refused> {
    let shaken = timeout(LIMIT, shake(raw, infohashes, ours, encryption)).await;
    shaken.unwrap_or(Err(Refused::Slow))
}

async fn shake(
    mut raw: Raw,
    infohashes: impl Fn() -> Vec<Id20>,
    ours: impl Fn(Id20) -> Handshake,
    encryption: Encryption,
) -> Result<Connection, Refused> {
    let (address, transport) = (raw.address, raw.transport);
    let mut first = PROTOCOL;
    raw.read.read_exact(&mut first).await?;
    let clear = first == PROTOCOL;
    let (mut secured, hello) = match encryption {
        Encryption::Require if clear => return Err(Refused::OtherProtocol),
        Encryption::Off if !clear => return Err(Refused::OtherProtocol),
        _ if clear => {
            let hello = read_hello(&mut raw.read, &first).await?;
            let served = infohashes().contains(&hello.infohash);
            let infohash = served.then_some(hello.infohash);
            let infohash = infohash.ok_or(Refused::OtherTorrent)?;
            (Secured::clear(raw, infohash), hello)
        }
        Encryption::Off | Encryption::Allow | Encryption::Prefer | Encryption::Require => {
            let methods = match encryption {
                Encryption::Require => Methods::RC4,
                Encryption::Off | Encryption::Allow | Encryption::Prefer => Methods::EITHER,
            };
            let mut secured = respond(raw.read, raw.write, &first, infohashes, methods).await?;
            let hello = read_hello(&mut secured.read, &[]).await?;
            (secured, hello)
        }
    };
    let ours = ours(secured.infohash);
    // Ourselves too: whoever dialled has to see who it has reached.
    secured.write.write_all(&ours.encode()).await?;
    secured.write.flush().await?;
    let hello = check(hello, secured.infohash, ours.peer_id)?;
    Ok(Connection {
        hello,
        read: secured.read,
        write: secured.write,
        address,
        transport,
        encrypted: secured.encrypted,
    })
}
