//! Looking for peers in the DHT, and saying there what is held here.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    time::Duration,
};

use cid::Cid;
use libp2p::{
    Multiaddr, PeerId,
    kad::{
        self, AddProviderError, AddProviderOk, GetClosestPeersError, GetClosestPeersOk,
        GetProvidersOk, PeerInfo, QueryId, QueryResult, RecordKey,
    },
};
use tokio::time::Instant;

use super::records::{OWN, Records};
use crate::bitswap::Hash;

/// The most searches at the same time.
const SEARCHES: usize = 16;

/// The most searches that wait.
const WAITING: usize = 256;

/// With so many providers found a search is over.
const ENOUGH: usize = 16;

/// The most peers whose addresses are looked for at the same time.
const FINDING: usize = 16;

/// The most announcements at the same time.
const ANNOUNCED: usize = 2;

/// How long searches wait at the start until the first peer of the DHT is connected.
const JOINING: Duration = Duration::from_secs(20);

type Kad = kad::Behaviour<Records>;

/// The searches under way.
pub(super) struct Searches {
    id: PeerId,
    running: HashMap<QueryId, (Cid, usize)>,
    waiting: VecDeque<Cid>,
    finding: HashMap<QueryId, PeerId>,
    announcing: HashSet<QueryId>,
    to_announce: VecDeque<RecordKey>,
    /// Until when a first peer is waited for.
    until: Instant,
}

/// What a search brought.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// These peers say that they have the root.
    Providers(Hash, Vec<PeerId>),
    /// No more will be found.
    Over(Hash),
    /// Where a peer is; nowhere where that is not known.
    Addresses(PeerId, Vec<Multiaddr>),
}

impl Searches {
    /// Searches of a node that joins the DHT, or does not.
    pub(super) fn new(id: PeerId, is_joining: bool) -> Self {
        let wait = if is_joining { JOINING } else { Duration::ZERO };
        Self {
            id,
            running: HashMap::new(),
            waiting: VecDeque::new(),
            finding: HashMap::new(),
            announcing: HashSet::new(),
            to_announce: VecDeque::new(),
            until: Instant::now() + wait,
        }
    }

    /// Looks for peers that have a root; false where too much is looked for.
    pub(super) fn search(&mut self, root: Cid) -> bool {
        let is_room = self.waiting.len() < WAITING;
        if is_room {
            self.waiting.push_back(root);
        }
        is_room
    }

    /// Looks for the addresses of a peer; false where too many are looked for.
    pub(super) fn find(&mut self, kad: &mut Kad, peer: PeerId) -> bool {
        if self.finding.len() >= FINDING || !is_joined(kad) {
            return false;
        }
        let query = kad.get_closest_peers(peer);
        self.finding.insert(query, peer);
        true
    }

    /// Announces that something is held, when its turn comes.
    pub(super) fn announce(&mut self, cid: &Cid) {
        let key = key(cid);
        if self.to_announce.len() < OWN && !self.to_announce.contains(&key) {
            self.to_announce.push_back(key);
        }
    }

    /// Announces something no longer.
    pub(super) fn withdraw(&mut self, kad: &mut Kad, cid: &Cid) {
        let key = key(cid);
        self.to_announce.retain(|waiting| *waiting != key);
        kad.stop_providing(&key);
    }

    /// Begins what waits. Called whenever anything ended, and about once a second.
    pub(super) fn begin(&mut self, kad: &mut Kad) {
        let is_joined = is_joined(kad);
        if is_joined || Instant::now() >= self.until {
            while self.running.len() < SEARCHES
                && let Some(root) = self.waiting.pop_front()
            {
                let query = kad.get_providers(key(&root));
                self.running.insert(query, (root, 0));
            }
        }
        while is_joined
            && self.announcing.len() < ANNOUNCED
            && let Some(key) = self.to_announce.pop_front()
        {
            if let Ok(query) = kad.start_providing(key) {
                self.announcing.insert(query);
            }
        }
    }

    /// Takes what a query brought.
    pub(super) fn progress(
        &mut self,
        kad: &mut Kad,
        query: QueryId,
        result: QueryResult,
        is_last: bool,
    ) -> Vec<Found> {
        let mut found = Vec::new();
        match result {
            QueryResult::GetProviders(result) => {
                if let Some((root, count)) = self.running.get_mut(&query)
                    && let Ok(GetProvidersOk::FoundProviders { providers, .. }) = result
                {
                    let id = self.id;
                    let others = providers.into_iter().filter(|peer| *peer != id);
                    let new: Vec<PeerId> = others.take(ENOUGH.saturating_sub(*count)).collect();
                    *count += new.len();
                    if *count >= ENOUGH
                        && let Some(mut query) = kad.query_mut(&query)
                    {
                        query.finish();
                    }
                    found.push(Found::Providers(*root.hash(), new));
                }
                if is_last && let Some((root, _)) = self.running.remove(&query) {
                    found.push(Found::Over(*root.hash()));
                }
            }
            QueryResult::GetClosestPeers(result) if is_last => {
                if let Some(peer) = self.finding.remove(&query) {
                    found.push(Found::Addresses(peer, addresses(&peer, result)));
                }
            }
            QueryResult::StartProviding(result) => {
                let (Ok(AddProviderOk { key }) | Err(AddProviderError::Timeout { key })) = result;
                tracing::debug!(?key, "announced what is held");
                self.announcing.remove(&query);
            }
            _ => {}
        }
        self.begin(kad);
        found
    }
}

/// Whether any peer of the DHT is known.
pub(super) fn is_joined(kad: &mut Kad) -> bool {
    kad.kbuckets().any(|bucket| !bucket.is_empty())
}

/// Codecs and versions make no difference.
fn key(cid: &Cid) -> RecordKey {
    RecordKey::new(&cid.hash().to_bytes())
}

fn addresses(
    peer: &PeerId,
    result: Result<GetClosestPeersOk, GetClosestPeersError>,
) -> Vec<Multiaddr> {
    let (Ok(GetClosestPeersOk { peers, .. }) | Err(GetClosestPeersError::Timeout { peers, .. })) =
        result;
    let same = peers
        .into_iter()
        .find(|found: &PeerInfo| found.peer_id == *peer);
    let mut addresses = same.map(|found| found.addrs).unwrap_or_default();
    addresses.truncate(ENOUGH);
    addresses
}
