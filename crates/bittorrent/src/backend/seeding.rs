//! Being in the swarms of what the user shares, for as long as it is shared.

use std::{collections::HashMap, sync::Arc, time::Duration};

use librqbit_core::hash_id::Id20;
use tokio::time::timeout;
use universal_p2p_core::Result;
use universal_p2p_sharing::{Share, Shares};

use super::{Finder, Known};
use crate::{metainfo::Metainfo, torrent::Torrent, torrent::Visit};

/// How often swarms are looked after when nothing was told.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// A share whose swarm is joined.
struct Seed {
    share: Arc<Share>,
    /// What of it was served when the swarm was joined.
    revision: u64,
    torrent: Arc<Torrent>,
    /// It is not parked, whoever reads it.
    _visit: Visit,
}

/// Joins the swarms of what is shared, and leaves those of what is not shared any more. Never ends.
pub(super) async fn seed(finder: Arc<Finder>, known: Arc<Known>, shares: Arc<Shares>) {
    let mut changes = shares.subscribe();
    let mut seeds = HashMap::new();
    loop {
        let now = shares.ready();
        leave_others(&finder, &known, &mut seeds, &now).await;
        for share in now {
            let Some(infohash) = share.infohash().map(Id20::new) else {
                continue;
            };
            if let Err(error) = keep(&finder, &known, &mut seeds, infohash, share).await {
                tracing::warn!(%error, infohash = %infohash.as_string(), "a share cannot be served");
            }
        }
        let _ = timeout(LOOK_EVERY, changes.changed()).await;
    }
}

/// Leaves the swarms of what is not shared any more.
async fn leave_others(
    finder: &Finder,
    known: &Known,
    seeds: &mut HashMap<Id20, Seed>,
    now: &[Arc<Share>],
) {
    let is_shared = |seed: &Seed| now.iter().any(|share| Arc::ptr_eq(share, &seed.share));
    let gone: Vec<_> = seeds
        .iter()
        .filter(|(_, seed)| !is_shared(seed))
        .map(|(infohash, _)| *infohash)
        .collect();
    for infohash in gone {
        seeds.remove(&infohash);
        known.forget(infohash);
        finder.engine.leave(infohash).await;
    }
}

/// Sees to it that a share is served as it is now.
async fn keep(
    finder: &Finder,
    known: &Known,
    seeds: &mut HashMap<Id20, Seed>,
    infohash: Id20,
    share: Arc<Share>,
) -> Result<()> {
    let revision = share.revision();
    if let Some(seed) = seeds.get_mut(&infohash)
        && !seed.torrent.object.is_gone()
    {
        if seed.revision != revision {
            // Peers were told of pieces that are not served any more, or not of some that are.
            finder.engine.leave(infohash).await;
            seed.revision = revision;
        }
        return finder.engine.join(&seed.torrent).await;
    }
    // It may be known from before it was shared, and read from the store alone.
    known.forget(infohash);
    finder.engine.leave(infohash).await;
    let Some((info, _)) = share.torrent() else {
        return Ok(());
    };
    let opened = finder.open(Metainfo::parse(info, infohash)?).await?;
    let torrent = known.insert(opened);
    let seed = Seed {
        revision,
        _visit: torrent.visit(),
        torrent: Arc::clone(&torrent),
        share,
    };
    seeds.insert(infohash, seed);
    finder.engine.join(&torrent).await
}
