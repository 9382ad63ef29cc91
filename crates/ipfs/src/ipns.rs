//! Names that lead to content: keys with signed records, and domains with a DNSLink.

mod dns;
mod known;
mod lead;
mod name;
mod names;
mod record;
mod records;
mod time;

use std::{sync::Arc, time::SystemTime};

use async_trait::async_trait;
use universal_p2p_core::{
    Backend, Error, Freshness, Hints, Id, NoArchives, Node, Proof, ProofBody, ProofForm, ReadCx,
    Recognized, Result, Status, Trace, Vitals, walk,
};

use crate::{
    Ipfs, address,
    link::{self, Named, Space},
};
pub use dns::Dns;
pub use name::Name;
pub use names::Names;
use names::{Follower, Target};
pub(crate) use record::LONGEST as LONGEST_RECORD;
pub use record::{BadRecord, Record};
pub use records::{Kept, Records, Resolver, Texts};

/// The first segment of its addresses.
const PROTOCOL: &str = "ipns";

/// IPNS behind the gateway: names in front of [`Ipfs`].
pub struct Ipns {
    content: Arc<Ipfs>,
    follower: Follower,
}

impl Ipns {
    /// Follows names by these, and reads what they lead to.
    #[must_use]
    pub fn new(content: Arc<Ipfs>, names: Names) -> Self {
        Self {
            content,
            follower: Follower::new(names),
        }
    }

    /// Where a name leads.
    async fn target(&self, name: &Name, hints: &Hints) -> Result<Target> {
        if !hints.is_only_held() {
            return self.follower.follow(name).await;
        }
        let known = self.follower.at_hand(name);
        known.ok_or_else(|| Error::NotHeld {
            what: format!("where {name} leads"),
        })
    }

    /// What a path below a name stands for, and for how long.
    async fn content_of(&self, name: &Name, path: &[String], hints: &Hints) -> Result<Content> {
        let target = self.target(name, hints).await?;
        let before = target.path.len();
        let mut whole = target.path;
        whole.extend_from_slice(path);
        Ok(Content {
            id: address::canonical(&target.cid.to_string())?,
            path: whole,
            before,
            freshness: Freshness::For(target.fresh_for),
        })
    }
}

/// A path of content that a path below a name stands for.
struct Content {
    id: Id,
    path: Vec<String>,
    /// How many names of it lead to what the name itself stands for.
    before: usize,
    freshness: Freshness,
}

/// A record as its reader checks it: it says itself until when it is good.
fn proof(id: &Id, record: Record) -> Proof {
    // Records of one number may be good until different times.
    let until = record.valid_until.duration_since(SystemTime::UNIX_EPOCH);
    let until = until.unwrap_or_default().as_nanos();
    Proof {
        media_type: "application/vnd.ipfs.ipns-record",
        etag: format!("{id}.{}.{until}.ipns-record", record.sequence),
        is_weak: false,
        filename: format!("{id}.ipns-record"),
        freshness: Freshness::For(record.ttl),
        roots: Vec::new(),
        body: ProofBody::Whole(record.bytes),
    }
}

#[async_trait]
impl Backend for Ipns {
    fn protocol(&self) -> &'static str {
        PROTOCOL
    }

    fn version(&self) -> &'static str {
        "v0"
    }

    fn canonical(&self, id: &str) -> Result<(Id, Hints)> {
        Ok((Name::parse(id)?.id()?, Hints::default()))
    }

    async fn resolve(&self, id: &Id, hints: &Hints) -> Result<Node> {
        let target = self.target(&Name::parse(id.as_str())?, hints).await?;
        let freshness = Freshness::For(target.fresh_for);
        let root = self.content.open(&target.cid, hints, freshness).await?;
        walk(root, &target.path, &NoArchives).await
    }

    async fn status(&self, id: &Id) -> Result<Status> {
        match self.follower.at_hand(&Name::parse(id.as_str())?) {
            Some(target) => {
                let content = address::canonical(&target.cid.to_string())?;
                self.content.status(&content).await
            }
            None => Ok(Status::unknown()),
        }
    }

    fn vitals(&self, id: &Id) -> Option<Vitals> {
        self.content.vitals(id)
    }

    fn recognize(&self, text: &str) -> Option<Result<Recognized>> {
        let named = match link::read(text) {
            Some(named) if named.space == Space::Ipns => named,
            Some(_) => return None,
            None => {
                Name::parse(text).ok()?;
                Named::bare(Space::Ipns, text)
            }
        };
        let parsed = Name::parse(&named.name).or_else(|error| {
            // As one label of a host: dots are dashes there, and dashes are doubled.
            let domain = named.unfolded().ok_or(error)?;
            Name::parse(&domain)
        });
        Some(named.recognized(parsed.and_then(|name| name.id())))
    }

    async fn prove(
        &self,
        id: &Id,
        path: &[String],
        form: ProofForm,
        hints: &Hints,
        cx: &ReadCx,
    ) -> Result<Proof> {
        let name = Name::parse(id.as_str())?;
        if form == ProofForm::Record && path.is_empty() && !hints.is_only_held() {
            return Ok(proof(id, self.follower.record(&name).await?));
        }
        let (to, content) = (self.content_of(&name, path, hints).await?, &self.content);
        let proof = content.proof(&to.id, &to.path, form, to.freshness, hints, cx);
        let mut proof = proof.await?;
        proof.roots.drain(..to.before.min(proof.roots.len()));
        Ok(proof)
    }

    async fn trace(&self, id: &Id, path: &[String], hints: &Hints) -> Result<Trace> {
        let name = Name::parse(id.as_str())?;
        let (to, content) = (self.content_of(&name, path, hints).await?, &self.content);
        let trace = content.traced_to(&to.id, &to.path, to.freshness, hints);
        let mut trace = trace.await?;
        trace.roots.drain(..to.before.min(trace.roots.len()));
        Ok(trace)
    }

    fn has_better_spelling(&self, id: &str) -> bool {
        match Name::parse(id) {
            Ok(name @ Name::Key(_)) => name.to_string() != id,
            Ok(Name::Domain(_)) | Err(_) => false,
        }
    }

    async fn release(&self, id: &Id) -> Result<()> {
        self.follower.forget(&Name::parse(id.as_str())?);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
