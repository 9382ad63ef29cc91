//! Where records and DNSLinks come from, and where the last good record stays.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use universal_p2p_core::{Id, Item, Result};
use universal_p2p_store::Store;

use super::Name;
use crate::Node;

/// Somebody who may have records of keys: a distributed hash table, a gateway.
///
/// What comes is not believed: the caller checks every record.
#[async_trait]
pub trait Records: Send + Sync {
    /// Its name as in the configuration: `embedded`, `gateway`.
    fn name(&self) -> &'static str;

    /// Finds records of a key, which may differ, be of others or be none at all.
    ///
    /// # Errors
    /// [`universal_p2p_core::Error::NoProviders`] where nobody has one; whatever else kept them away.
    async fn records(&self, name: &Name, within: Duration) -> Result<Vec<Bytes>>;
}

#[async_trait]
impl Records for Node {
    fn name(&self) -> &'static str {
        "embedded"
    }

    async fn records(&self, name: &Name, within: Duration) -> Result<Vec<Bytes>> {
        match name {
            // The key of a record in the DHT, as the IPNS specification has it.
            Name::Key(key) => {
                let key = [b"/ipns/".as_slice(), &key.to_bytes()].concat();
                self.values(&key, within).await
            }
            Name::Domain(_) => Ok(Vec::new()),
        }
    }
}

/// The TXT records of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texts {
    /// Each as one text: hostile.
    pub texts: Vec<String>,
    /// For how long they stay true.
    pub ttl: Duration,
}

/// Something that looks domains up.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// The TXT records of a domain; none where it has none.
    ///
    /// # Errors
    /// [`universal_p2p_core::Error::Unavailable`] where nobody answers.
    async fn texts(&self, domain: &str, within: Duration) -> Result<Option<Texts>>;
}

/// The last good record of each key.
#[async_trait]
pub trait Kept: Send + Sync {
    /// What is kept for a name. It is checked again.
    async fn read(&self, id: &Id) -> Option<Bytes>;

    /// Keeps it in the place of what was kept before, if there is room.
    async fn write(&self, id: &Id, record: Bytes);
}

/// What the document of a record is called on disk.
const DOCUMENT: &str = "record";

#[async_trait]
impl Kept for Arc<Store> {
    async fn read(&self, id: &Id) -> Option<Bytes> {
        self.document(&item(id), DOCUMENT).await.ok().flatten()
    }

    async fn write(&self, id: &Id, record: Bytes) {
        if let Err(error) = self.keep_document(&item(id), DOCUMENT, record).await {
            tracing::debug!(%id, %error, "a record is not kept");
        }
    }
}

fn item(id: &Id) -> Item {
    Item {
        protocol: super::PROTOCOL,
        id: id.clone(),
    }
}
