//! The backend: from a CID to a file or a directory.

use std::sync::Arc;

use async_trait::async_trait;
use cid::Cid;
use universal_p2p_core::{
    Backend, Error, File, Freshness, Hints, Id, Node, Proof, ProofForm, ReadCx, Recognized, Result,
    State, Status, Trace, Vitals,
};

use crate::{
    Settings, Sources, address,
    link::{self, Named, Space},
    unixfs::{Root, dir},
};

/// How many peers of one request are listened to.
const MOST_PEERS: usize = 32;

/// The longest address of a peer, in bytes.
const LONGEST_PEER: usize = 512;

/// IPFS behind the gateway.
pub struct Ipfs {
    sources: Arc<Sources>,
    settings: Settings,
}

impl Ipfs {
    /// Reads files through these sources.
    #[must_use]
    pub fn new(sources: Arc<Sources>, settings: Settings) -> Self {
        Self { sources, settings }
    }

    /// Finds what a CID stands for.
    pub(crate) async fn open(
        &self,
        cid: &Cid,
        hints: &Hints,
        freshness: Freshness,
    ) -> Result<Node> {
        let root = Arc::new(self.root(*cid, hints, freshness));
        let at = self.sources.activities().find(*cid);
        let found = dir::find(&root, None, cid, "").await;
        at.note(found.as_ref().err());
        dir::node(found?)?.ok_or_else(|| Error::NotFound {
            what: "directory that this link could lead to".into(),
        })
    }

    /// What all reads below a CID share.
    pub(crate) fn root(&self, cid: Cid, hints: &Hints, freshness: Freshness) -> Root {
        let peers = hints.all("peer").filter(|peer| peer.len() <= LONGEST_PEER);
        Root {
            sources: Arc::clone(&self.sources),
            cid,
            peers: peers.take(MOST_PEERS).map(str::to_owned).collect(),
            metadata: self.settings.metadata.get(),
            freshness,
            seen: None,
            is_only_held: hints.is_only_held(),
        }
    }
}

#[async_trait]
impl Backend for Ipfs {
    fn protocol(&self) -> &'static str {
        "ipfs"
    }

    fn version(&self) -> &'static str {
        "v0"
    }

    fn canonical(&self, id: &str) -> Result<(Id, Hints)> {
        Ok((address::canonical(id)?, Hints::default()))
    }

    async fn resolve(&self, id: &Id, hints: &Hints) -> Result<Node> {
        let cid = address::parse(id.as_str())?;
        self.open(&cid, hints, Freshness::Immutable).await
    }

    async fn status(&self, id: &Id) -> Result<Status> {
        let cid = address::parse(id.as_str())?;
        let root = Arc::new(self.root(cid, &Hints::default(), Freshness::Immutable));
        let vitals = self.sources.activities().look(&cid);
        if self.sources.at_hand(&cid, &cid).await.is_none() {
            return Ok(Status {
                state: match (vitals.is_sought, &vitals.last_error) {
                    (true, _) => State::Resolving,
                    (false, Some(_)) => State::Failed,
                    (false, None) => State::Unknown,
                },
                last_error: vitals.last_error,
                ..Status::unknown()
            });
        }
        let (length, files) = match dir::find(&root, None, &cid, "").await {
            Ok(dir::Found::File(file)) => (Some(file.meta().length), Some(1)),
            Ok(_) | Err(_) => (None, None),
        };
        Ok(Status {
            length,
            files,
            bytes_held: self.sources.local().held(&cid).await,
            peers: self.sources.peers(&cid).await,
            speed: vitals.speed,
            state: if vitals.is_sought || vitals.is_read {
                State::Live
            } else {
                State::Parked
            },
            last_error: vitals.last_error,
            ..Status::unknown()
        })
    }

    async fn release(&self, id: &Id) -> Result<()> {
        self.sources
            .activities()
            .remove(&address::parse(id.as_str())?);
        Ok(())
    }

    fn vitals(&self, id: &Id) -> Option<Vitals> {
        let cid = address::parse(id.as_str()).ok()?;
        let seen = self.sources.activities().look(&cid);
        (seen.is_sought || seen.is_read).then(|| Vitals {
            peers: self.sources.connected(),
            speed: Some(seen.speed),
        })
    }

    fn peers(&self) -> u64 {
        self.sources.connected()
    }

    fn recognize(&self, text: &str) -> Option<Result<Recognized>> {
        let named = match link::read(text) {
            Some(named) if named.space == Space::Ipfs => named,
            Some(_) => return None,
            None if address::is_content(text) => Named::bare(Space::Ipfs, text),
            None => return None,
        };
        Some(named.recognized(address::canonical(&named.name)))
    }

    async fn prove(
        &self,
        id: &Id,
        path: &[String],
        form: ProofForm,
        hints: &Hints,
        cx: &ReadCx,
    ) -> Result<Proof> {
        let freshness = Freshness::Immutable;
        self.proof(id, path, form, freshness, hints, cx).await
    }

    async fn trace(&self, id: &Id, path: &[String], hints: &Hints) -> Result<Trace> {
        self.traced_to(id, path, Freshness::Immutable, hints).await
    }
}
