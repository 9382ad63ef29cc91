//! Finding a torrent by its infohash: peers, and what they say of it.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use librqbit_core::hash_id::Id20;
use librqbit_dht::Dht;
use librqbit_dualstack_sockets::BindDevice;
use universal_p2p_core::Result;
use url::Url;

use crate::{
    Policy, Sources, StartError, http,
    metadata::Search,
    net::{Encryption, Sockets},
    tracker::{Announcer, Identity},
    wire::Handshake,
};

/// Finds torrents.
pub struct Finder {
    pub(crate) policy: Policy,
    pub(crate) peer_id: Id20,
    pub(crate) sockets: Sockets,
    pub(crate) encryption: Encryption,
    pub(crate) announcer: Announcer,
    pub(crate) dht: Option<Dht>,
    /// Trackers of the configuration.
    pub(crate) trackers: Vec<Url>,
}

impl Finder {
    /// One that reaches peers by TCP and does not listen. Trackers are told the port of whoever does.
    ///
    /// # Errors
    /// [`StartError`] where there is no way to make HTTP requests.
    pub fn start(
        policy: Policy,
        peer_id: Id20,
        port: u16,
        device: Option<BindDevice>,
        trackers: Vec<Url>,
    ) -> std::result::Result<Self, StartError> {
        let http = http::client(policy, device.as_ref()).map_err(StartError::new)?;
        let me = Identity { peer_id, port };
        let announcer = Announcer::new(http, policy, me, device.clone());
        Ok(Self {
            policy,
            peer_id,
            sockets: Sockets::outgoing(device),
            encryption: Encryption::Off,
            announcer: announcer.map_err(StartError::new)?,
            dht: None,
            trackers,
        })
    }

    /// Peers that the named trackers know. The stream ends when all have answered.
    pub fn peers_of_trackers(
        &self,
        infohash: Id20,
        sources: &Sources,
    ) -> BoxStream<'static, SocketAddr> {
        let named = sources.trackers.iter().map(|url| (url.clone(), false));
        self.announcer.peers(infohash, named.collect())
    }

    /// Looks for the info dictionary that an infohash names: asks the peers that are named, and
    /// those that the named and the configured trackers, the DHT and `others` know.
    ///
    /// # Errors
    /// [`NoPeers`](universal_p2p_core::Error::NoPeers) where nobody could be reached,
    /// [`NoMetadata`](universal_p2p_core::Error::NoMetadata) where nobody had it.
    pub async fn metadata(
        &self,
        infohash: Id20,
        sources: &Sources,
        others: Option<BoxStream<'static, SocketAddr>>,
        limit: Duration,
    ) -> Result<Bytes> {
        let search = Search {
            infohash,
            hello: self.hello(infohash),
            sockets: &self.sockets,
            encryption: self.encryption,
        };
        let found = self.peers(infohash, sources, others);
        search.among(found, limit).await
    }

    /// Peers as they are found. The stream ends when there is nobody left to ask.
    fn peers(
        &self,
        infohash: Id20,
        sources: &Sources,
        others: Option<BoxStream<'static, SocketAddr>>,
    ) -> BoxStream<'static, SocketAddr> {
        let policy = self.policy;
        let named = stream::iter(sources.peers.clone());
        let by_trackers = self
            .announcer
            .peers(infohash, self.trackers_of(sources, false));
        let dht = self.dht.as_ref();
        let by_dht = dht.map(|dht| dht.get_peers(infohash, None).boxed());
        let nobody = || stream::empty().boxed();
        let strangers = stream::select(
            by_trackers,
            stream::select(by_dht.unwrap_or_else(nobody), others.unwrap_or_else(nobody)),
        );
        let allowed = strangers.filter(move |peer| std::future::ready(policy.allows(peer.ip())));
        stream::select(named, allowed).boxed()
    }

    /// The trackers to ask, and whether each is trusted. A private torrent has none but those that
    /// were named for it (BEP 27).
    pub(crate) fn trackers_of(&self, sources: &Sources, private: bool) -> Vec<(Url, bool)> {
        let named = sources.trackers.iter().map(|url| (url.clone(), false));
        let ours = self.trackers.iter().filter(|_| !private);
        named.chain(ours.map(|url| (url.clone(), true))).collect()
    }

    /// Our side of a handshake.
    pub(crate) fn hello(&self, infohash: Id20) -> Handshake {
        Handshake::new(infohash, self.peer_id, self.dht.is_some())
    }
}
