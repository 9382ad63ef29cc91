//! The handshake that opens a connection (BEP 3).

use librqbit_core::hash_id::Id20;

/// What every handshake begins with: the length of the protocol's name, and the name.
pub(crate) const PROTOCOL: [u8; 20] = *b"\x13BitTorrent protocol";

/// Byte and bit of the extension protocol (BEP 10).
const EXTENDED: (usize, u8) = (5, 0x10);
/// Byte and bit of the fast extension (BEP 6).
const FAST: (usize, u8) = (7, 0x04);
/// Byte and bit of the DHT (BEP 5).
const DHT: (usize, u8) = (7, 0x01);

/// The first 68 bytes each side sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Handshake {
    /// What the sender understands, as flags.
    pub(crate) reserved: [u8; 8],
    /// The torrent.
    pub(crate) infohash: Id20,
    /// The sender's own name for itself.
    pub(crate) peer_id: Id20,
}

impl Handshake {
    /// Bytes of a handshake.
    pub(crate) const LENGTH: usize = 68;

    /// Our own, with the extensions this crate speaks; `dht` where there is a node too.
    pub(crate) fn new(infohash: Id20, peer_id: Id20, dht: bool) -> Self {
        let mut reserved = [0; 8];
        for (byte, bit) in [EXTENDED, FAST].into_iter().chain(dht.then_some(DHT)) {
            reserved[byte] |= bit;
        }
        Self {
            reserved,
            infohash,
            peer_id,
        }
    }

    /// Whether the sender speaks the extension protocol (BEP 10).
    pub(crate) fn extended(&self) -> bool {
        self.has(EXTENDED)
    }

    /// Whether the sender speaks the fast extension (BEP 6). It is in force if both sides do.
    pub(crate) fn fast(&self) -> bool {
        self.has(FAST)
    }

    /// Whether the sender has a DHT node (BEP 5).
    pub(crate) fn dht(&self) -> bool {
        self.has(DHT)
    }

    fn has(&self, (byte, bit): (usize, u8)) -> bool {
        self.reserved[byte] & bit != 0
    }

    /// As it is sent.
    pub(crate) fn encode(&self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        bytes[..20].copy_from_slice(&PROTOCOL);
        bytes[20..28].copy_from_slice(&self.reserved);
        bytes[28..48].copy_from_slice(&self.infohash.0);
        bytes[48..].copy_from_slice(&self.peer_id.0);
        bytes
    }

    /// Reads one, or `None` where it is of another protocol.
    pub(crate) fn parse(bytes: &[u8; Self::LENGTH]) -> Option<Self> {
        let rest = bytes.strip_prefix(&PROTOCOL)?;
        let (reserved, rest) = rest.split_first_chunk()?;
        let (infohash, peer_id) = rest.split_first_chunk()?;
        Some(Self {
            reserved: *reserved,
            infohash: Id20::new(*infohash),
            peer_id: Id20::new(peer_id.try_into().ok()?),
        })
    }
}
