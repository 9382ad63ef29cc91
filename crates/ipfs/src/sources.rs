//! All sources of blocks behind the own disk, in the configured order.

mod flights;
mod race;
mod standing;

use std::sync::Arc;

use bytes::Bytes;
use cid::Cid;
use futures_util::FutureExt;
use tokio::time::{Instant, timeout_at};
use universal_p2p_core::Result;

use crate::{Block, BlockSource, Local, Urgency, Want};
use flights::Flights;
use race::{Race, nobody};

/// Where blocks come from: inline in the CID, the own disk, then the sources in order.
///
/// However many want a block, it is fetched once, and no more when none of them waits. What arrives
/// is handed to the disk, and nobody waits until it is there.
pub struct Sources {
    local: Arc<dyn Local>,
    race: Arc<Race>,
    flights: Arc<Flights>,
}

impl Sources {
    /// Puts sources behind the own disk, in the order to try them.
    #[must_use]
    pub fn new(local: Arc<dyn Local>, sources: Vec<Arc<dyn BlockSource>>) -> Self {
        Self {
            local,
            race: Arc::new(Race::new(sources)),
            flights: Arc::default(),
        }
    }

    /// The blocks on the own disk.
    pub(crate) fn local(&self) -> &Arc<dyn Local> {
        &self.local
    }

    /// The length of a block that needs no fetching.
    pub(crate) fn length_at_hand(&self, cid: &Cid) -> Option<u64> {
        match Block::inline(cid) {
            Some(block) => Some(block.bytes().len() as u64),
            None => self.local.length(cid.hash()),
        }
    }

    /// A block that needs no fetching.
    ///
    /// # Errors
    /// Only where the own disk fails.
    pub(crate) async fn at_hand(&self, cid: &Cid) -> Result<Option<Block>> {
        if let Some(block) = Block::inline(cid) {
            return Ok(Some(block));
        }
        let Some(length) = self.local.length(cid.hash()) else {
            return Ok(None);
        };
        let mut whole: Option<Bytes> = None;
        let mut joined = Vec::new();
        let mut at = 0;
        // A store may hand out less than was asked for at once.
        while at < length {
            let Some(bytes) = self.local.read(cid.hash(), at..length).await? else {
                return Ok(None);
            };
            if bytes.is_empty() {
                return Ok(None);
            }
            at += bytes.len() as u64;
            if at == length && joined.is_empty() {
                whole = Some(bytes);
            } else {
                joined.extend_from_slice(&bytes);
            }
        }
        let bytes = whole.unwrap_or_else(|| joined.into());
        Ok(Some(Block::held(*cid, bytes)))
    }

    /// Finds a block wherever it is, within the time that is given.
    ///
    /// # Errors
    /// What kept it away, see [`BlockSource::get`].
    pub async fn get(&self, cid: &Cid, want: &Want) -> Result<Block> {
        match self.at_hand(cid).await? {
            Some(block) => Ok(block),
            None => self.fetch(cid, want).await,
        }
    }

    /// Says that somebody waits now for a block that was wanted soon.
    pub(crate) fn hurry(&self, cid: &Cid) {
        self.race.hurry(cid);
    }

    /// Fetches a block, together with all others who want it.
    async fn fetch(&self, cid: &Cid, want: &Want) -> Result<Block> {
        let started = Instant::now();
        let until = started + want.within;
        loop {
            let (flight, is_own) = self.flights.join(cid, want, || {
                let (race, local) = (Arc::clone(&self.race), Arc::clone(&self.local));
                let (cid, want) = (*cid, want.clone());
                async move {
                    let block = race.run(&cid, &want).await?;
                    local.keep(&want.root, &block);
                    Ok(block)
                }
                .boxed()
            });
            if !is_own && want.urgency == Urgency::Now {
                self.hurry(cid);
            }
            match timeout_at(until, flight).await {
                Ok(Ok(block)) => return Ok(block.under(*cid)),
                // Another began it, and may have had less time.
                Ok(Err(_)) if !is_own && Instant::now() < until => {}
                Ok(Err(error)) => return Err(error),
                Err(_) => return Err(nobody(started.elapsed())),
            }
        }
    }
}

#[cfg(test)]
mod tests;
