//! A peer that says hello and nothing else.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    thread,
};

/// The length of BitTorrent's handshake.
const HANDSHAKE: usize = 68;

/// Where the infohash stands in the handshake.
const INFO_HASH: std::ops::Range<usize> = 28..48;

/// A peer that answers the handshake for any torrent and never sends metadata. It listens until the process ends.
pub(crate) struct SilentPeer {
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl SilentPeer {
    /// Starts listening.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for peer in listener.incoming().flatten() {
                thread::spawn(move || shake_hands(peer));
            }
        });
        Self { address }
    }
}

/// Answers the handshake, then reads until the other side is tired of it.
fn shake_hands(mut peer: TcpStream) {
    let mut theirs = [0; HANDSHAKE];
    if peer.read_exact(&mut theirs).is_err() {
        return;
    }
    let mut ours = Vec::from(b"\x13BitTorrent protocol");
    ours.extend([0, 0, 0, 0, 0, 0x10, 0, 0]); // speaks the extension protocol
    ours.extend(&theirs[INFO_HASH]);
    ours.extend(b"-XX0000-silentsilent");
    if peer.write_all(&ours).is_ok() {
        // whether the end is clean or not: the other side is gone
        let _ = std::io::copy(&mut peer, &mut std::io::sink());
    }
}
