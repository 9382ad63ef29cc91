//! Finding peers by what requests name: peers themselves, and trackers (BEP 3, 15, 23).
//!
//! Whatever comes from a URL is followed only to addresses that the [`Policy`] allows: names are
//! resolved here and the answer is checked, redirects are checked again, and so is every peer that
//! such a tracker returns.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream, stream::BoxStream};
use librqbit_core::hash_id::Id20;
use librqbit_dualstack_sockets::BindDevice;
use librqbit_tracker_comms::{TrackerComms, UdpTrackerClient};
use reqwest::{
    Client,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect,
};
use tokio_util::sync::CancellationToken;
use universal_p2p_swarm::Policy;
use url::Url;

use crate::{engine::StartError, sources::Sources};

/// The longest wait for one tracker.
const TRACKER_TIMEOUT: Duration = Duration::from_secs(15);

/// Asks trackers.
pub(crate) struct Discovery {
    policy: Policy,
    http: Client,
    udp: UdpTrackerClient,
    me: Identity,
    trackers: Vec<Url>,
}

/// Who we are towards trackers and peers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity {
    /// Our peer id.
    pub(crate) peer_id: Id20,
    /// The port others reach us at.
    pub(crate) port: u16,
}

impl Discovery {
    /// Opens its sockets. `trackers` are those of the configuration, which are trusted.
    pub(crate) async fn start(
        policy: Policy,
        me: Identity,
        trackers: Vec<Url>,
        device: Option<&BindDevice>,
        stop: CancellationToken,
    ) -> Result<Self, StartError> {
        let failed = |error: &dyn std::fmt::Display| StartError(error.to_string());
        let udp = UdpTrackerClient::new(stop, device)
            .await
            .map_err(|error| failed(&error))?;
        let check = move |attempt: redirect::Attempt<'_>| {
            if attempt.previous().len() > 3 || policy.check_url(attempt.url().clone()).is_err() {
                attempt.stop()
            } else {
                attempt.follow()
            }
        };
        let http = Client::builder()
            .user_agent(concat!("universal-p2p/", env!("CARGO_PKG_VERSION")))
            .timeout(TRACKER_TIMEOUT)
            .no_proxy()
            .redirect(redirect::Policy::custom(check))
            .dns_resolver(Arc::new(GuardedNames(policy)))
            .build()
            .map_err(|error| failed(&error))?;
        Ok(Self {
            policy,
            http,
            udp,
            me,
            trackers,
        })
    }

    /// Peers for an infohash as they are found: the named ones first, then those of the named
    /// trackers, and of the configured ones where `public` says that they may know of it.
    ///
    /// The stream ends when there is nobody left to ask; dropping it ends the asking.
    pub(crate) fn peers(
        &self,
        infohash: Id20,
        sources: &Sources,
        public: bool,
    ) -> BoxStream<'static, SocketAddr> {
        let named = stream::iter(sources.peers.clone());
        let policy = self.policy;
        let strange = stream::iter(sources.trackers.clone())
            .then(move |url| guarded(url, policy))
            .filter_map(|url| async { url });
        let trusted = stream::iter(if public {
            self.trackers.clone()
        } else {
            Vec::new()
        });
        let announcer = self.announcer(infohash);
        let found = strange.chain(trusted).flat_map_unordered(None, announcer);
        stream::select(named, found)
            .filter(move |peer| std::future::ready(policy.allows(peer.ip())))
            .boxed()
    }

    fn announcer(&self, infohash: Id20) -> impl Fn(Url) -> BoxStream<'static, SocketAddr> + use<> {
        let (http, udp, me) = (self.http.clone(), self.udp.clone(), self.me);
        move |url| {
            let (http, udp) = (http.clone(), udp.clone());
            let tracker = [url].into();
            let peers = TrackerComms::start(
                infohash,
                me.peer_id,
                tracker,
                Box::new(()),
                None,
                me.port,
                http,
                udp,
            );
            peers.unwrap_or_else(|| stream::empty().boxed())
        }
    }
}

/// A tracker's URL with its name resolved and checked. For HTTP the client does that itself, because
/// the name has to stay in the request.
async fn guarded(mut url: Url, policy: Policy) -> Option<Url> {
    if url.scheme() != "udp" {
        return Some(url);
    }
    let (host, port) = (
        url.host_str()?.trim_matches(['[', ']']).to_owned(),
        url.port()?,
    );
    let mut addresses = tokio::net::lookup_host((host, port)).await.ok()?;
    let address = addresses.find(|address| policy.allows(address.ip()))?;
    url.set_ip_host(address.ip()).ok()?;
    Some(url)
}

/// Resolves names to those of their addresses that the policy allows.
struct GuardedNames(Policy);

impl Resolve for GuardedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found
                .filter(|address| policy.allows(address.ip()))
                .collect();
            if allowed.is_empty() {
                return Err(format!("{} has no address that may be used", name.as_str()).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}
