//! A web server as a peer (BEP 19): it has every piece and never chokes.

use std::{net::SocketAddr, ops::Range, sync::Arc, time::Duration};

use futures_util::StreamExt;
use librqbit_core::hash_id::Id20;
use tokio::{sync::Notify, time::sleep};

use super::{live::Live, peer::Newcomer};
use crate::{
    BLOCK, Block,
    schedule::PeerKey,
    webseed::{Failure, Refused, WebSeed},
};

/// The first rest after a failure; it doubles every time.
const REST: Duration = Duration::from_secs(2);

/// And no longer than this.
const LONGEST_REST: Duration = Duration::from_secs(600);

/// Web servers have no address that a peer could have.
const NOWHERE: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0);

/// Fetches from a web server until the swarm is left or the server is of no use.
pub(super) async fn attend(live: Arc<Live>, seed: WebSeed) {
    let stop = live.stop.clone();
    tokio::select! {
        () = fetch_again_and_again(&live, &seed) => {}
        () = stop.cancelled() => {}
    }
}

async fn fetch_again_and_again(live: &Arc<Live>, seed: &WebSeed) {
    let mut rest = REST;
    loop {
        let (ended, was_useful) = fetch(live, seed).await;
        if was_useful {
            rest = REST;
        }
        match ended {
            Ended::Refused(refused) => {
                tracing::debug!(%refused, "a web server sent nothing");
                match refused {
                    Refused::Gone => return,
                    Refused::Busy(pause) => sleep(pause.min(LONGEST_REST).max(rest)).await,
                    Refused::Failed(_) => sleep(rest).await,
                }
            }
            Ended::Closed(why) => {
                tracing::info!(why, "a web server is asked no more");
                return;
            }
        }
        rest = (rest * 2).min(LONGEST_REST);
    }
}

/// Why nothing more is fetched.
enum Ended {
    Refused(Refused),
    Closed(&'static str),
}

/// The server's place among the peers, for as long as this lives.
struct Place<'a> {
    live: &'a Arc<Live>,
    key: PeerKey,
    wake: Arc<Notify>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let now = self.live.now();
        self.live.state().leave(self.key, now);
        self.live.wake.notify_one();
    }
}

/// Fetches what is asked for, until that fails. Says whether anything came before.
async fn fetch(live: &Arc<Live>, seed: &WebSeed) -> (Ended, bool) {
    let wake = Arc::new(Notify::new());
    let newcomer = Newcomer {
        address: NOWHERE,
        id: Id20::default(),
        outgoing: true,
        web: true,
        fast: false,
        extended: false,
        dht: false,
        flags: 0,
        wake: Arc::clone(&wake),
    };
    let joined = live.state().join(newcomer, live.now());
    let Ok(key) = joined else {
        return (Ended::Closed("there is no room for it"), false);
    };
    live.wake.notify_one();
    let place = Place { live, key, wake };
    let mut was_useful = false;
    loop {
        match place.next_run() {
            Run::Blocks(run) => {
                if let Err(refused) = place.fetch_run(seed, run, &mut was_useful).await {
                    return (Ended::Refused(refused), was_useful);
                }
            }
            Run::Nothing => place.wake.notified().await,
            Run::Closed(why) => return (Ended::Closed(why), was_useful),
        }
    }
}

enum Run {
    /// Blocks that follow each other in the torrent.
    Blocks(Vec<Block>),
    Nothing,
    Closed(&'static str),
}

impl Place<'_> {
    /// The next blocks that can be had by one request.
    fn next_run(&self) -> Run {
        let mut state = self.live.state();
        let Some(peer) = state.peers.get_mut(&self.key) else {
            return Run::Closed("it is no peer any more");
        };
        if let Some(why) = peer.closing {
            return Run::Closed(why);
        }
        let mut run: Vec<Block> = Vec::new();
        while let Some(block) = peer.blocks.front() {
            let start = self.live.pieces.bytes_of_block(*block).start;
            let follows = run
                .last()
                .is_none_or(|last| self.live.pieces.bytes_of_block(*last).end == start);
            if !follows {
                break;
            }
            run.extend(peer.blocks.pop_front());
        }
        if run.is_empty() {
            Run::Nothing
        } else {
            Run::Blocks(run)
        }
    }

    /// Whether any of these is still asked for.
    fn is_wanted(&self, blocks: &[Block]) -> bool {
        let state = self.live.state();
        blocks
            .iter()
            .any(|block| state.progress.is_asked_of(*block, self.key))
    }

    async fn fetch_run(
        &self,
        seed: &WebSeed,
        run: Vec<Block>,
        was_useful: &mut bool,
    ) -> Result<(), Refused> {
        let mut incoming = seed.fetch(self.bytes_of(&run));
        let mut partial = Vec::with_capacity(BLOCK as usize);
        for (number, block) in run.iter().enumerate() {
            let bytes = self.live.pieces.bytes_of_block(*block);
            let length = usize::try_from(bytes.end - bytes.start).unwrap_or(usize::MAX);
            while partial.len() < length {
                // A reader that jumps leaves the rest of the run to nobody.
                if !self.is_wanted(&run[number..]) {
                    return Ok(());
                }
                match incoming.next().await {
                    Some(more) => partial.extend_from_slice(&more?),
                    None => return Err(Failure::Short.into()),
                }
            }
            let takes = self.live.state().takes(*block);
            if takes {
                self.live.take(self.key, *block, &partial[..length]);
                *was_useful = true;
            }
            partial.drain(..length);
        }
        Ok(())
    }

    fn bytes_of(&self, run: &[Block]) -> Range<u64> {
        let bytes = |block: &Block| self.live.pieces.bytes_of_block(*block);
        let start = run.first().map_or(0, |first| bytes(first).start);
        let end = run.last().map_or(start, |last| bytes(last).end);
        start..end
    }
}
