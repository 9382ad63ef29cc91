//! Protocol encryption between peers: message stream encryption (MSE/PE), as Vuze described it.
//!
//! Two peers exchange Diffie-Hellman keys that look like noise, prove with hashes that both know the
//! infohash, and agree on RC4 or on going on in the clear.
//!
//! # Limitations
//! It keeps networks from recognising the protocol, no more. RC4 and a key of 768 bits are weak, and
//! nobody is authenticated: who knows the infohash can stand in between.

mod cipher;
mod exchange;
mod initiate;
mod respond;
#[cfg(test)]
mod tests;
mod unread;

use std::io;

use librqbit_core::hash_id::Id20;

use crate::net::{Incoming, Outgoing};

pub(crate) use initiate::initiate;
pub(crate) use respond::respond;

/// Most bytes of padding, of each of the four.
const PADDING: usize = 512;
/// What is known of the beginning of an encrypted part, so that its receiver finds it.
const CONSTANT: [u8; 8] = [0; 8];

/// Which ways of going on after the handshake are offered or accepted, as bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Methods(u32);

impl Methods {
    /// In the clear.
    #[cfg(test)]
    pub(crate) const CLEAR: Self = Self(1);
    /// With RC4.
    pub(crate) const RC4: Self = Self(2);
    /// Both. Of them RC4 is chosen.
    pub(crate) const EITHER: Self = Self(3);

    /// The best method that is in both.
    fn choose(self, offered: Self) -> Option<Self> {
        let common = self.0 & offered.0;
        let best = [Self::RC4.0, 1].into_iter().find(|bit| common & bit != 0);
        best.map(Self)
    }
}

/// A connection after the negotiation.
pub(crate) struct Secured {
    /// What the peer sends, decrypted.
    pub(crate) read: Incoming,
    /// What is sent to it, to be encrypted. Nothing is held back for a flush.
    pub(crate) write: Outgoing,
    /// Whether it goes on with RC4.
    pub(crate) encrypted: bool,
    /// The torrent both sides know.
    pub(crate) infohash: Id20,
}

/// Why two peers do not come to terms.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    /// The connection broke or was closed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// What the peer sends is not this protocol, or not within its bounds.
    #[error("a peer does not speak the encryption protocol")]
    OtherProtocol,
    /// The peer insists on a method that is not accepted.
    #[error("a peer offers no method of encryption that is accepted")]
    NoCommonMethod,
    /// The peer came for a torrent that is not served.
    #[error("a peer asks for another torrent")]
    OtherTorrent,
}

/// Random padding of random length, preceded by its length where that is to be told.
fn padding() -> Vec<u8> {
    let mut bytes = vec![0; rand::random_range(0..=PADDING)];
    rand::fill(&mut bytes[..]);
    bytes
}

/// A length as it is sent.
fn length(bytes: &[u8]) -> [u8; 2] {
    let length = u16::try_from(bytes.len()).expect("padding and a handshake are short");
    length.to_be_bytes()
}
