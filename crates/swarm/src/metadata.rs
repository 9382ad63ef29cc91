//! Fetching a torrent's metadata from peers (BEP 9, BEP 10), from several at once.

mod exchange;

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{
    StreamExt,
    stream::{BoxStream, FuturesUnordered},
};
use librqbit_core::hash_id::Id20;
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, timeout},
};
use universal_p2p_core::{Error, Result};

use crate::{
    net::{self, Encryption, Refused, Sockets},
    wire::Handshake,
};

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

/// Whose metadata is looked for, and how peers are reached.
#[derive(Clone, Copy)]
pub(crate) struct Search<'a> {
    pub(crate) infohash: Id20,
    pub(crate) hello: Handshake,
    pub(crate) sockets: &'a Sockets,
    pub(crate) encryption: Encryption,
}

impl Search<'_> {
    /// Takes peers as they are found and asks them, until one sends the info dictionary that the
    /// infohash names.
    pub(crate) async fn among(
        self,
        mut found: BoxStream<'static, SocketAddr>,
        limit: Duration,
    ) -> Result<Bytes> {
        let started = Instant::now();
        let reached = AtomicUsize::new(0);
        let places = Semaphore::new(AT_ONCE);
        let asking = async {
            let mut known = HashSet::new();
            let mut asked = FuturesUnordered::new();
            let mut exhausted = false;
            loop {
                tokio::select! {
                    peer = found.next(), if !exhausted => match peer {
                        Some(peer) if known.len() < MOST_PEERS && known.insert(peer) => {
                            asked.push(self.ask(peer, &places, &reached));
                        }
                        Some(_) => {}
                        None => exhausted = true,
                    },
                    Some(answer) = asked.next() => if let Some(info) = answer {
                        return Ok(info);
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
        self,
        peer: SocketAddr,
        places: &Semaphore,
        reached: &AtomicUsize,
    ) -> Option<Bytes> {
        let mut pause = PAUSE;
        for _ in 0..TRIES {
            {
                let _place = places.acquire().await.ok()?;
                let asking = timeout(ONE_PEER, self.ask_once(peer, reached));
                match asking.await {
                    Ok(Ok(info)) => return Some(info),
                    Ok(Err(Some(failure))) => {
                        tracing::debug!(%peer, %failure, "a peer gave no metadata");
                        return None;
                    }
                    // It was not reached: it may be starting.
                    Ok(Err(None)) => {}
                    Err(_) => return None,
                }
            }
            sleep(pause).await;
            pause *= 2;
        }
        None
    }

    async fn ask_once(
        self,
        peer: SocketAddr,
        reached: &AtomicUsize,
    ) -> std::result::Result<Bytes, Option<exchange::Failure>> {
        let greeting = net::greet(self.sockets, peer, &self.hello, self.encryption);
        match greeting.await {
            Ok(connection) => {
                reached.fetch_add(1, Ordering::Relaxed);
                exchange::with(connection, self.infohash)
                    .await
                    .map_err(Some)
            }
            Err(error @ (Refused::Unreachable(_) | Refused::HungUp(_) | Refused::Slow)) => {
                tracing::trace!(%peer, %error, "a peer is tried again");
                Err(None)
            }
            Err(_) => Err(Some(exchange::Failure::NoMetadata)),
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
