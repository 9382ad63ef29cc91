//! What the calls work on.

use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

use tokio::{sync::Semaphore, task::spawn_blocking};
use universal_p2p_core::{Backend, Expand, Id, Item, Vitals};
use universal_p2p_sharing::Shares;
use universal_p2p_store::Store;

use crate::{
    Configuration,
    call::{Names, names},
    events::Hub,
    problem::Problem,
};

/// How many calls may be at work on the disk. A list of very many items is some megabytes.
const AT_WORK: usize = 4;

/// What the plane tells.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The program's version.
    pub version: &'static str,
    /// The address of the content plane, such as `http://127.0.0.1:7788`.
    pub content: String,
    /// When the agent was ready, by the clock on the wall.
    pub started: SystemTime,
    /// The same by a clock that nobody sets.
    pub since: Instant,
    /// The protocols of all networks that the program knows, switched on or not.
    pub networks: Vec<&'static str>,
}

/// What the plane tells of, and what it changes.
pub struct Plane {
    pub(crate) facts: Facts,
    pub(crate) backends: Vec<Arc<dyn Backend>>,
    pub(crate) expand: Arc<dyn Expand>,
    pub(crate) configuration: Arc<dyn Configuration>,
    pub(crate) events: Hub,
    store: Arc<Store>,
    at_work: Arc<Semaphore>,
    shares: Option<Arc<Shares>>,
}

impl Plane {
    /// A plane over one store and the networks that fill it, of which those that come first are asked
    /// first what an address means. `expand` says which files are worth opening as directories.
    #[must_use]
    pub fn new(
        facts: Facts,
        store: Arc<Store>,
        backends: Vec<Arc<dyn Backend>>,
        expand: Arc<dyn Expand>,
        configuration: Arc<dyn Configuration>,
    ) -> Self {
        Self {
            facts,
            backends,
            expand,
            configuration,
            events: Hub::default(),
            store,
            at_work: Arc::new(Semaphore::new(AT_WORK)),
            shares: None,
        }
    }

    /// The same plane, through which files of the user are shared.
    #[must_use]
    pub fn sharing(self, shares: Arc<Shares>) -> Self {
        Self {
            shares: Some(shares),
            ..self
        }
    }

    /// What the user shares.
    pub(crate) fn shares(&self) -> Result<Arc<Shares>, Problem> {
        let shares = self.shares.clone();
        shares.ok_or_else(|| Problem::not_found("nothing is shared by this agent"))
    }

    /// Whether a network is switched on.
    pub(crate) fn has_network(&self, protocol: &str) -> bool {
        self.backend(protocol).is_some()
    }

    /// Does something that may block on the disk. It goes on when nobody waits for it any more.
    pub(crate) async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Arc<Store>) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let place = Arc::clone(&self.at_work).acquire_owned().await;
        let store = Arc::clone(&self.store);
        let working = spawn_blocking(move || {
            // Held by the work, not by the waiting: a call that gave up is still at work.
            let _place = place;
            work(&store)
        });
        working
            .await
            .map_err(|ended| Problem::internal("a call on the data directory", ended))
    }

    /// The item that a call names, by any spelling of its id.
    pub(crate) async fn item(&self, named: Names<(String, String)>) -> Result<Item, Problem> {
        let (protocol, id) = names(named)?;
        if let Some(backend) = self.backend(&protocol) {
            let protocol = backend.protocol();
            return Ok(backend
                .canonical(&id)
                .map(|(id, _)| Item { protocol, id })?);
        }
        // A network that is switched off has items on disk all the same.
        let known = self.on_disk(move |store| {
            let mut items = store.items().into_iter();
            items.find(|item| item.protocol == protocol && item.id == id)
        });
        match known.await? {
            Some(item) => Ok(Item {
                protocol: item.protocol,
                id: Id::new(&item.id)?,
            }),
            None => Err(Problem::not_found("there is no such item")),
        }
    }

    /// Takes an item off its network and ends its streams, so that its bytes may go.
    pub(crate) async fn release(&self, item: &Item) -> Result<(), Problem> {
        match self.backend(item.protocol) {
            Some(backend) => Ok(backend.release(&item.id).await?),
            None => Ok(()),
        }
    }

    /// How an item is doing in its network, from memory; none where it is not connected.
    pub(crate) fn vitals(&self, item: &Item) -> Option<Vitals> {
        self.backend(item.protocol)?.vitals(&item.id)
    }

    /// Bytes of an item that come from its network each second.
    pub(crate) fn coming(&self, item: &Item, vitals: Option<Vitals>) -> u64 {
        let counted = vitals.and_then(|vitals| vitals.speed);
        counted.unwrap_or_else(|| self.store.fetch_speed(item))
    }

    /// Numbers that are others whenever what is told of items and streams may have changed.
    pub(crate) fn version(&self) -> [u64; 4] {
        self.store.version()
    }

    pub(crate) fn backend(&self, protocol: &str) -> Option<&Arc<dyn Backend>> {
        self.backends
            .iter()
            .find(|backend| backend.protocol() == protocol)
    }
}
