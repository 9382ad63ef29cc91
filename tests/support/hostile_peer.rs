//! Peers that mean harm, or are broken, each in a manner of its own.

mod message;

use std::{
    collections::BTreeSet,
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::noise;

/// The length of BitTorrent's handshake.
const HANDSHAKE: usize = 68;

/// Where the infohash stands in the handshake.
const INFO_HASH: std::ops::Range<usize> = 28..48;

/// What one connection sends at most: enough to fill a memory that takes it all.
const MOST: usize = 200 << 20;

/// How a peer misbehaves.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Manner {
    /// Sends wrong bytes.
    Lying,
    /// Unchokes, and never sends a byte of what it is asked for.
    Stalling,
    /// Never unchokes.
    Choking,
    /// Sends blocks nobody asked for, news of pieces, requests and unknown messages, without end.
    Flooding,
    /// Announces a message of four gigabytes.
    Oversize,
    /// Announces a block of a hundred megabytes, and sends it.
    LongBlock,
    /// Sends noise after its handshake.
    Garbage,
    /// Sends noise in place of its handshake.
    GarbageForHandshake,
    /// Claims to have everything, and rejects every request.
    ClaimingAll,
    /// Sends a bitfield that is too long.
    LongBitfield,
    /// Sends a bitfield that is too short.
    ShortBitfield,
    /// Sends blocks of other places and lengths than it was asked for.
    WrongPlaces,
    /// Sends an extended handshake of a hundred thousand lists, one in the other.
    DeepExtensions,
    /// Sends an extended handshake of twenty thousand extensions, and metadata nobody asked for.
    ManyExtensions,
}

/// What came of a hostile peer.
#[derive(Default)]
struct Tally {
    connections: AtomicUsize,
    /// The pieces it has sent wrong bytes of.
    spoilt: Mutex<BTreeSet<u32>>,
}

/// A hostile peer, at an address of its own. It listens until the process ends.
pub(crate) struct HostilePeer {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    tally: Arc<Tally>,
}

impl HostilePeer {
    /// Starts one for torrents of so many pieces; peers of other numbers have other addresses.
    pub(crate) fn start(manner: Manner, number: u8, pieces: usize) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::new(127, 0, 1, number), 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let tally = Arc::new(Tally::default());
        let shared = Arc::clone(&tally);
        thread::spawn(move || {
            for peer in listener.incoming().flatten() {
                shared.connections.fetch_add(1, Ordering::Relaxed);
                let tally = Arc::clone(&shared);
                // that the other side hangs up is what should happen
                thread::spawn(move || drop(converse(peer, manner, pieces, &tally)));
            }
        });
        Self { address, tally }
    }

    /// How often somebody connected to it.
    pub(crate) fn connections(&self) -> usize {
        self.tally.connections.load(Ordering::Relaxed)
    }

    /// Of how many pieces it has sent wrong bytes.
    pub(crate) fn spoilt(&self) -> usize {
        self.tally.spoilt.lock().unwrap().len()
    }
}

/// Carries one conversation to its end.
fn converse(mut peer: TcpStream, manner: Manner, pieces: usize, tally: &Tally) -> io::Result<()> {
    if let Manner::GarbageForHandshake = manner {
        return send_noise(&mut peer);
    }
    let mut theirs = [0; HANDSHAKE];
    peer.read_exact(&mut theirs)?;
    let mut ours = Vec::from(b"\x13BitTorrent protocol");
    ours.extend([0, 0, 0, 0, 0, 0x10, 0, 4]); // the extension protocol, the fast extension
    ours.extend(&theirs[INFO_HASH]);
    ours.extend(b"-XX0000-");
    ours.extend(noise(u64::from(peer.local_addr()?.port()), 12));
    peer.write_all(&ours)?;
    match manner {
        Manner::Garbage => return send_noise(&mut peer),
        Manner::Flooding => return flood(peer, pieces),
        Manner::Oversize => {
            peer.write_all(&u32::MAX.to_be_bytes())?;
            return send_noise(&mut peer);
        }
        Manner::LongBlock => {
            peer.write_all(&message::bitfield(pieces))?;
            peer.write_all(&message::framed(message::UNCHOKE, &[]))?;
            let length: u32 = 100 << 20;
            peer.write_all(&(length + 9).to_be_bytes())?;
            peer.write_all(&[message::PIECE, 0, 0, 0, 0, 0, 0, 0, 0])?;
            return send_noise(&mut peer);
        }
        _ => peer.write_all(&opening(manner, pieces))?,
    }
    while let Some((kind, body)) = message::read(&mut peer)? {
        if kind == message::REQUEST {
            let answer = answer(manner, &body, tally);
            peer.write_all(&answer)?;
        }
    }
    Ok(())
}

/// What it sends first.
fn opening(manner: Manner, pieces: usize) -> Vec<u8> {
    let all = message::bitfield(pieces);
    let unchoke = message::framed(message::UNCHOKE, &[]);
    match manner {
        Manner::Choking => all,
        Manner::ClaimingAll => [message::framed(message::HAVE_ALL, &[]), unchoke].concat(),
        Manner::LongBitfield => message::framed(message::BITFIELD, &vec![0xff; pieces]),
        Manner::ShortBitfield => message::framed(message::BITFIELD, &[0xff]),
        Manner::DeepExtensions => {
            let deep = [b"\0d1:m".as_slice(), &[b'l'; 100_000]].concat();
            [message::framed(message::EXTENDED, &deep), all, unchoke].concat()
        }
        Manner::ManyExtensions => [message::many_extensions(), all, unchoke].concat(),
        _ => [all, unchoke].concat(),
    }
}

/// What it sends for a request.
fn answer(manner: Manner, request: &[u8], tally: &Tally) -> Vec<u8> {
    let Some((piece, begin, length)) = message::request(request) else {
        return Vec::new();
    };
    match manner {
        Manner::Lying => {
            tally.spoilt.lock().unwrap().insert(piece);
            message::block(piece, begin, &vec![0x55; length as usize])
        }
        Manner::ClaimingAll => message::framed(message::REJECT, request),
        Manner::WrongPlaces => [
            message::block(piece.wrapping_add(1), begin, &vec![0; length as usize]),
            message::block(piece, begin.wrapping_add(1), &vec![0; length as usize]),
            message::block(piece, begin, &vec![0; length as usize + 1]),
            message::block(piece, begin, &[]),
            message::block(u32::MAX, u32::MAX, &[0]),
        ]
        .concat(),
        _ => Vec::new(),
    }
}

/// Sends all kinds of messages that nobody wants.
fn flood(mut peer: TcpStream, pieces: usize) -> io::Result<()> {
    let mut other = peer.try_clone()?;
    thread::spawn(move || io::copy(&mut other, &mut io::sink()));
    peer.write_all(&message::bitfield(pieces))?;
    let wave = message::wave();
    for _ in 0..MOST / wave.len() {
        peer.write_all(&wave)?;
    }
    Ok(())
}

/// Sends noise until the other side hangs up.
fn send_noise(peer: &mut TcpStream) -> io::Result<()> {
    let noise = noise(3, 1 << 20);
    for _ in 0..MOST / noise.len() {
        peer.write_all(&noise)?;
    }
    Ok(())
}
