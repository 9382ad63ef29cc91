//! Names that lead to content: keys with signed records, and domains with a DNSLink.

mod dns;
mod known;
mod lead;
mod name;
mod names;
mod record;
mod records;
mod time;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use universal_p2p_core::{
    Backend, Error, Freshness, Hints, Id, NoArchives, Node, Proof, ProofForm, ReadCx, Result,
    Status, walk,
};

use crate::{Ipfs, address};
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
    async fn content_of(
        &self,
        name: &Name,
        path: &[String],
        hints: &Hints,
    ) -> Result<(Id, Vec<String>, Duration)> {
        let target = self.target(name, hints).await?;
        let mut whole = target.path;
        whole.extend_from_slice(path);
        let id = address::canonical(&target.cid.to_string())?;
        Ok((id, whole, target.fresh_for))
    }
}

/// A record as its reader checks it.
fn proof(id: &Id, record: Record) -> Proof {
    let until = record.valid_until.duration_since(SystemTime::now());
    Proof {
        media_type: "application/vnd.ipfs.ipns-record",
        etag: format!("{id}.{}.ipns-record", record.sequence),
        is_weak: true,
        filename: format!("{id}.ipns-record"),
        length: Some(record.bytes.len() as u64),
        freshness: Freshness::For(record.ttl.min(until.unwrap_or_default())),
        roots: Vec::new(),
        stream: stream::once(std::future::ready(Ok(record.bytes))).boxed(),
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
        let (content, path, fresh_for) = self.content_of(&name, path, hints).await?;
        let freshness = Freshness::For(fresh_for);
        let proof = self
            .content
            .proof(&content, &path, form, freshness, hints, cx);
        proof.await
    }

    async fn roots(&self, id: &Id, path: &[String], hints: &Hints) -> Result<Vec<String>> {
        let name = Name::parse(id.as_str())?;
        let (content, path, _) = self.content_of(&name, path, hints).await?;
        self.content.trail(&content, &path, hints).await
    }

    async fn release(&self, id: &Id) -> Result<()> {
        self.follower.forget(&Name::parse(id.as_str())?);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
