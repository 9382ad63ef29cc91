//! Domains by DNS.

use std::{net::SocketAddr, time::Duration};

use async_trait::async_trait;
use hickory_resolver::{
    Resolver as Hickory, TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts},
    net::runtime::TokioRuntimeProvider,
    proto::rr::RData,
};
use tokio::time::timeout;
use universal_p2p_core::{Error, Result};

use super::{Resolver, Texts};

/// How long one server is waited for, and how often one is asked again.
const ONE_ANSWER: Duration = Duration::from_secs(3);
const ATTEMPTS: usize = 2;

/// The most TXT records that are looked at, and the longest text of one, in bytes.
const MOST_TEXTS: usize = 64;
const LONGEST_TEXT: usize = 4096;

/// A client of DNS servers. Answers are not remembered here: how old one is has to be known.
pub struct Dns(TokioResolver);

impl Dns {
    /// Asks the servers that this machine is set up to ask.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where that cannot be read.
    pub fn of_system() -> Result<Self> {
        let builder = TokioResolver::builder_tokio().map_err(|error| unavailable(&error))?;
        Self::new(builder)
    }

    /// Asks these servers only.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where no client can be set up.
    pub fn of(servers: &[SocketAddr]) -> Result<Self> {
        let servers = servers.iter().map(|server| {
            let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
            let connections = connections.map(|mut connection| {
                connection.port = server.port();
                connection
            });
            NameServerConfig::new(server.ip(), true, connections.into())
        });
        let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
        let provider = TokioRuntimeProvider::default();
        Self::new(Hickory::builder_with_config(config, provider))
    }

    fn new(mut builder: hickory_resolver::ResolverBuilder<TokioRuntimeProvider>) -> Result<Self> {
        let options: &mut ResolverOpts = builder.options_mut();
        options.cache_size = 0;
        options.timeout = ONE_ANSWER;
        options.attempts = ATTEMPTS;
        let resolver = builder.build().map_err(|error| unavailable(&error))?;
        Ok(Self(resolver))
    }
}

#[async_trait]
impl Resolver for Dns {
    async fn texts(&self, domain: &str, within: Duration) -> Result<Option<Texts>> {
        // With the dot nothing is added to it.
        let asked = self.0.txt_lookup(format!("{domain}."));
        let found = match timeout(within, asked).await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) if error.is_no_records_found() => return Ok(None),
            Ok(Err(error)) => return Err(unavailable(&error)),
            Err(_) => return Err(unavailable(&"it takes too long")),
        };
        // Aliases on the way count too.
        let ttl = found.answers().iter().map(|record| record.ttl).min();
        let texts = found
            .answers()
            .iter()
            .filter_map(|record| match &record.data {
                RData::TXT(text) => {
                    let joined = text.txt_data.concat();
                    let text = String::from_utf8(joined).ok();
                    text.filter(|text| text.len() <= LONGEST_TEXT)
                }
                _ => None,
            });
        let texts: Vec<_> = texts.take(MOST_TEXTS).collect();
        Ok((!texts.is_empty()).then(|| Texts {
            texts,
            ttl: Duration::from_secs(ttl.unwrap_or(0).into()),
        }))
    }
}

fn unavailable(why: &dyn std::fmt::Display) -> Error {
    Error::Unavailable {
        what: "DNS".into(),
        cure: format!("look at the name servers of this machine ({why})"),
    }
}

#[cfg(test)]
mod tests;
