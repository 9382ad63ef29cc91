//! Where a resource comes from: its backend, its canonical id, and what was said about it.

use std::sync::Arc;

use universal_p2p_core::{Backend, Error, Hints, Id, Item, Node};

use crate::{Registry, asked::Asked};

/// A resource that a backend can be asked for.
pub(crate) struct Source<'a> {
    pub(crate) backend: &'a Arc<dyn Backend>,
    pub(crate) id: Id,
    /// What the id itself and the parameters say about where it is.
    pub(crate) hints: Hints,
}

impl<'a> Source<'a> {
    /// Finds the backend of an address and the canonical id. Waits for nothing.
    ///
    /// # Errors
    /// 404 for unknown protocols and versions; whatever the backend has against the id.
    pub(crate) fn new(registry: &'a Registry, asked: &Asked<'_>) -> Result<Self, Error> {
        let (protocol, version) = (&asked.resource.protocol, &asked.resource.version);
        let backend = registry
            .find(protocol, version)
            .ok_or_else(|| Error::NotFound {
                what: format!("protocol at /{protocol}/{version}/"),
            })?;
        let (id, mut hints) = backend.canonical(&asked.resource.id)?;
        hints.extend(asked.query.hints.clone());
        if asked.wants_only_held() {
            hints.want_only_held();
        }
        Ok(Self { backend, id, hints })
    }

    /// What its disk use is booked to.
    pub(crate) fn item(&self) -> Item {
        Item {
            protocol: self.backend.protocol(),
            id: self.id.clone(),
        }
    }

    /// Finds it, within the backend's own time.
    ///
    /// # Errors
    /// Whatever kept it from being found.
    pub(crate) async fn resolve(&self) -> Result<Node, Error> {
        self.backend.resolve(&self.id, &self.hints).await
    }
}
