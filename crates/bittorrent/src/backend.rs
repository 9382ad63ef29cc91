//! The backend: from an id to a torrent, once for all who ask at the same time.

mod known;
mod seeding;

use std::{io, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt;
use librqbit_core::hash_id::Id20;
use tokio_util::task::AbortOnDropHandle;
use universal_p2p_core::{
    Backend, Dial, Document, Error, Hints, Id, Node, Recognized, Result, State, Status, Vitals,
};
use universal_p2p_sharing::{Share, Shares};
use universal_p2p_store::Store;
use universal_p2p_swarm::Policy;

use crate::{
    address,
    config::{Kind, Settings},
    dottorrent,
    engine::{self, Engine, StartError},
    file::Source,
    infohash::{self, PROTOCOL},
    magnet,
    metainfo::Metainfo,
    sources::Sources,
    torrent::{Torrent, disk_error},
};
use known::Known;

/// The kind of document a torrent has, and the name it is kept under.
const TORRENT: &str = "torrent";

/// How often idle torrents are looked for.
const PARK_EVERY: Duration = Duration::from_secs(5);

/// BitTorrent behind the gateway.
pub struct BitTorrent {
    finder: Arc<Finder>,
    known: Arc<Known>,
    policy: Policy,
    _parking: AbortOnDropHandle<()>,
    _seeding: Option<AbortOnDropHandle<()>>,
}

/// What it takes to find a torrent. Shared with the searches under way.
struct Finder {
    store: Arc<Store>,
    engine: Arc<dyn Engine>,
    shares: Option<Arc<Shares>>,
    metadata: Dial<Duration>,
}

impl BitTorrent {
    /// Starts the engine: opens its sockets and, where allowed, joins the DHT. What the user shares is
    /// served from now on, and read from the user's files.
    ///
    /// # Errors
    /// [`StartError`] where a port is taken or the state folder cannot be written.
    pub async fn start(
        store: Arc<Store>,
        shares: Option<Arc<Shares>>,
        settings: Settings,
    ) -> Result<Self, StartError> {
        let engine = engine::start(&settings).await?;
        let parked = Arc::clone(&engine);
        let parking = async move {
            loop {
                tokio::time::sleep(PARK_EVERY).await;
                parked.park_idle().await;
            }
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "the handle is kept with the backend and aborts with it"
        )]
        let parking = AbortOnDropHandle::new(tokio::spawn(parking));
        let finder = Arc::new(Finder {
            store,
            engine,
            shares: shares.clone(),
            metadata: settings.metadata.clone(),
        });
        let known: Arc<Known> = Arc::default();
        // The stock engine reads only what is in the store.
        let seeded = shares.filter(|_| settings.engine == Kind::Streaming);
        let seeding = seeded.map(|shares| {
            let seeding = seeding::seed(Arc::clone(&finder), Arc::clone(&known), shares);
            #[expect(
                clippy::disallowed_methods,
                reason = "the handle is kept with the backend and aborts with it"
            )]
            let seeding = AbortOnDropHandle::new(tokio::spawn(seeding));
            seeding
        });
        Ok(Self {
            finder,
            known,
            policy: settings.policy(),
            _parking: parking,
            _seeding: seeding,
        })
    }

    /// Leaves every swarm and closes every socket. Reads under way end with an error.
    pub async fn stop(&self) {
        self.finder.engine.stop().await;
    }

    /// The port at which other peers reach this one, where it listens.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.finder.engine.port()
    }

    /// The torrent, if its metadata is in memory or on disk.
    async fn at_hand(&self, infohash: Id20) -> Result<Option<Arc<Torrent>>> {
        if let Some(torrent) = self.known.get(infohash) {
            return Ok(Some(torrent));
        }
        let Some(metainfo) = self.finder.kept(infohash).await? else {
            return Ok(None);
        };
        self.open(metainfo).await.map(Some)
    }

    async fn open(&self, metainfo: Metainfo) -> Result<Arc<Torrent>> {
        Ok(self.known.insert(self.finder.open(metainfo).await?))
    }

    /// The torrent, searched for where it is not at hand.
    async fn find(&self, infohash: Id20, hints: &Hints) -> Result<Arc<Torrent>> {
        let sources = address::sources(hints, self.policy)?;
        let torrent = match self.at_hand(infohash).await? {
            Some(torrent) => torrent,
            None if hints.is_only_held() => {
                return Err(Error::NotHeld {
                    what: format!("the list of files of {}", infohash::id(&infohash)),
                });
            }
            None => self.search(infohash, sources.clone()).await?,
        };
        torrent.add_sources(&sources);
        Ok(torrent)
    }

    /// Joins the search that is under way for this infohash, or begins one. Searches for the same
    /// infohash that know of other sources run side by side, and the first to succeed ends all.
    async fn search(&self, infohash: Id20, sources: Sources) -> Result<Arc<Torrent>> {
        let finder = Arc::clone(&self.finder);
        let search = self.known.search(infohash, &sources, || {
            let sources = sources.clone();
            async move { finder.search(infohash, sources).await }.boxed()
        });
        let found = tokio::select! {
            found = search.clone() => found,
            () = self.known.arrival(infohash) => Ok(()),
        };
        self.known.note(infohash, found.as_ref().err());
        found?;
        let torrent = self.at_hand(infohash).await?;
        torrent.ok_or_else(|| Error::internal("finding a torrent", "its metadata was not kept"))
    }
}

impl Finder {
    /// Opens a torrent's object, and the user's files where the user shares it.
    async fn open(&self, metainfo: Metainfo) -> Result<Arc<Torrent>> {
        let store = Arc::clone(&self.store);
        let share = self.share(metainfo.infohash);
        let opening = move || Torrent::open(metainfo, Sources::default(), share, &store);
        let opened = tokio::task::spawn_blocking(opening).await;
        opened.map_err(|error| Error::internal("opening a torrent", error))?
    }

    fn share(&self, infohash: Id20) -> Option<Arc<Share>> {
        self.shares.as_ref()?.torrent(&infohash.0)
    }

    /// Metadata of what the user shares, or that was kept earlier. A damaged file counts as none.
    async fn kept(&self, infohash: Id20) -> Result<Option<Metainfo>> {
        let shared = self.share(infohash).and_then(|share| share.torrent());
        if let Some((info, _)) = shared {
            return Metainfo::parse(info, infohash).map(Some);
        }
        let kept = self
            .store
            .document(&infohash::item(&infohash), TORRENT)
            .await;
        let kept = kept.map_err(|error| disk_error("reading a torrent's metadata", error))?;
        Ok(kept.and_then(|file| Metainfo::from_torrent_file(&file, infohash).ok()))
    }

    /// Finds the metadata in the swarm and keeps it.
    async fn search(&self, infohash: Id20, sources: Sources) -> Result<()> {
        let finding = self
            .engine
            .metadata(infohash, &sources, self.metadata.get());
        let metainfo = Metainfo::parse(finding.await?, infohash)?;
        let kept = self.keep(&metainfo).await;
        kept.map_err(|error| disk_error("keeping a torrent's metadata", error))
    }

    async fn keep(&self, metainfo: &Metainfo) -> io::Result<()> {
        let item = infohash::item(&metainfo.infohash);
        let file = metainfo.torrent_file();
        self.store.keep_document(&item, TORRENT, file).await
    }
}

#[async_trait]
impl Backend for BitTorrent {
    fn protocol(&self) -> &'static str {
        PROTOCOL
    }

    fn version(&self) -> &'static str {
        "v0"
    }

    fn canonical(&self, id: &str) -> Result<(Id, Hints)> {
        let (infohash, hints) = if magnet::is_magnet(id) {
            magnet::parse(id)?
        } else {
            (infohash::parse(id)?, Hints::default())
        };
        Ok((infohash::id(&infohash), hints))
    }

    async fn resolve(&self, id: &Id, hints: &Hints) -> Result<Node> {
        let torrent = self.find(infohash::of(id)?, hints).await?;
        Ok(Source {
            torrent,
            engine: Arc::clone(&self.finder.engine),
        }
        .root())
    }

    async fn status(&self, id: &Id) -> Result<Status> {
        let infohash = infohash::of(id)?;
        let last_error = self.known.last_error(infohash);
        let Some(torrent) = self.at_hand(infohash).await? else {
            let state = match (self.known.is_searched(infohash), &last_error) {
                (true, _) => State::Resolving,
                (false, Some(_)) => State::Failed,
                (false, None) => State::Unknown,
            };
            return Ok(Status {
                state,
                last_error,
                ..Status::unknown()
            });
        };
        let vitals = self.finder.engine.vitals(infohash);
        let (metainfo, state) = (
            &torrent.metainfo,
            if vitals.is_some() {
                State::Live
            } else {
                State::Parked
            },
        );
        let vitals = vitals.unwrap_or_default();
        Ok(Status {
            name: Some(metainfo.name.clone()),
            length: Some(metainfo.layout.length()),
            files: Some(
                metainfo
                    .files
                    .iter()
                    .filter(|file| file.path.is_some())
                    .count() as u64,
            ),
            bytes_held: torrent.bytes_held(),
            peers: vitals.peers as u64,
            speed: vitals.speed,
            state,
            last_error,
        })
    }

    fn vitals(&self, id: &Id) -> Option<Vitals> {
        let vitals = self.finder.engine.vitals(infohash::of(id).ok()?)?;
        Some(Vitals {
            peers: vitals.peers as u64,
            speed: Some(vitals.speed),
        })
    }

    fn peers(&self) -> u64 {
        self.finder.engine.peers() as u64
    }

    fn recognize(&self, text: &str) -> Option<Result<Recognized>> {
        if magnet::is_magnet(text) {
            // Whatever is wrong with it, it is for nobody else.
            let canonical = self.canonical(text);
            return Some(canonical.map(|(id, hints)| Recognized::new(id, hints)));
        }
        Recognized::of(self.canonical(text))
    }

    async fn take(&self, media_type: &str, document: Bytes) -> Result<Option<Recognized>> {
        if media_type != dottorrent::MEDIA_TYPE {
            return Ok(None);
        }
        let (metainfo, hints) = dottorrent::read(&document, self.policy)?;
        let kept = self.finder.keep(&metainfo).await;
        kept.map_err(|error| disk_error("keeping a torrent's metadata", error))?;
        let id = infohash::id(&metainfo.infohash);
        Ok(Some(Recognized::new(id, hints)))
    }

    async fn release(&self, id: &Id) -> Result<()> {
        let infohash = infohash::of(id)?;
        self.known.forget(infohash);
        self.finder.engine.leave(infohash).await;
        Ok(())
    }

    fn documents(&self) -> &'static [&'static str] {
        &[TORRENT]
    }

    async fn document(&self, kind: &str, id: &Id, hints: &Hints) -> Result<Document> {
        if kind != TORRENT {
            return Err(Error::NotFound {
                what: format!("document called {kind}"),
            });
        }
        let torrent = self.find(infohash::of(id)?, hints).await?;
        let name = Some(torrent.metainfo.name.as_str()).filter(|name| !name.is_empty());
        Ok(Document {
            media_type: dottorrent::MEDIA_TYPE,
            filename: format!("{}.torrent", name.unwrap_or(id.as_str())),
            bytes: torrent.metainfo.torrent_file(),
        })
    }
}
