//! What a gateway is made of: its backends, its store, its settings.

use std::{sync::Arc, time::Duration};

use universal_p2p_core::{Backend, Dial, Expand, Priority, ReadCx};
use universal_p2p_store::Store;

use crate::{Blocked, limits::Limits};

/// What the configuration says about the content plane. What is a dial may be turned while it runs.
#[derive(Clone)]
pub struct Settings {
    /// Host names that are answered beside the loopback ones. Ports are never compared.
    pub hosts: Vec<String>,
    /// Where `/` leads: the address of the dashboard without a slash at its end.
    pub dashboard: String,
    /// The longest wait for the first byte of a body.
    pub first_byte: Dial<Duration>,
    /// The longest wait between two bytes after that, from the network and towards the client.
    pub stall: Dial<Duration>,
    /// How many streams there are at once.
    pub streams: Dial<usize>,
    /// How many streams one client address has at once.
    pub streams_per_client: Dial<usize>,
    /// The token that every request must carry. Set exactly where more than loopback is served.
    pub token: Option<String>,
    /// What is not given out.
    pub blocked: Blocked,
}

impl Settings {
    /// The conditions under which a client's bytes are read.
    pub(crate) fn read_cx(&self) -> ReadCx {
        ReadCx {
            first_byte: self.first_byte.get(),
            stall: self.stall.get(),
            priority: Priority::Interactive,
        }
    }
}

/// The backends, found by the first two segments of an address.
pub struct Registry {
    backends: Vec<Arc<dyn Backend>>,
}

impl Registry {
    /// Registers backends; of two with the same protocol and version the first answers.
    #[must_use]
    pub fn new(backends: Vec<Arc<dyn Backend>>) -> Self {
        Self { backends }
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<dyn Backend>> {
        self.backends.iter()
    }

    /// The backend of a protocol and a version of its address form.
    pub(crate) fn find(&self, protocol: &str, version: &str) -> Option<&Arc<dyn Backend>> {
        self.backends
            .iter()
            .find(|backend| backend.protocol() == protocol && backend.version() == version)
    }
}

/// The content plane: answers requests from what its backends find.
pub struct Gateway {
    pub(crate) registry: Registry,
    pub(crate) store: Arc<Store>,
    pub(crate) expand: Arc<dyn Expand>,
    pub(crate) settings: Settings,
    pub(crate) limits: Arc<Limits>,
    pub(crate) blocked: Blocked,
}

impl Gateway {
    /// Puts a gateway together; `expand` opens the archives that addresses go on inside. Nothing is
    /// bound or started before [`Gateway::serve`].
    #[must_use]
    pub fn new(
        registry: Registry,
        store: Arc<Store>,
        expand: Arc<dyn Expand>,
        settings: Settings,
    ) -> Self {
        let limits = Arc::new(Limits::new(&settings.streams, &settings.streams_per_client));
        Self {
            registry,
            store,
            expand,
            blocked: settings.blocked.clone(),
            settings,
            limits,
        }
    }
}
