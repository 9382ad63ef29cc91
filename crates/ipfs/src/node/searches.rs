//! Looking for peers in the DHT, and saying there what is held here.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    time::Duration,
};

use bytes::Bytes;
use cid::Cid;
use libp2p::{
    Multiaddr, PeerId,
    kad::{
        self, AddProviderError, AddProviderOk, GetClosestPeersError, GetClosestPeersOk,
        GetProvidersOk, GetRecordOk, PeerInfo, QueryId, QueryResult, RecordKey,
    },
};
use tokio::{sync::oneshot, time::Instant};

use super::records::{OWN, Records};
use crate::bitswap::Hash;

/// The most searches at the same time.
const SEARCHES: usize = 16;

/// The most searches that wait.
const WAITING: usize = 256;

/// With so many providers or different values found a search is over.
const ENOUGH: usize = 16;

/// The longest value that is taken, in bytes: that of an IPNS record (IPNS specification).
const VALUE: usize = 10 << 10;

/// The most peers whose addresses are looked for at the same time.
const FINDING: usize = 16;

/// The most announcements at the same time.
const ANNOUNCED: usize = 2;

/// How long searches wait at the start until the first peer of the DHT is connected, where the DHT is
/// joined, and where one of the fixed peers may take part in it.
const JOINING: Duration = Duration::from_secs(20);
const MEETING: Duration = Duration::from_secs(5);

type Kad = kad::Behaviour<Records>;

/// Who waits for values.
pub(super) type Reply = oneshot::Sender<Vec<Bytes>>;

/// What is looked for.
enum Question {
    /// Peers that have a root.
    Providers(Cid),
    /// Values of a key.
    Values(RecordKey, Reply),
}

/// How far a search is.
enum Search {
    /// So many peers were found.
    Providers(Cid, usize),
    /// These values were found.
    Values(Vec<Bytes>, Reply),
}

/// The searches under way.
pub(super) struct Searches {
    id: PeerId,
    running: HashMap<QueryId, Search>,
    waiting: VecDeque<Question>,
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
    /// Searches of a node that joins the DHT, or does not, and that has fixed peers, or none.
    pub(super) fn new(id: PeerId, is_joining: bool, has_fixed: bool) -> Self {
        let wait = match (is_joining, has_fixed) {
            (true, _) => JOINING,
            (false, true) => MEETING,
            (false, false) => Duration::ZERO,
        };
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
            self.waiting.push_back(Question::Providers(root));
        }
        is_room
    }

    /// Looks for values of a key. Where too much is looked for, there are none.
    pub(super) fn value(&mut self, key: &[u8], reply: Reply) {
        self.waiting.retain(|question| match question {
            Question::Providers(_) => true,
            Question::Values(_, reply) => !reply.is_closed(),
        });
        if self.waiting.len() < WAITING {
            let question = Question::Values(RecordKey::new(&key), reply);
            self.waiting.push_back(question);
        }
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
                && let Some(question) = self.waiting.pop_front()
            {
                let (query, search) = match question {
                    Question::Providers(root) => {
                        let query = kad.get_providers(key(&root));
                        (query, Search::Providers(root, 0))
                    }
                    Question::Values(key, reply) => {
                        let query = kad.get_record(key);
                        (query, Search::Values(Vec::new(), reply))
                    }
                };
                self.running.insert(query, search);
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
                if let Ok(GetProvidersOk::FoundProviders { providers, .. }) = result {
                    found.extend(self.providers(kad, &query, providers));
                }
                if is_last && let Some(Search::Providers(root, _)) = self.running.remove(&query) {
                    found.push(Found::Over(*root.hash()));
                }
            }
            QueryResult::GetRecord(result) => {
                if let Ok(GetRecordOk::FoundRecord(found)) = result {
                    self.values(kad, &query, found.record.value);
                }
                if is_last && let Some(Search::Values(values, reply)) = self.running.remove(&query)
                {
                    // Who waited may have left.
                    let _ = reply.send(values);
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

impl Searches {
    fn providers(
        &mut self,
        kad: &mut Kad,
        query: &QueryId,
        providers: HashSet<PeerId>,
    ) -> Option<Found> {
        let Some(Search::Providers(root, count)) = self.running.get_mut(query) else {
            return None;
        };
        let others = providers.into_iter().filter(|peer| *peer != self.id);
        let new: Vec<PeerId> = others.take(ENOUGH.saturating_sub(*count)).collect();
        *count += new.len();
        if *count >= ENOUGH {
            finish(kad, query);
        }
        Some(Found::Providers(*root.hash(), new))
    }

    fn values(&mut self, kad: &mut Kad, query: &QueryId, value: Vec<u8>) {
        if let Some(Search::Values(values, reply)) = self.running.get_mut(query) {
            if value.len() <= VALUE && !values.iter().any(|known| *known == value) {
                values.push(value.into());
            }
            if values.len() >= ENOUGH || reply.is_closed() {
                finish(kad, query);
            }
        }
    }
}

fn finish(kad: &mut Kad, query: &QueryId) {
    if let Some(mut query) = kad.query_mut(query) {
        query.finish();
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
