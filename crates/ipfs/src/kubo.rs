//! A Kubo daemon as a source of blocks, over its RPC API.
//!
//! This is the one place that knows the crate for it, which is built on another version of HTTP than
//! the rest of the program. Blocks come by `block/get`, which can be checked, unlike `cat`.
//!
//! The crate forms requests and understands errors. What is in between is done here: it would read the
//! text of an error however long it is, and connect anew for every block.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use cid::Cid;
use hyper_of_rpc::{Body, Client, Request, body::HttpBody, client::HttpConnector};
use ipfs_api_backend_hyper::{
    Error as RpcError, IpfsApi, IpfsClient, TryFromUri, request::BlockGet,
};
use tokio::time::{Instant, timeout};
use universal_p2p_core::{Error, Result};
use url::Url;

use crate::{BadSource, Block, BlockSource, Want, block::LONGEST, queue::Queue, server};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// The longest text of an error that is read, in bytes, and that is told on, in characters.
const LONGEST_ERROR: usize = 16 << 10;
const TOLD: usize = 200;

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
    api: IpfsClient,
    client: Client<HttpConnector>,
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
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT));
        connector.set_nodelay(true);
        Ok(Arc::new(Self {
            api: IpfsClient::from_str(address.as_str()).map_err(|_| bad())?,
            client: Client::builder().build(connector),
            address,
            queue: Queue::default(),
        }))
    }

    /// All of a block, as the daemon gives it.
    async fn fetch(&self, cid: &Cid) -> Result<Block> {
        let mut answer = self.send(cid).await.map_err(|error| self.failed(&error))?;
        let status = answer.status().as_u16();
        let is_block = status == 200;
        let longest = if is_block { LONGEST } else { LONGEST_ERROR };
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.data().await {
            let chunk = chunk.map_err(|error| self.failed(&error.into()))?;
            if body.len() + chunk.len() > longest {
                return Err(match is_block {
                    true => self.wrong(cid, "it is longer than a block may be"),
                    false => self.stranger(&format!("status {status}")),
                });
            }
            body.extend_from_slice(&chunk);
        }
        match (is_block, status) {
            (true, _) => {
                Block::check(*cid, body.freeze()).map_err(|error| self.wrong(cid, error))
            }
            (false, 401 | 403) => Err(Error::Unavailable {
                what: format!("the Kubo daemon at {}", self.address),
                cure: "it answers that this is forbidden: let its API be used from here without authorization, or take \"kubo\" out of ipfs.source".into(),
            }),
            (false, _) => Err(self.failed(&error_in(&self.api, body.freeze()))),
        }
    }

    /// Sends the request, once more where it met the end of an old connection.
    async fn send(&self, cid: &Cid) -> Result<hyper_of_rpc::Response<Body>, RpcError> {
        let cid = cid.to_string();
        match self.client.request(request(&self.api, &cid)?).await {
            Err(error) if error.is_incomplete_message() => {
                Ok(self.client.request(request(&self.api, &cid)?).await?)
            }
            answer => Ok(answer?),
        }
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
            _ => self.stranger(error),
        }
    }

    fn stranger(&self, why: &dyn std::fmt::Display) -> Error {
        let why = told(why);
        Error::Corrupt {
            what: format!("what answers at {} is no Kubo daemon: {why}", self.address),
        }
    }

    fn wrong(&self, cid: &Cid, why: impl std::fmt::Display) -> Error {
        Error::Corrupt {
            what: format!("block {cid} of the Kubo daemon at {}: {why}", self.address),
        }
    }
}

/// The request for a block.
fn request<Api>(api: &Api, cid: &str) -> Result<Request<Body>, RpcError>
where
    Api: IpfsApi<HttpRequest = Request<Body>, Error = RpcError>,
{
    api.build_base_request(BlockGet { hash: cid }, None)
}

/// What an answer that is no block says.
fn error_in<Api: IpfsApi<Error = RpcError>>(_: &Api, body: Bytes) -> RpcError {
    Api::process_error_from_body(body)
}

fn nobody(since: Instant, why: impl std::fmt::Display) -> Error {
    let why = told(&why);
    Error::NoProviders {
        waited: since.elapsed(),
        cure: format!("the Kubo daemon did not find it ({why})"),
    }
}

/// What another program says, cut to what somebody reads.
fn told(why: &dyn std::fmt::Display) -> String {
    why.to_string().chars().take(TOLD).collect()
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

    /// What it fetched is in its own store; but one on another machine does not save anything here.
    fn keeps(&self) -> bool {
        server::is_loopback(&self.address)
    }

    fn hurry(&self, cid: &Cid) {
        self.queue.hurry(cid.hash());
    }
}

#[cfg(test)]
mod tests;
