//! Announcing to trackers and hearing of peers from them (BEP 3, 7, 15, 23, 41).
//!
//! All trackers of a torrent are asked at once, whatever their tiers: whoever streams cannot wait
//! for one that is dead. It is not `librqbit-tracker-comms`, because that one never says that a
//! download is `completed` or `stopped` (a tracker then sends others to us for an hour), does not
//! send the figures to UDP trackers, and reaches addresses that nobody has checked.
//!
//! A tracker that a stranger named is reached only at addresses that the [`Policy`] allows. One of
//! the configuration may be anywhere, but under [`crate::policy::Scope::Loopback`] on this machine.

mod answer;
mod failure;
mod follow;
mod one;
mod rhythm;
#[cfg(test)]
mod tests;
mod udp;
mod web;

use std::{collections::HashSet, net::SocketAddr, sync::Arc, time::Duration};

use futures_util::{FutureExt, StreamExt, future, stream, stream::BoxStream};
use librqbit_core::hash_id::Id20;
use librqbit_dualstack_sockets::BindDevice;
use reqwest::Client;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use url::Url;

use self::one::Tracker;
use crate::{
    http::{self, NoClient},
    policy::Policy,
};

/// Trackers of one torrent that are asked.
const MOST_TRACKERS: usize = 40;
/// Peers that are asked for, and those that are taken from one answer at most.
const WANTED: u32 = 200;
/// The longest that a search for metadata waits for one tracker.
const SEARCH: Duration = Duration::from_secs(15);

/// Who we are towards trackers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity {
    /// Our peer id.
    pub(crate) peer_id: Id20,
    /// The port others reach us at.
    pub(crate) port: u16,
}

/// What a tracker is told about a torrent, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Sent to peers.
    pub(crate) uploaded: u64,
    /// Got from peers.
    pub(crate) downloaded: u64,
    /// Missing.
    pub(crate) left: u64,
}

/// What the owner of a torrent wants of its trackers; sent through a [`watch`] channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wish {
    /// The torrent is complete. Trackers are told when this becomes true, and not when it was true
    /// from the beginning.
    pub(crate) completed: bool,
    /// Add one to ask for peers now. A tracker is not asked sooner than it allows.
    pub(crate) asked: u64,
}

/// What happened (BEP 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    None,
    Completed,
    Started,
    Stopped,
}

/// One announcement.
#[derive(Clone, Copy, Debug)]
struct Announcement {
    infohash: Id20,
    me: Identity,
    /// Tells us apart from others behind our address.
    key: u32,
    event: Event,
    totals: Totals,
}

impl Announcement {
    /// Peers that are asked for.
    fn wanted(&self) -> u32 {
        if self.event == Event::Stopped {
            0
        } else {
            WANTED
        }
    }
}

/// Announces to trackers.
#[derive(Clone)]
pub(crate) struct Announcer {
    /// For trackers that strangers named.
    http: Client,
    /// For those of the configuration.
    trusted: Client,
    policy: Policy,
    me: Identity,
    key: u32,
    device: Option<BindDevice>,
}

impl Announcer {
    /// One that uses `http`, which was made by [`http::client`] with the same policy and device.
    ///
    /// # Errors
    /// [`NoClient`], for the trackers of the configuration have another client.
    pub(crate) fn new(
        http: Client,
        policy: Policy,
        me: Identity,
        device: Option<BindDevice>,
    ) -> Result<Self, NoClient> {
        Ok(Self {
            http,
            trusted: http::client(trusting(policy), device.as_ref())?,
            policy,
            me,
            key: rand::random(),
            device,
        })
    }

    /// Announces a torrent to its trackers until `stop`, and then tells them that we left, which
    /// takes 2 s at most. Dropping the future tells them nothing.
    ///
    /// `trackers` come with whether they are those of the configuration; a private torrent (BEP 27)
    /// must have none but its own. Peers that the policy allows go to `news`, and the slower that is
    /// read the later trackers are asked again; when it is closed that counts as `stop`.
    pub(crate) fn follow<T: Fn() -> Totals + Send + Sync + 'static>(
        &self,
        infohash: Id20,
        trackers: Vec<(Url, bool)>,
        totals: T,
        wishes: &watch::Receiver<Wish>,
        news: &mpsc::Sender<Vec<SocketAddr>>,
        stop: &CancellationToken,
    ) -> impl Future<Output = ()> + Send + use<T> {
        let first = self.announcement(infohash, totals());
        let totals = Arc::new(totals);
        let each = self.trackers(trackers).into_iter().map(|tracker| {
            let totals = totals.clone();
            let follower = follow::Follower {
                tracker,
                announcement: first,
                totals: move || totals(),
                wishes: wishes.clone(),
                news: news.clone(),
                stop: stop.clone(),
                policy: self.policy,
            };
            follower.run().boxed()
        });
        future::join_all(each.collect::<Vec<_>>()).map(|_| ())
    }

    /// Peers for a torrent whose length is not known yet, each tracker being asked once. The stream
    /// ends when all have answered or failed, within 15 s; dropping it ends the asking.
    pub(crate) fn peers(
        &self,
        infohash: Id20,
        trackers: Vec<(Url, bool)>,
    ) -> BoxStream<'static, SocketAddr> {
        let policy = self.policy;
        let unknown = Totals {
            uploaded: 0,
            downloaded: 0,
            left: 1,
        };
        let announcement = self.announcement(infohash, unknown);
        let asking = self.trackers(trackers).into_iter().map(|mut tracker| {
            let ask = async move {
                let asked = tokio::time::timeout(SEARCH, tracker.ask(&announcement)).await;
                let answer = asked.ok().and_then(|answer| tracker.note(answer));
                stream::iter(answer.map_or_else(Vec::new, |answer| answer.peers))
            };
            ask.boxed()
        });
        let asking: stream::FuturesUnordered<_> = asking.collect();
        asking
            .flatten()
            .filter(move |peer| future::ready(policy.allows(peer.ip())))
            .boxed()
    }

    fn announcement(&self, infohash: Id20, totals: Totals) -> Announcement {
        Announcement {
            infohash,
            me: self.me,
            key: self.key,
            event: Event::Started,
            totals,
        }
    }

    fn trackers(&self, urls: Vec<(Url, bool)>) -> Vec<Tracker> {
        let mut seen = HashSet::new();
        let new = urls.into_iter().filter(|(url, _)| seen.insert(url.clone()));
        let all = new.flat_map(|(url, trusted)| {
            let (http, policy) = if trusted {
                (&self.trusted, trusting(self.policy))
            } else {
                (&self.http, self.policy)
            };
            Tracker::of(&url, policy, http, self.device.as_ref())
        });
        all.take(MOST_TRACKERS).collect()
    }
}

/// The rule for trackers of the configuration.
fn trusting(policy: Policy) -> Policy {
    Policy::new(policy.scope(), true)
}
