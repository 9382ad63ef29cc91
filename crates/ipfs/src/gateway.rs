//! Trustless gateways: web servers that give blocks by their CID.
//!
//! Nothing that one says is believed: every block is hashed, and a gateway that gives other bytes, or
//! none, makes room for the next source.

mod answer;
mod archive;
pub(crate) mod car;
mod link;
mod rest;
mod stretch;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use cid::Cid;
use universal_p2p_core::{Error, Result};

use crate::{
    BadSource, Block, BlockSource, Name, Records, Want, block, ipns::LONGEST_RECORD, queue::Queue,
    server,
};
use link::{Link, Question};
use stretch::Stretches;

/// The most gateways that are used.
const MOST_GATEWAYS: usize = 16;

/// Which gateways there are.
#[derive(Clone, Debug, Default)]
pub struct GatewaySettings {
    /// Their addresses, in the order to try them. None is no gateway: there are no others.
    pub gateways: Vec<String>,
    /// Whether only gateways on this machine are allowed.
    pub is_loopback_only: bool,
}

/// One gateway.
#[derive(Debug)]
pub struct Gateway {
    link: Arc<Link>,
    queue: Queue,
    stretches: Stretches,
}

impl Gateway {
    /// The gateways of a configuration, in its order; at most 16. Nothing is sent yet.
    ///
    /// # Errors
    /// [`BadSource`] for an address that is none of a gateway, or is not allowed.
    pub fn all(settings: &GatewaySettings) -> Result<Vec<Arc<Self>>, BadSource> {
        let addresses = settings.gateways.iter().take(MOST_GATEWAYS);
        let gateways = addresses.map(|text| {
            let link = Link::new(server::parse("gateway", text, settings.is_loopback_only)?)?;
            Ok(Arc::new(Self {
                link: Arc::new(link),
                queue: Queue::default(),
                stretches: Stretches::default(),
            }))
        });
        gateways.collect()
    }

    /// A block by itself.
    async fn raw(&self, cid: &Cid, want: &Want) -> Result<Block> {
        let _turn = self.queue.turn(cid.hash(), want.urgency).await;
        let path = format!("ipfs/{cid}");
        let question = Question {
            path: &path,
            query: &[("format", "raw")],
            accept: "application/vnd.ipld.raw",
            within: want.within,
        };
        let answer = self.link.ask(&question).await?;
        let bytes = self.link.whole(answer, block::LONGEST).await?;
        Block::check(*cid, bytes).map_err(|error| Error::Corrupt {
            what: format!("block {cid} of gateway {}: {error}", self.link.base()),
        })
    }
}

#[async_trait]
impl BlockSource for Gateway {
    fn name(&self) -> &'static str {
        "gateway"
    }

    async fn get(&self, cid: &Cid, want: &Want) -> Result<Block> {
        if let Some(part) = &want.part
            && let Some(block) = self.stretches.get(&self.link, cid, part).await
        {
            return Ok(block);
        }
        self.raw(cid, want).await
    }

    fn hurry(&self, cid: &Cid) {
        self.queue.hurry(cid.hash());
    }
}

#[async_trait]
impl Records for Gateway {
    fn name(&self) -> &'static str {
        "gateway"
    }

    async fn records(&self, name: &Name, within: Duration) -> Result<Vec<Bytes>> {
        let path = format!("ipns/{name}");
        let question = Question {
            path: &path,
            query: &[("format", "ipns-record")],
            accept: "application/vnd.ipfs.ipns-record",
            within,
        };
        let answer = self.link.ask(&question).await?;
        let record = self.link.whole(answer, LONGEST_RECORD).await?;
        Ok(vec![record])
    }
}

#[cfg(test)]
mod tests;
