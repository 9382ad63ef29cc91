//! Ways to find peers, and to be found: the DHT, the local network, the router.

use std::sync::Arc;

use librqbit_dht::{Dht, DhtPersistenceConfig, PersistentDht};
use librqbit_dualstack_sockets::BindDevice;
use librqbit_lsd::{LocalServiceDiscovery, LocalServiceDiscoveryOptions};
use librqbit_upnp::UpnpPortForwarder;
use tokio_util::sync::CancellationToken;

use super::{Options, Shared};
use crate::Scope;

/// Joins the DHT (BEP 5), where the options allow it. It keeps its table across restarts, so that it
/// need not be bootstrapped every time. Without it there are other ways: a failure is only noted.
pub(super) async fn dht(
    options: &Options,
    device: Option<&BindDevice>,
    stop: &CancellationToken,
) -> Option<Dht> {
    if !options.dht || options.policy.scope() == Scope::Loopback {
        return None;
    }
    let table = DhtPersistenceConfig {
        dump_interval: None,
        config_filename: Some(options.state.join("dht.json")),
    };
    let nodes = Some(options.dht_bootstrap.clone()).filter(|nodes| !nodes.is_empty());
    let joined = PersistentDht::create(table, None, false, nodes, Some(stop.clone()), device);
    joined
        .await
        .inspect_err(|error| tracing::warn!("no DHT: {error:#}"))
        .ok()
}

/// Listens to the local network (BEP 14), where the options allow it.
pub(super) async fn lsd(
    options: &Options,
    device: Option<&BindDevice>,
    stop: &CancellationToken,
) -> Option<LocalServiceDiscovery> {
    if options.policy.scope() == Scope::Loopback {
        return None;
    }
    let listening = LocalServiceDiscovery::new(LocalServiceDiscoveryOptions {
        cancel_token: stop.clone(),
        cookie: None,
        bind_device: device,
    });
    listening
        .await
        .inspect_err(|error| tracing::warn!("no local peer discovery: {error:#}"))
        .ok()
}

/// Asks the router to forward the port, again and again, where the options want it.
pub(super) fn forward_port(session: &Arc<Shared>, device: Option<BindDevice>) {
    if !session.options.upnp || session.policy.scope() == Scope::Loopback {
        return;
    }
    match UpnpPortForwarder::new(vec![session.port], None, device) {
        Ok(forwarder) => {
            let stop = session.stop.clone();
            session.spawn(async move {
                tokio::select! {
                    _ = forwarder.run_forever() => {}
                    () = stop.cancelled() => {}
                }
            });
        }
        Err(error) => tracing::warn!("the port is not forwarded: {error:#}"),
    }
}
