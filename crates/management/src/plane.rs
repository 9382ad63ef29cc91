//! What the calls work on.

use std::{sync::Arc, time::Instant};

use tokio::{sync::Semaphore, task::spawn_blocking};
use universal_p2p_core::{Backend, Id, Item};
use universal_p2p_sharing::Shares;
use universal_p2p_store::Store;

use crate::{
    call::{Names, names},
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
    /// When the agent was ready.
    pub since: Instant,
}

/// What the plane tells of, and what it changes.
pub struct Plane {
    pub(crate) facts: Facts,
    store: Arc<Store>,
    backends: Vec<Arc<dyn Backend>>,
    at_work: Arc<Semaphore>,
    shares: Option<Arc<Shares>>,
}

impl Plane {
    /// A plane over one store and the networks that fill it.
    #[must_use]
    pub fn new(facts: Facts, store: Arc<Store>, backends: Vec<Arc<dyn Backend>>) -> Self {
        Self {
            facts,
            store,
            backends,
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

    fn backend(&self, protocol: &str) -> Option<&Arc<dyn Backend>> {
        self.backends
            .iter()
            .find(|backend| backend.protocol() == protocol)
    }
}
