//! One torrent's swarm: joined, read from, and left again.
//!
//! ```text
//! Swarm ── Live ──┬─ conductor      decides what is asked of whom (`conduct`, `rounds`)
//!                 ├─ connection     one per peer: listens and speaks
//!                 ├─ web            one per web server
//!                 └─ finding        trackers, DHT, local network
//!           └─ State                everything known, changed by all of these under one lock
//! ```
//!
//! # What is announced and what is present
//! A piece is in [`Progress::held`](crate::schedule::Progress) only while the [`Content`] says that
//! it is checked: it enters after the content has hashed it on disk, and [`Swarm::forget`] takes it
//! out before the content gives up a byte. Peers are served and told from that set alone, and a
//! block that was read for a peer is sent only if its piece was in it all the while.
//!
//! # What is asked for and what there is room for
//! Whatever is asked of peers or came from them belongs to a piece that [`Content::reserve`] has said
//! yes to, and that was not given up since. A block that comes after its piece was given up is not
//! written. While a piece is hashed or written to it is not given up, so that no bytes vanish under
//! a hash: nobody is blamed for holes.

mod arrivals;
mod blame;
mod conduct;
mod conductor;
mod connection;
mod extensions;
mod finding;
mod live;
mod messages;
mod peer;
mod places;
mod reading;
mod rivals;
mod room;
mod rounds;
mod state;
#[cfg(test)]
mod tests;
mod web;

use std::{io, net::SocketAddr, ops::Range, sync::Arc};

use bytes::Bytes;
use librqbit_core::hash_id::Id20;
use url::Url;

pub use reading::Need;
pub use state::Totals;

use self::reading::Reading;
use crate::{Content, Pieces, book::Source, session::Shared, webseed::WebFile};

pub(crate) use connection::attend;
pub(crate) use live::Live;

/// A torrent to join the swarm of.
pub struct Torrent {
    /// Its infohash of version 1.
    pub infohash: Id20,
    /// Its info dictionary, for peers that have only the infohash.
    pub info: Bytes,
    /// Whether only its own trackers may tell who is in the swarm (BEP 27).
    pub private: bool,
    /// How it is cut.
    pub pieces: Pieces,
    /// Its name and files, as web servers have them (BEP 19).
    pub name: String,
    /// Its files in order, as web servers have them.
    pub files: Vec<WebFile>,
    /// Whether it is one file, and not a folder of files.
    pub single_file: bool,
    /// Its bytes on disk.
    pub content: Arc<dyn Content>,
}

/// Where a torrent may be found, as somebody named it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// Peers.
    pub peers: Vec<SocketAddr>,
    /// Trackers, http(s) and udp.
    pub trackers: Vec<Url>,
    /// Web servers that have the files (BEP 19).
    pub webseeds: Vec<Url>,
}

/// How a swarm is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vitals {
    /// Peers connected now, web servers included.
    pub peers: usize,
    /// Bytes per second coming in.
    pub speed: u64,
    /// What has gone to and fro since the swarm was joined.
    pub totals: Totals,
}

/// One torrent's swarm. It is left when this is dropped.
pub struct Swarm {
    live: Arc<Live>,
}

impl Swarm {
    pub(crate) fn join(torrent: Torrent, session: Arc<Shared>) -> Self {
        let live = Live::new(torrent, session);
        live.look_around();
        conductor::start(&live);
        Self { live }
    }

    pub(crate) fn live(&self) -> &Arc<Live> {
        &self.live
    }

    /// Takes note of where else the torrent may be found.
    pub fn add(&self, sources: &Sources) {
        self.live.found(&sources.peers, Source::Hint);
        self.live.follow(sources);
    }

    /// Begins to fetch a range of bytes, a bounded stretch ahead of where the reader is: no more than
    /// its reach, in bytes, and in any case the piece where it is.
    #[must_use = "nothing is fetched once it is dropped"]
    pub fn read(&self, range: Range<u64>, need: Need, reach: u64) -> Reader {
        let reading = Reading::new(range, need, reach, self.live.now());
        // What failed for others may work by now: whoever comes is told only of what fails from here on.
        self.live.take_failure();
        let key = self.live.state().add_reader(reading);
        self.live.wake.notify_one();
        Reader {
            live: Arc::clone(&self.live),
            key,
        }
    }

    /// Gives pieces up towards peers, whole or in part: no peer is told of them or gets them any more,
    /// what was asked of peers is taken back, and no connection breaks. The bytes of
    /// [`Forgetting::pieces`] may go from then on; until the result is dropped nobody is asked for
    /// them again.
    pub fn forget(&self, pieces: &[u32]) -> Forgetting {
        let forgotten = self.live.state().forget(pieces);
        // Who was asked for them has time for others.
        self.live.wake.notify_one();
        Forgetting {
            live: Arc::clone(&self.live),
            pieces: forgotten,
        }
    }

    /// Tells that a reader is waiting. Fails once where the disk takes nothing; after that it is
    /// tried again.
    ///
    /// # Errors
    /// What the file system said to the last write.
    pub fn hurry(&self) -> io::Result<()> {
        if self.live.state().peers.is_empty() {
            self.live.ask_trackers();
        }
        self.live.take_failure().map_or(Ok(()), Err)
    }

    /// How the swarm is doing.
    #[must_use]
    pub fn vitals(&self) -> Vitals {
        let now = self.live.now();
        let state = self.live.state();
        let speed: f64 = state.peers.values().map(|peer| peer.pace.rate(now)).sum();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a speed is positive and far below 2⁶⁴"
        )]
        let speed = speed as u64;
        Vitals {
            peers: state.peers.len(),
            speed,
            totals: state.totals,
        }
    }
}

impl Drop for Swarm {
    fn drop(&mut self) {
        self.live.stop.cancel();
    }
}

/// Pieces that are being given up.
#[must_use = "when it is dropped the pieces may be fetched again"]
pub struct Forgetting {
    live: Arc<Live>,
    pieces: Vec<u32>,
}

impl Forgetting {
    /// The pieces whose bytes may go: not those that are being hashed or written to just now.
    #[must_use]
    pub fn pieces(&self) -> &[u32] {
        &self.pieces
    }
}

impl Drop for Forgetting {
    fn drop(&mut self) {
        self.live.state().release(&self.pieces);
        self.live.wake.notify_one();
    }
}

/// A reader of a torrent: what lies ahead of it is fetched until it is dropped.
#[must_use = "nothing is fetched once it is dropped"]
pub struct Reader {
    live: Arc<Live>,
    key: u32,
}

impl Reader {
    /// Says that the reader is at this offset of the torrent now, and how many bytes from there on
    /// may be fetched; the piece where it is is fetched in any case.
    pub fn move_to(&self, at: u64, reach: u64) {
        let now = self.live.now();
        let mut state = self.live.state();
        let piece = state.pieces.piece_at(at);
        let waits = !state.progress.held().has(piece);
        let Some(reading) = state.readers.get_mut(&self.key) else {
            return;
        };
        let was_in = self.live.pieces.piece_at(reading.at());
        reading.move_to(at, waits, now);
        reading.set_reach(reach);
        drop(state);
        // Within a piece only the deadlines move; they are looked at soon enough.
        if piece != was_in {
            self.live.wake.notify_one();
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.live.state().readers.remove(&self.key);
        self.live.wake.notify_one();
    }
}
