//! Who else is in the swarm: trackers, the DHT, the local network, web servers.

use std::{collections::HashSet, net::SocketAddr, sync::Arc};

use futures_util::{StreamExt, stream::BoxStream};
use tokio::sync::{mpsc, watch};
use url::Url;

use super::{Sources, live::Live, web};
use crate::{
    book::Source,
    tracker::{self, Wish},
    webseed::WebSeed,
};

/// Connections to one web server.
const WEB_CONNECTIONS: usize = 2;

/// Trackers and web servers of one torrent.
const MOST_URLS: usize = 48;

/// Lists of peers from trackers that wait to be taken down.
const NEWS: usize = 16;

/// The ways to peers that are followed already.
#[derive(Debug, Default)]
pub(super) struct Followed {
    urls: HashSet<Url>,
}

impl Followed {
    /// Those of these that are new, up to a bound.
    fn new_of(&mut self, urls: impl IntoIterator<Item = Url>) -> Vec<Url> {
        let mut new = Vec::new();
        for url in urls {
            if self.urls.len() < MOST_URLS && self.urls.insert(url.clone()) {
                new.push(url);
            }
        }
        new
    }
}

impl Live {
    /// Looks for peers where the torrent itself does not say: the DHT and the local network.
    pub(super) fn look_around(self: &Arc<Self>) {
        if self.private {
            return;
        }
        let (session, port) = (&self.session, self.session.port);
        if let Some(dht) = &session.finder.dht {
            let peers = dht.get_peers(self.infohash, Some(port)).boxed();
            session.spawn(take_down(Arc::clone(self), peers, Source::Dht));
        }
        if let Some(lsd) = &session.lsd {
            let peers = lsd.announce(self.infohash, Some(port)).boxed();
            session.spawn(take_down(Arc::clone(self), peers, Source::Lsd));
        }
    }

    /// Follows trackers and web servers that are not followed yet.
    pub(super) fn follow(self: &Arc<Self>, sources: &Sources) {
        let trackers = self.session.finder.trackers_of(sources, self.private);
        let mut followed = self.followed();
        let new = followed.new_of(trackers.iter().map(|(url, _)| url.clone()));
        let seeds = followed.new_of(sources.webseeds.iter().cloned());
        drop(followed);
        let trackers: Vec<_> = trackers
            .into_iter()
            .filter(|(url, _)| new.contains(url))
            .collect();
        if !trackers.is_empty() {
            let live = Arc::clone(self);
            self.session.spawn(announce(live, trackers));
        }
        for url in seeds {
            let seed = WebSeed::new(
                url,
                self.files.clone(),
                self.name.clone(),
                self.single_file,
                self.session.http.clone(),
            );
            for _ in 0..WEB_CONNECTIONS {
                let live = Arc::clone(self);
                self.session.spawn(web::attend(live, seed.clone()));
            }
        }
    }
}

async fn take_down(live: Arc<Live>, mut peers: BoxStream<'static, SocketAddr>, source: Source) {
    loop {
        tokio::select! {
            peer = peers.next() => match peer {
                Some(peer) => live.found(&[peer], source),
                None => return,
            },
            () = live.stop.cancelled() => return,
        }
    }
}

/// Announces the torrent to trackers until the swarm is left, and then says so.
async fn announce(live: Arc<Live>, trackers: Vec<(Url, bool)>) {
    let (news, mut heard) = mpsc::channel(NEWS);
    let told = Arc::clone(&live);
    let totals = move || {
        let totals = told.totals();
        tracker::Totals {
            uploaded: totals.uploaded,
            downloaded: totals.downloaded,
            left: told.bytes_missing(),
        }
    };
    let following = live.session.finder.announcer.follow(
        live.infohash,
        trackers,
        totals,
        &live.wishes(),
        &news,
        &live.stop,
    );
    drop(news);
    let listening = async {
        while let Some(peers) = heard.recv().await {
            live.found(&peers, Source::Tracker);
        }
    };
    tokio::join!(following, listening);
}

/// What trackers are to be told.
pub(super) fn wishes(completed: bool) -> watch::Sender<Wish> {
    watch::Sender::new(Wish {
        completed,
        asked: 0,
    })
}
