//! A peer that has nothing but an address to pass on.

use std::{
    io::{self, Read, Write},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream},
    thread,
};

use super::position;

/// A peer that answers every handshake with the exchange of peers (BEP 11), naming one peer. It listens until the
/// process ends.
pub(crate) struct Gossip {
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Gossip {
    /// Starts one that names a peer of IPv4.
    pub(crate) fn start(address: IpAddr, named: SocketAddr) -> Self {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for peer in listener.incoming().flatten() {
                // that the other side hangs up does no harm
                thread::spawn(move || drop(tell(peer, named)));
            }
        });
        Self { address }
    }
}

/// Shakes hands twice and tells its news again and again, as long as it is heard.
fn tell(mut peer: TcpStream, named: SocketAddr) -> io::Result<()> {
    let mut theirs = [0; 68];
    peer.read_exact(&mut theirs)?;
    let mut ours = Vec::from(b"\x13BitTorrent protocol\0\0\0\0\0\x10\0\0");
    ours.extend(&theirs[28..48]);
    ours.extend(b"-XX0000-gossipgossip");
    ours.extend(extended(0, b"d1:md6:ut_pexi1eee"));
    peer.write_all(&ours)?;
    loop {
        let mut length = [0; 4];
        peer.read_exact(&mut length)?;
        let mut message = vec![0; u32::from_be_bytes(length) as usize];
        peer.read_exact(&mut message)?;
        if let [20, 0, handshake @ ..] = message.as_slice()
            && let Some(id) = id_of_exchange(handshake)
        {
            peer.write_all(&extended(id, &news(named)))?;
        }
    }
}

/// The number the other side gave the exchange of peers.
fn id_of_exchange(handshake: &[u8]) -> Option<u8> {
    let start = position(handshake, b"6:ut_pexi")? + 9;
    let digits = handshake[start..].split(|byte| *byte == b'e').next()?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The message that a peer is there, which is said to be reachable and to seed.
fn news(named: SocketAddr) -> Vec<u8> {
    let SocketAddr::V4(named) = named else {
        unreachable!("{named} is not of IPv4");
    };
    let mut news = Vec::from(b"d5:added6:");
    news.extend(named.ip().octets());
    news.extend(named.port().to_be_bytes());
    news.extend(b"7:added.f1:\x12e");
    news
}

fn extended(id: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 2).unwrap();
    [&length.to_be_bytes(), [20, id].as_slice(), body].concat()
}
