//! A Kubo daemon as a source of blocks, over its RPC API.
//!
//! This is the one place that knows the crate for it, which is built on another version of HTTP than
//! the rest of the program. Blocks come by `block/get`, which can be checked, unlike `cat`.
//!
//! # Limitations
//! The crate reads the text of an error in whole. It comes from the daemon that the configuration names.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::BytesMut;
use cid::Cid;
use futures_util::StreamExt;
use ipfs_api_backend_hyper::{Error as RpcError, IpfsApi, IpfsClient, TryFromUri};
use tokio::time::{Instant, timeout};
use universal_p2p_core::{Error, Result};
use url::Url;

use crate::{BadSource, Block, BlockSource, Want, block::LONGEST, queue::Queue, server};

/// Which daemon there is.
#[derive(Clone, Debug)]
pub struct KuboSettings {
    /// The address of its RPC API, such as `http://127.0.0.1:5001`.
    pub api: String,
    /// Whether only a daemon on this machine is allowed.
    pub is_loopback_only: bool,
}

/// A Kubo daemon, running or not.
pub struct Kubo {
    client: IpfsClient,
    address: Url,
    queue: Queue,
}

impl Kubo {
    /// The daemon of a configuration. Nothing is sent yet.
    ///
    /// # Errors
    /// [`BadSource`] for an address that is none of an RPC API, or is not allowed.
    pub fn new(settings: &KuboSettings) -> Result<Arc<Self>, BadSource> {
        const WHAT: &str = "Kubo API";
        let mut address = server::parse(WHAT, &settings.api, settings.is_loopback_only)?;
        let bad = || BadSource::Address {
            what: WHAT,
            text: settings.api.clone(),
        };
        // The API is plain HTTP, and has its own path.
        if address.scheme() != "http" || !matches!(address.path(), "/" | "/api/v0/") {
            return Err(bad());
        }
        // The name is not looked up.
        if address.host_str() == Some(server::LOCALHOST) {
            address.set_ip_host(server::HERE[0]).map_err(|()| bad())?;
        }
        let client = IpfsClient::from_str(address.as_str()).map_err(|_| bad())?;
        Ok(Arc::new(Self {
            client,
            address,
            queue: Queue::default(),
        }))
    }

    /// All of a block, as the daemon gives it.
    async fn fetch(&self, cid: &Cid) -> Result<Block> {
        let mut stream = self.client.block_get(&cid.to_string());
        let mut body = BytesMut::new();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|error| self.failed(&error))?;
            if body.len() + chunk.len() > LONGEST {
                return Err(self.wrong(cid, "it is longer than a block may be"));
            }
            body.extend_from_slice(&chunk);
        }
        Block::check(*cid, body.freeze()).map_err(|error| self.wrong(cid, error))
    }

    fn failed(&self, error: &RpcError) -> Error {
        match error {
            // It looked, or was told not to.
            RpcError::Api(_) => nobody(Instant::now(), error),
            RpcError::Client(error) if !error.is_parse() => Error::Unavailable {
                what: format!("the Kubo daemon at {}", self.address),
                cure:
                    "start it (ipfs daemon), set ipfs.kubo_api, or take \"kubo\" out of ipfs.source"
                        .into(),
            },
            _ => Error::Corrupt {
                what: format!(
                    "what answers at {} is no Kubo daemon: {error}",
                    self.address
                ),
            },
        }
    }

    fn wrong(&self, cid: &Cid, why: impl std::fmt::Display) -> Error {
        Error::Corrupt {
            what: format!("block {cid} of the Kubo daemon at {}: {why}", self.address),
        }
    }
}

fn nobody(since: Instant, why: impl std::fmt::Display) -> Error {
    Error::NoProviders {
        waited: since.elapsed(),
        cure: format!("the Kubo daemon did not find it ({why})"),
    }
}

#[async_trait]
impl BlockSource for Kubo {
    fn name(&self) -> &'static str {
        "kubo"
    }

    async fn get(&self, cid: &Cid, want: &Want) -> Result<Block> {
        let _turn = self.queue.turn(cid.hash(), want.urgency).await;
        let since = Instant::now();
        match timeout(want.within, self.fetch(cid)).await {
            Ok(Err(Error::NoProviders { cure, .. })) => Err(Error::NoProviders {
                waited: since.elapsed(),
                cure,
            }),
            Ok(answer) => answer,
            Err(_) => Err(nobody(since, "in time")),
        }
    }

    fn hurry(&self, cid: &Cid) {
        self.queue.hurry(cid.hash());
    }
}

#[cfg(test)]
mod tests;
