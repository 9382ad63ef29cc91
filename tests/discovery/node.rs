//! A node of the DHT that is right beside a torrent, and says what it is asked of it.

use std::{
    net::{SocketAddr, UdpSocket},
    sync::{Arc, Mutex},
    thread,
};

use data_encoding::HEXLOWER_PERMISSIVE;

use crate::support::position;

/// What it gives to whoever asks, and expects back from whoever announces.
const TOKEN: &[u8] = b"5:token4:here";

/// A node that answers every query (BEP 5), and knows of no node but itself and of no peer. It listens until the
/// process ends.
///
/// Its id is the infohash: some clients announce themselves only to nodes as near as there are in the whole world.
pub(super) struct Node {
    /// Where it listens.
    pub(super) address: SocketAddr,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Node {
    /// Starts one beside a torrent.
    pub(super) fn beside(id: &str, listen: SocketAddr) -> Self {
        let SocketAddr::V4(v4) = listen else {
            unreachable!("{listen} is not of IPv4");
        };
        let id = HEXLOWER_PERMISSIVE.decode(id.as_bytes()).unwrap();
        let itself = [&id[..], &v4.ip().octets(), &v4.port().to_be_bytes()].concat();
        let socket = UdpSocket::bind(listen).unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hears = Arc::clone(&heard);
        thread::spawn(move || {
            let mut room = [0; 2048];
            while let Ok((length, from)) = socket.recv_from(&mut room) {
                let query = &room[..length];
                if let Some(transaction) = string_after(query, b"1:t") {
                    let _ = socket.send_to(&answer(&id, &itself, transaction), from);
                }
                hears.lock().unwrap().push(query.to_vec());
            }
        });
        Self {
            address: listen,
            heard,
        }
    }

    /// Whether anybody has joined through it.
    pub(super) fn was_joined(&self) -> bool {
        self.has_heard(&[b"9:find_node"])
    }

    /// Whether it was asked for the peers of a torrent.
    pub(super) fn was_asked_for(&self, id: &str) -> bool {
        self.has_heard(&[b"9:get_peers", &about(id)])
    }

    /// Whether it was told that there is a peer of a torrent at a port, by somebody who had asked before.
    pub(super) fn was_told_of(&self, id: &str, port: u16) -> bool {
        let port = format!("4:porti{port}e");
        self.has_heard(&[b"13:announce_peer", &about(id), port.as_bytes(), TOKEN])
    }

    /// Whether a single query had all these parts.
    fn has_heard(&self, parts: &[&[u8]]) -> bool {
        self.heard
            .lock()
            .unwrap()
            .iter()
            .any(|query| parts.iter().all(|part| position(query, part).is_some()))
    }
}

/// The part of a query that names a torrent.
fn about(id: &str) -> Vec<u8> {
    let id = HEXLOWER_PERMISSIVE.decode(id.as_bytes()).unwrap();
    [b"9:info_hash20:", &id[..]].concat()
}

/// The answer to any query: nobody looks at what was not asked for.
fn answer(id: &[u8], itself: &[u8], transaction: &[u8]) -> Vec<u8> {
    let length = format!("{}:", transaction.len());
    [
        b"d1:rd2:id20:",
        id,
        b"5:nodes26:",
        itself,
        TOKEN,
        b"e1:t",
        length.as_bytes(),
        transaction,
        b"1:y1:re",
    ]
    .concat()
}

/// The string that follows a key.
fn string_after<'a>(message: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let rest = &message[position(message, key)? + key.len()..];
    let colon = position(rest, b":")?;
    let length: usize = std::str::from_utf8(&rest[..colon]).ok()?.parse().ok()?;
    rest.get(colon + 1..colon + 1 + length)
}
