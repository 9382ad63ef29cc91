//! Names that lead to content: keys with signed records, and domains with a DNSLink.

mod dns;
mod known;
mod lead;
mod name;
mod names;
mod record;
mod records;
mod time;

use std::sync::Arc;

use async_trait::async_trait;
use universal_p2p_core::{Backend, Freshness, Hints, Id, NoArchives, Node, Result, Status, walk};

use crate::{Ipfs, address};
pub use dns::Dns;
pub use name::Name;
use names::Follower;
pub use names::Names;
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
        let target = self.follower.follow(&Name::parse(id.as_str())?).await?;
        let freshness = Freshness::For(target.fresh_for);
        let root = self.content.open(&target.cid, hints, freshness).await?;
        walk(root, &target.path, &NoArchives).await
    }

    async fn status(&self, id: &Id) -> Result<Status> {
        match self.follower.at_hand(&Name::parse(id.as_str())?) {
            Some(cid) => {
                let content = address::canonical(&cid.to_string())?;
                self.content.status(&content).await
            }
            None => Ok(Status::unknown()),
        }
    }

    async fn release(&self, id: &Id) -> Result<()> {
        self.follower.forget(&Name::parse(id.as_str())?);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
