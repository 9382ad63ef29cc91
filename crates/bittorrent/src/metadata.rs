//! Fetching a torrent's metadata from peers (BEP 9, BEP 10), from several at once.

mod exchange;

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, stream::BoxStream, stream::FuturesUnordered};
use librqbit_core::hash_id::Id20;
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, timeout},
};
use universal_p2p_core::{Error, Result};

use crate::metainfo::Metainfo;

/// Peers asked at the same time.
const AT_ONCE: usize = 24;

/// Peers tried for one torrent.
const MOST_PEERS: usize = 500;

/// How often one peer is tried, because it may have been starting.
const TRIES: u32 = 5;

/// The pause before a peer is tried again; it doubles every time.
const PAUSE: Duration = Duration::from_millis(500);

/// The longest exchange with one peer.
const ONE_PEER: Duration = Duration::from_secs(30);

/// Takes peers as they are found and asks them, until one sends metadata that has the right hash.
pub(crate) async fn fetch(
    mut found: BoxStream<'static, SocketAddr>,
    infohash: Id20,
    peer_id: Id20,
    limit: Duration,
) -> Result<Metainfo> {
    let started = Instant::now();
    let reached = Arc::new(AtomicUsize::new(0));
    let asking = async {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let mut known = HashSet::new();
        let mut asked = FuturesUnordered::new();
        let mut exhausted = false;
        loop {
            tokio::select! {
                peer = found.next(), if !exhausted => match peer {
                    Some(peer) if known.len() < MOST_PEERS && known.insert(peer) => {
                        asked.push(ask(peer, infohash, peer_id, Arc::clone(&places), Arc::clone(&reached)));
                    }
                    Some(_) => {}
                    None => exhausted = true,
                },
                Some(answer) = asked.next() => match answer {
                    Ok(metainfo) => return Ok(metainfo),
                    // What the content itself says is true whoever says it; a lie is not.
                    Err(error @ Error::Unsupported { .. }) => return Err(error),
                    Err(error) => tracing::debug!(%error, infohash = %infohash.as_string(), "a peer gave no metadata"),
                },
                else => return Err(nobody(started.elapsed(), &reached)),
            }
        }
    };
    timeout(limit, asking)
        .await
        .unwrap_or_else(|_| Err(nobody(limit, &reached)))
}

/// Asks one peer, again after a while where it cannot be reached.
async fn ask(
    peer: SocketAddr,
    infohash: Id20,
    peer_id: Id20,
    places: Arc<Semaphore>,
    reached: Arc<AtomicUsize>,
) -> Result<Metainfo> {
    let mut pause = PAUSE;
    let mut tries_left = TRIES;
    loop {
        let answer = {
            let _place = places
                .acquire()
                .await
                .map_err(|error| Error::internal("asking a peer", error))?;
            let exchange = exchange::with(peer, infohash, peer_id, &reached);
            timeout(ONE_PEER, exchange)
                .await
                .unwrap_or_else(|_| Err(exchange::Failure::TimedOut))
        };
        tries_left -= 1;
        match answer {
            Ok(info) => return Metainfo::parse(info, infohash),
            Err(exchange::Failure::Unreachable(error)) if tries_left > 0 => {
                tracing::trace!(%peer, %error, "trying again");
                sleep(pause).await;
                pause *= 2;
            }
            Err(failure) => {
                return Err(Error::Corrupt {
                    what: format!("{peer}: {failure}"),
                });
            }
        }
    }
}

fn nobody(waited: Duration, reached: &AtomicUsize) -> Error {
    match reached.load(Ordering::Relaxed) {
        0 => Error::NoPeers {
            waited,
            cure: "name a peer (x.pe=address:port) or a tracker (tr=…) in the address, or try again later".into(),
        },
        peers => Error::NoMetadata { waited, peers },
    }
}

#[cfg(test)]
mod tests;
