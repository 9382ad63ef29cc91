//! A network that only notes what it is told.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use universal_p2p_core::{
    Backend, Error, Hints, Id, Node, Recognized, Result as CoreResult, Status, Vitals,
};

use super::fakes::files;

/// A network whose ids are letters in any case.
#[derive(Default)]
pub(crate) struct Fake {
    /// Its protocol, where it is another than "fake".
    named: Option<&'static str>,
    released: Mutex<Vec<String>>,
}

impl Fake {
    /// One of another protocol.
    pub(crate) fn named(protocol: &'static str) -> Self {
        Self {
            named: Some(protocol),
            ..Self::default()
        }
    }

    /// What was released so far, in this order.
    pub(crate) fn released(&self) -> Vec<String> {
        let released = self.released.lock();
        released.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, id: &Id) {
        let mut released = self.released.lock().unwrap_or_else(PoisonError::into_inner);
        released.push(id.to_string());
    }
}

#[async_trait]
impl Backend for Fake {
    fn protocol(&self) -> &'static str {
        self.named.unwrap_or("fake")
    }

    fn version(&self) -> &'static str {
        "v0"
    }

    fn canonical(&self, id: &str) -> CoreResult<(Id, Hints)> {
        match id.strip_prefix("link:?of=").unwrap_or(id) {
            "panic" => panic!("the network fell over a secret"),
            "later" => Err(Error::Unsupported {
                what: "this form of id".into(),
            }),
            id => Ok((Id::new(&id.to_lowercase())?, Hints::default())),
        }
    }

    async fn resolve(&self, id: &Id, hints: &Hints) -> CoreResult<Node> {
        match id.as_str() {
            "folder" => Ok(files()),
            _ if !hints.is_only_held() => panic!("nothing is fetched for a call"),
            _ => Err(Error::NotHeld {
                what: format!("the list of files of {id}"),
            }),
        }
    }

    fn vitals(&self, id: &Id) -> Option<Vitals> {
        (id.as_str() == "live").then_some(Vitals {
            peers: 3,
            speed: Some(1000),
        })
    }

    fn peers(&self) -> u64 {
        3
    }

    fn recognize(&self, text: &str) -> Option<CoreResult<Recognized>> {
        match text.strip_prefix("fake:") {
            Some("later") => Some(Err(Error::Unsupported {
                what: "this form of id".into(),
            })),
            Some(id) => {
                let mut hints = Hints::default();
                hints.push("tr", "udp://a.example:1/?x=y&z");
                Some(Id::new(id).map(|id| Recognized::new(id, hints)))
            }
            None => None,
        }
    }

    async fn take(&self, media_type: &str, document: Bytes) -> CoreResult<Option<Recognized>> {
        if media_type != "application/x-fake" {
            return Ok(None);
        }
        let name = std::str::from_utf8(&document).map_err(|_| Error::Corrupt {
            what: "this is no document".into(),
        })?;
        Ok(Some(Recognized::new(Id::new(name)?, Hints::default())))
    }

    async fn status(&self, _: &Id) -> CoreResult<Status> {
        Ok(Status::unknown())
    }

    async fn release(&self, id: &Id) -> CoreResult<()> {
        self.note(id);
        if id.as_str() == "endless" {
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}
