//! One torrent's place in the engine, and when it is worth a restart.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{Arc, Mutex, Weak},
    time::{Duration, Instant},
};

use librqbit::{ManagedTorrent, ManagedTorrentState};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;
use universal_p2p_store::Announcer;

use super::{fetching::Readers, offering::Offering, storage::Failure, swarms::Swarms};
use crate::torrent::{Torrent, guard};

/// How long a torrent runs before it may be restarted. It doubles with every restart that brought
/// nothing, so that peers who take their time get it.
const SHORTEST_RUN: Duration = Duration::from_secs(1);

/// And no longer than this.
const LONGEST_RUN: Duration = Duration::from_secs(60);

/// How long a torrent runs at least before pieces are taken back of it while others can wait.
const BETWEEN_RESTARTS: Duration = Duration::from_millis(500);

/// Room for so many pieces is enough to start with.
const ENOUGH_ROOM: u32 = 4;

/// With more peers than this somebody soon wakes and takes over what another left lying.
const FEW_PEERS: usize = 2;

/// How long nothing may come in while a reader waits.
const IN_VAIN: Duration = Duration::from_millis(400);

/// Peers of the last run that are tried again after a restart.
const MOST_AGAIN: usize = 200;

/// One torrent's place in the engine.
pub(super) struct Swarm {
    /// The running torrent, or none while it is parked or restarting. Who fetches follows it.
    pub(super) current: watch::Sender<Option<Arc<ManagedTorrent>>>,
    pub(super) readers: Arc<Readers>,
    /// Held while the torrent is joined, restarted or parked, and while pieces of it are given up.
    pub(super) run: Arc<tokio::sync::Mutex<Run>>,
    /// Who takes pieces back before they are given up.
    offering: Mutex<Option<Arc<Offering>>>,
}

impl Swarm {
    pub(super) fn parked() -> Self {
        let current = watch::Sender::new(None);
        Self {
            current,
            readers: Arc::default(),
            run: Arc::default(),
            offering: Mutex::default(),
        }
    }

    /// Whoever takes pieces of this torrent back. It lives as long as the swarm is remembered.
    pub(super) fn offering(
        self: &Arc<Self>,
        swarms: &Arc<Swarms>,
        torrent: &Arc<Torrent>,
    ) -> Weak<dyn Announcer> {
        let offering = Offering::of(swarms, self, torrent);
        let weak: Weak<dyn Announcer> = Arc::<Offering>::downgrade(&offering);
        *guard(&self.offering) = Some(offering);
        weak
    }

    pub(super) fn is_running(&self) -> bool {
        self.current.borrow().is_some()
    }

    /// Whether so few peers are connected that nobody can stand in for one that naps.
    pub(super) fn has_few_peers(&self) -> bool {
        let live = self
            .current
            .borrow()
            .as_ref()
            .and_then(|torrent| torrent.live());
        live.is_none_or(|live| live.stats_snapshot().peer_stats.live as usize <= FEW_PEERS)
    }
}

/// The torrent's present run: from a start to the next.
#[derive(Default)]
pub(super) struct Run {
    pub(super) torrent: Option<Arc<Torrent>>,
    pub(super) since: Option<Instant>,
    /// Peers of the run before, for the next one.
    pub(super) again: BTreeSet<SocketAddr>,
    pub(super) failure: Failure,
    pub(super) listening: Option<AbortOnDropHandle<()>>,
    /// Bytes that had come in when a waiting reader last looked, and since when it is so many.
    fetched: Option<(u64, Instant)>,
    /// Runs in a row that brought nothing.
    fruitless: u32,
}

impl Run {
    /// Whether it is a run of this very torrent, and not of one that was removed since.
    pub(super) fn is_of(&self, torrent: &Torrent) -> bool {
        let own = self.torrent.as_ref();
        own.is_some_and(|own| Arc::ptr_eq(&own.object, &torrent.object))
    }

    /// Whether there is room enough for a torrent that stopped for want of it to be started again:
    /// for the piece that a reader waits for, and for some more, since every peer begins one; or for
    /// it alone, when the last start was a while ago.
    pub(super) fn finds_room(&self, torrent: &Torrent, piece: u32) -> bool {
        if !torrent.object.reserve(piece) {
            return false;
        }
        let is_rested = self
            .since
            .is_none_or(|since| since.elapsed() >= SHORTEST_RUN);
        torrent.object.room() >= ENOUGH_ROOM || is_rested
    }

    /// How long it is until a restart does little harm.
    pub(super) fn until_rested(&self) -> Duration {
        let ran = self.since.map_or(SHORTEST_RUN, |since| since.elapsed());
        BETWEEN_RESTARTS.saturating_sub(ran)
    }

    /// What is kept when this run is over.
    pub(super) fn over(&self, before: Option<&Arc<ManagedTorrent>>) -> Self {
        let brought_nothing = before.is_none_or(|torrent| fetched_bytes(torrent) == 0);
        Self {
            again: before
                .map(|torrent| known_peers(torrent))
                .unwrap_or_default(),
            fruitless: if brought_nothing {
                self.fruitless.saturating_add(1)
            } else {
                0
            },
            ..Self::default()
        }
    }

    /// Whether a reader who waits is better off with a restart: the torrent has failed, or it has
    /// run for a while and nothing comes in from the few peers there are.
    pub(super) fn is_hopeless(&mut self, swarm: &Swarm) -> bool {
        let current = swarm.current.borrow().clone();
        let Some(torrent) = current else { return true };
        let failed = torrent.with_state(|state| matches!(state, ManagedTorrentState::Error(_)));
        let dry = self.is_dry(fetched_bytes(&torrent));
        failed || (dry && self.is_rested() && swarm.has_few_peers())
    }

    fn is_rested(&self) -> bool {
        let shortest = SHORTEST_RUN
            .saturating_mul(1 << self.fruitless.min(10))
            .min(LONGEST_RUN);
        self.since.is_none_or(|since| since.elapsed() >= shortest)
    }

    fn is_dry(&mut self, fetched: u64) -> bool {
        match self.fetched {
            Some((before, since)) if before == fetched => since.elapsed() >= IN_VAIN,
            _ => {
                self.fetched = Some((fetched, Instant::now()));
                false
            }
        }
    }
}

/// Bytes that have come in since the torrent was started.
fn fetched_bytes(torrent: &ManagedTorrent) -> u64 {
    torrent
        .live()
        .map_or(0, |live| live.stats_snapshot().fetched_bytes)
}

/// Every peer that the torrent has met.
fn known_peers(torrent: &ManagedTorrent) -> BTreeSet<SocketAddr> {
    // The filter's type is not exported, but it can be read from its JSON form.
    let (Some(live), Ok(every)) = (torrent.live(), serde_json::from_str(r#"{"state":"all"}"#))
    else {
        return BTreeSet::new();
    };
    let met = live.per_peer_stats_snapshot(every);
    met.peers
        .keys()
        .filter_map(|peer| peer.parse().ok())
        .take(MOST_AGAIN)
        .collect()
}
