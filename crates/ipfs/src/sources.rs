//! All sources of blocks behind the own disk, in the configured order.

mod flights;
mod race;
mod standing;

use std::sync::Arc;

use cid::Cid;
use futures_util::FutureExt;
use tokio::time::{Instant, timeout_at};
use universal_p2p_core::Result;

use crate::{Block, BlockSource, Local, Stored, Urgency, Want, activity::Activities};
use flights::Flights;
use race::{Race, nobody};

/// Where blocks come from: inline in the CID, the own disk, then the sources in order.
///
/// However many want a block, it is fetched once, and no more when none of them waits. What arrives
/// is written to disk before it is handed out, so that nobody fetches faster than that goes; but not
/// what comes from a daemon on this machine, which keeps it.
pub struct Sources {
    local: Arc<dyn Local>,
    race: Arc<Race>,
    flights: Arc<Flights>,
    activities: Arc<Activities>,
}

impl Sources {
    /// Puts sources behind the own disk, in the order to try them.
    #[must_use]
    pub fn new(local: Arc<dyn Local>, sources: Vec<Arc<dyn BlockSource>>) -> Self {
        Self {
            local,
            race: Arc::new(Race::new(sources)),
            flights: Arc::default(),
            activities: Arc::default(),
        }
    }

    /// What goes on below each root.
    pub(crate) fn activities(&self) -> &Arc<Activities> {
        &self.activities
    }

    /// How many peers are known to have something of a root.
    pub(crate) async fn peers(&self, root: &Cid) -> u64 {
        self.race.peers(root).await
    }

    /// The blocks on the own disk.
    pub(crate) fn local(&self) -> &Arc<dyn Local> {
        &self.local
    }

    /// The length of a block that needs no fetching, as far as memory knows.
    pub(crate) fn length_at_hand(&self, cid: &Cid) -> Option<u64> {
        match Block::inline(cid) {
            Some(block) => Some(block.bytes().len() as u64),
            None => self.local.length(cid.hash()),
        }
    }

    /// A block that needs no fetching, for a reader of this root.
    pub(crate) async fn at_hand(&self, root: &Cid, cid: &Cid) -> Option<Block> {
        if let Some(block) = Block::inline(cid) {
            return Some(block);
        }
        let kept = self.local.find(root, cid.hash()).await?;
        let bytes = kept.read_all().await?;
        Some(Block::held(*cid, bytes))
    }

    /// Finds a block wherever it is, within the time that is given.
    ///
    /// # Errors
    /// What kept it away, see [`BlockSource::get`].
    pub async fn get(&self, cid: &Cid, want: &Want) -> Result<Block> {
        match self.at_hand(&want.root, cid).await {
            Some(block) => Ok(block),
            None => self.fetch(cid, want).await,
        }
    }

    /// The same for a block that covers so many bytes of a file. Where it is on disk and long enough
    /// to have them in itself, it is only found: its reader reads it when he comes to it.
    ///
    /// # Errors
    /// As [`Sources::get`].
    pub(crate) async fn open(&self, cid: &Cid, covers: u64, want: &Want) -> Result<Opened> {
        match self.open_held(&want.root, cid, covers).await {
            Some(opened) => Ok(opened),
            None => self.fetch(cid, want).await.map(Opened::Here),
        }
    }

    /// The same where it needs no fetching.
    pub(crate) async fn open_held(&self, root: &Cid, cid: &Cid, covers: u64) -> Option<Opened> {
        if let Some(block) = Block::inline(cid) {
            return Some(Opened::Here(block));
        }
        let kept = self.local.find(root, cid.hash()).await?;
        if kept.length() >= covers {
            return Some(Opened::OnDisk(kept));
        }
        let bytes = kept.read_all().await?;
        Some(Opened::Here(Block::held(*cid, bytes)))
    }

    /// Says that somebody waits now for a block that was wanted soon.
    pub(crate) fn hurry(&self, cid: &Cid) {
        self.race.hurry(cid);
    }

    /// How many peers are connected, over all sources.
    pub(crate) fn connected(&self) -> u64 {
        self.race.connected()
    }

    /// Fetches a block, together with all others who want it.
    async fn fetch(&self, cid: &Cid, want: &Want) -> Result<Block> {
        let started = Instant::now();
        let until = started + want.within;
        loop {
            let (flight, is_own) = self.flights.join(cid, want, || {
                let (race, local) = (Arc::clone(&self.race), Arc::clone(&self.local));
                let activities = Arc::clone(&self.activities);
                let (cid, want) = (*cid, want.clone());
                async move {
                    let (block, is_kept) = race.run(&cid, &want).await?;
                    activities.came(&want.root, block.bytes().len());
                    if !is_kept {
                        local.keep(&want.root, &block).await;
                    }
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

/// A block for a reader.
pub(crate) enum Opened {
    /// On disk, to be read piece by piece.
    OnDisk(Arc<dyn Stored>),
    /// In memory.
    Here(Block),
}

#[cfg(test)]
mod tests;
