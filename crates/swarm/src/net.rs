//! Sockets of peers: TCP and uTP on one port, and the handshake that opens a connection.
//!
//! Nothing here runs by itself: [`Sockets::accept`], [`greet`] and [`welcome`] are futures for the
//! caller to drive, and every wait in them has an end.

mod dial;
mod greet;
mod plain;
mod sockets;
#[cfg(test)]
mod tests;
mod welcome;

use std::{io, net::SocketAddr};

use tokio::io::{AsyncRead, AsyncWrite};

use crate::wire::Handshake;

pub(crate) use greet::greet;
pub(crate) use sockets::{Options, Sockets};
pub(crate) use welcome::welcome;

/// What a peer sends.
pub(crate) type Incoming = Box<dyn AsyncRead + Send + Unpin>;
/// What is sent to a peer.
pub(crate) type Outgoing = Box<dyn AsyncWrite + Send + Unpin>;

/// Whether connections to peers are encrypted (MSE/PE).
///
/// The encryption keeps networks from telling `BitTorrent` by its first bytes. It hides neither who
/// talks to whom nor, from somebody who knows the infohash, what is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// No connection is encrypted. Peers that insist on encryption cannot be reached.
    Off,
    /// Peers are greeted in the clear, and again encrypted where they close the connection at that;
    /// those that come are answered as they come. Reaches every peer, with the least work.
    #[default]
    Allow,
    /// Peers are greeted encrypted, and again in the clear where that fails. Reaches every peer, but
    /// for those that do not encrypt a second connection is needed.
    Prefer,
    /// Every connection is encrypted. Peers that do not encrypt cannot be reached.
    Require,
}

/// What carries a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// TCP.
    Tcp,
    /// uTP (BEP 29), over UDP.
    Utp,
}

/// A connection on which nothing was said yet.
pub(crate) struct Raw {
    /// What the peer sends.
    pub(crate) read: Incoming,
    /// What is sent to it.
    pub(crate) write: Outgoing,
    /// The other end; an IPv4 address is never in the form of an IPv6 one.
    pub(crate) address: SocketAddr,
    /// What carries it.
    pub(crate) transport: Transport,
}

/// A connection after the handshakes: what follows are messages.
pub(crate) struct Connection {
    /// What the peer sends.
    pub(crate) read: Incoming,
    /// What is sent to it. Nothing is held back for a flush.
    pub(crate) write: Outgoing,
    /// The other end. Where the peer came to us, its port is not one it listens on.
    pub(crate) address: SocketAddr,
    /// What carries it.
    pub(crate) transport: Transport,
    /// Whether everything is encrypted, not only the handshake.
    pub(crate) encrypted: bool,
    /// The peer's handshake.
    pub(crate) hello: Handshake,
}

/// Why there is no connection to a peer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// Nobody answers there.
    #[error("a peer cannot be reached: {0}")]
    Unreachable(io::Error),
    /// The connection broke, or the peer closed it, before its handshake was read. Peers that are
    /// full do so, and those that insist on the encryption we do not offer, or the other way round.
    #[error("a peer hung up at the handshake: {0}")]
    HungUp(#[from] io::Error),
    /// The peer took too long for its handshake.
    #[error("a peer was too slow to shake hands")]
    Slow,
    /// The peer speaks another protocol, or not the encryption that is required.
    #[error("a peer speaks another protocol")]
    OtherProtocol,
    /// The handshake is for a torrent that was not asked for, or is not served.
    #[error("a peer asks for another torrent")]
    OtherTorrent,
    /// The peer is ourselves: its address is one of ours.
    #[error("the peer is ourselves")]
    Ourselves,
}
