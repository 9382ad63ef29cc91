//! One block from the sources in order: a slow one is overtaken, not waited for.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use cid::Cid;
use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use universal_p2p_core::{Error, Result};

use super::standing::{Standings, is_wrong};
use crate::{Block, BlockSource, Want};

/// The longest rest of a source that is waited for.
const REST: Duration = Duration::from_secs(5);

/// The sources, and how each has done so far.
pub(super) struct Race {
    sources: Vec<Arc<dyn BlockSource>>,
    standings: Mutex<Standings>,
}

impl Race {
    pub(super) fn new(sources: Vec<Arc<dyn BlockSource>>) -> Self {
        let standings = Mutex::new(Standings::new(sources.len()));
        Self { sources, standings }
    }

    pub(super) fn hurry(&self, cid: &Cid) {
        for source in &self.sources {
            source.hurry(cid);
        }
    }

    /// How many peers all sources together know who have something of a root.
    pub(super) async fn peers(&self, root: &Cid) -> u64 {
        let mut peers = 0;
        for source in &self.sources {
            peers += source.peers(root).await;
        }
        peers
    }

    /// How many peers all sources are connected with.
    pub(super) fn connected(&self) -> u64 {
        self.sources
            .iter()
            .map(|source| source.connected_peers())
            .sum()
    }

    /// The first right answer, and whether its source keeps it. A source that fails makes room for the
    /// next at once, and one that takes longer than it usually does is given company. One that is to be
    /// left alone for a moment is asked again after that.
    pub(super) async fn run(&self, cid: &Cid, want: &Want) -> Result<(Block, bool)> {
        let started = Instant::now();
        let until = started + want.within;
        let order = self.standings().order();
        let mut waiting = order.into_iter().peekable();
        let mut running = FuturesUnordered::new();
        let mut at_work: Vec<usize> = Vec::new();
        let mut failures = Vec::new();
        let mut rested = HashSet::new();
        let mut is_one_due = true;
        loop {
            if is_one_due && let Some(source) = waiting.next() {
                at_work.push(source);
                running.push(self.ask(source, None, cid, want, until));
            }
            if running.is_empty() {
                return Err(worst(failures, started.elapsed()));
            }
            let patience = at_work.last().map_or(REST, |latest| {
                self.standings().patience(*latest, want.urgency)
            });
            let is_more = waiting.peek().is_some();
            let (source, took, answer) = tokio::select! {
                Some(ended) = running.next() => ended,
                () = sleep(patience), if is_more => {
                    is_one_due = true;
                    continue;
                }
            };
            at_work.retain(|other| *other != source);
            match answer {
                Ok(block) => {
                    self.standings().won(source, took, &at_work);
                    let is_kept = self
                        .sources
                        .get(source)
                        .is_some_and(|source| source.keeps());
                    return Ok((block, is_kept));
                }
                Err(error) => {
                    self.standings().failed(source, &error);
                    if let Error::Busy { retry_after, .. } = error
                        && retry_after <= REST
                        && rested.insert(source)
                    {
                        let after = Instant::now() + retry_after;
                        running.push(self.ask(source, Some(after), cid, want, until));
                    }
                    failures.push(error);
                    is_one_due = true;
                }
            }
        }
    }

    /// Asks one source, and takes nothing but the block that was asked for.
    async fn ask(
        &self,
        source: usize,
        after: Option<Instant>,
        cid: &Cid,
        want: &Want,
        until: Instant,
    ) -> (usize, Duration, Result<Block>) {
        if let Some(after) = after {
            sleep_until(after.min(until)).await;
        }
        let started = Instant::now();
        let Some(asked) = self.sources.get(source) else {
            return (source, Duration::ZERO, Err(nobody(Duration::ZERO)));
        };
        let answer = match timeout_at(until, asked.get(cid, want)).await {
            Ok(Ok(block)) if block.cid().hash() != cid.hash() => Err(Error::Corrupt {
                what: format!("{} gave another block than {cid}", asked.name()),
            }),
            Ok(answer) => answer,
            Err(_) => Err(nobody(started.elapsed())),
        };
        (source, started.elapsed(), answer)
    }

    fn standings(&self) -> MutexGuard<'_, Standings> {
        self.standings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The failure that says most of why nobody gave a block.
fn worst(failures: Vec<Error>, waited: Duration) -> Error {
    let weight = |error: &Error| match error {
        error if is_wrong(error) => 4,
        Error::Stalled { .. } => 3,
        Error::Stopping | Error::Internal { .. } => 2,
        // Where one source looked and found nobody, another that was not running is no news.
        Error::NoProviders { .. } | Error::NoMetadata { .. } => 1,
        _ => 0,
    };
    // Of equals the first: it is the one that the configuration prefers.
    let first = failures.into_iter().reduce(|best, next| {
        if weight(&next) > weight(&best) {
            next
        } else {
            best
        }
    });
    first.unwrap_or_else(|| nobody(waited))
}

/// What is said where nobody has a block.
pub(super) fn nobody(waited: Duration) -> Error {
    Error::NoProviders {
        waited,
        cure: "name a peer that has it (peer=<multiaddress>), a daemon or a gateway in [ipfs], or try again later".into(),
    }
}
