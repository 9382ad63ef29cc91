//! What is read and checked of handshakes, encrypted or not.

use librqbit_core::hash_id::Id20;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::{Raw, Refused};
use crate::{
    crypt::{Failed, Secured},
    wire::Handshake,
};

/// Reads a handshake, of which `first` was read before.
pub(super) async fn read_hello(
    read: &mut (impl AsyncRead + Unpin),
    first: &[u8],
) -> Result<Handshake, Refused> {
    let mut bytes = [0; Handshake::LENGTH];
    let (start, rest) = bytes.split_at_mut(first.len());
    start.copy_from_slice(first);
    read.read_exact(rest).await?;
    Handshake::parse(&bytes).ok_or(Refused::OtherProtocol)
}

/// Refuses a peer that is there for another torrent, or is ourselves.
pub(super) fn check(hello: Handshake, infohash: Id20, us: Id20) -> Result<Handshake, Refused> {
    if hello.infohash != infohash {
        return Err(Refused::OtherTorrent);
    }
    if hello.peer_id == us {
        return Err(Refused::Ourselves);
    }
    Ok(hello)
}

impl Secured {
    /// The two directions of a connection that is not encrypted.
    pub(super) fn clear(raw: Raw, infohash: Id20) -> Self {
        Self {
            read: raw.read,
            write: raw.write,
            encrypted: false,
            infohash,
        }
    }
}

impl From<Failed> for Refused {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Io(error) => Self::HungUp(error),
            Failed::OtherProtocol | Failed::NoCommonMethod => Self::OtherProtocol,
            Failed::OtherTorrent => Self::OtherTorrent,
        }
    }
}
