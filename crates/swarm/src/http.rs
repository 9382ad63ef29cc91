//! The HTTP client for what URLs of strangers name: trackers and webseeds.
//!
//! Names are resolved here and every answer is checked, redirects are checked again. What is left
//! for the caller is to check a URL itself by [`Policy::check_url`], because a literal address is
//! never resolved.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use librqbit_dualstack_sockets::BindDevice;
use reqwest::{
    Client,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect,
};
use tokio::time::timeout;

use crate::policy::Policy;

/// How we call ourselves.
pub(crate) const USER_AGENT: &str = concat!("universal-p2p/", env!("CARGO_PKG_VERSION"));
/// The longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest wait for the addresses of a name.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(10);
/// Redirects that are followed.
const REDIRECTS: usize = 3;
/// Idle connections that are kept for one host.
const IDLE: usize = 4;

/// Why there is no HTTP client.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoClient {
    /// The TLS library or the device failed.
    #[error("no HTTP client: {0}")]
    Build(#[from] reqwest::Error),
    /// Going on would leave by another way than the configuration says.
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "macos")))]
    #[error("HTTP cannot be bound to a network device on this system")]
    Device,
}

/// A client that reaches only what the policy allows, by way of the device where one is given. It
/// uses no proxy and has no limit of time but that for connecting.
///
/// # Errors
/// [`NoClient`].
pub(crate) fn client(policy: Policy, device: Option<&BindDevice>) -> Result<Client, NoClient> {
    let builder = Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_max_idle_per_host(IDLE)
        .no_proxy()
        .referer(false)
        .redirect(redirect::Policy::custom(move |attempt| {
            checked(policy, attempt)
        }))
        .dns_resolver(Arc::new(GuardedNames(policy)));
    let builder = match device {
        None => builder,
        #[cfg(any(target_os = "linux", target_os = "android", target_os = "macos"))]
        Some(device) => builder.interface(device.name()),
        #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "macos")))]
        Some(_) => return Err(NoClient::Device),
    };
    Ok(builder.build()?)
}

/// The addresses of a name that the policy allows, in the order of the resolver.
pub(crate) async fn resolve(
    policy: Policy,
    host: &str,
    port: u16,
) -> std::io::Result<Vec<SocketAddr>> {
    let found = timeout(RESOLVE_TIMEOUT, tokio::net::lookup_host((host, port))).await??;
    Ok(found
        .filter(|address| policy.allows(address.ip()))
        .collect())
}

fn checked(policy: Policy, attempt: redirect::Attempt<'_>) -> redirect::Action {
    if attempt.previous().len() > REDIRECTS {
        return attempt.error("redirected too often");
    }
    match policy.check_url(attempt.url().clone()) {
        Ok(_) => attempt.follow(),
        Err(error) => attempt.error(error),
    }
}

/// Resolves names to those of their addresses that the policy allows.
struct GuardedNames(Policy);

impl Resolve for GuardedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.0;
        Box::pin(async move {
            let allowed = resolve(policy, name.as_str(), 0).await?;
            if allowed.is_empty() {
                return Err(format!("{} has no address that may be used", name.as_str()).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}
