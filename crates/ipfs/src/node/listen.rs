//! Where peers come in.

use std::{
    io,
    net::{Ipv4Addr, TcpListener, UdpSocket},
    time::Duration,
};

use futures_util::StreamExt;
use libp2p::{Multiaddr, Swarm, TransportError, multiaddr::Protocol, swarm::SwarmEvent};
use tokio::time::timeout;

use super::{NodeSettings, Scope, StartError, network::Network, standing::Standing};

/// How long it is waited until the addresses are known.
const KNOWN: Duration = Duration::from_secs(2);

/// Begins to listen, and waits until it is known where. Without IPv6 it does without.
///
/// # Errors
/// [`StartError::Listen`] where the port is taken.
pub(super) async fn begin(
    swarm: &mut Swarm<Network>,
    settings: &NodeSettings,
    standing: &Standing,
) -> Result<(), StartError> {
    let mut begun = Vec::new();
    is_free(settings)?;
    for (address, is_needed) in addresses(settings) {
        match swarm.listen_on(address.clone()) {
            Ok(listener) => begun.push(listener),
            Err(error) if is_needed => {
                let cause = cause(error);
                return Err(StartError::Listen { address, cause });
            }
            Err(error) => tracing::debug!(%address, %error, "it is not listened here"),
        }
    }
    let known = async {
        while !begun.is_empty() {
            match swarm.select_next_some().await {
                SwarmEvent::NewListenAddr {
                    listener_id,
                    address,
                } => {
                    begun.retain(|listener| *listener != listener_id);
                    if settings.scope == Scope::Loopback {
                        // Where nobody tells who is reachable, everybody is.
                        swarm.add_external_address(address.clone());
                    }
                    standing.listen(address);
                }
                SwarmEvent::ListenerClosed { listener_id, .. } => {
                    begun.retain(|listener| *listener != listener_id);
                }
                _ => {}
            }
        }
    };
    let _ = timeout(KNOWN, known).await;
    Ok(())
}

/// Whether nobody else listens on the port: the transport would share it with another program of
/// the same user, and each would get some of the peers.
fn is_free(settings: &NodeSettings) -> Result<(), StartError> {
    let port = settings.port;
    let host = match settings.scope {
        Scope::Internet => Ipv4Addr::UNSPECIFIED,
        Scope::Loopback => Ipv4Addr::LOCALHOST,
    };
    let refused = |way: Protocol<'static>| {
        move |cause| StartError::Listen {
            address: Multiaddr::from(host).with(way),
            cause,
        }
    };
    if port != 0 {
        TcpListener::bind((host, port)).map_err(refused(Protocol::Tcp(port)))?;
        UdpSocket::bind((host, port)).map_err(refused(Protocol::Udp(port)))?;
    }
    Ok(())
}

/// Where to listen, and whether it is needed.
fn addresses(settings: &NodeSettings) -> Vec<(Multiaddr, bool)> {
    let hosts = match settings.scope {
        Scope::Internet => [("/ip4/0.0.0.0", true), ("/ip6/::", false)],
        Scope::Loopback => [("/ip4/127.0.0.1", true), ("/ip6/::1", false)],
    };
    let port = settings.port;
    let both = hosts.into_iter().flat_map(|(host, is_needed)| {
        let ways = [
            format!("{host}/tcp/{port}"),
            format!("{host}/udp/{port}/quic-v1"),
        ];
        ways.map(|way| (way, is_needed))
    });
    both.filter_map(|(way, is_needed)| Some((way.parse().ok()?, is_needed)))
        .collect()
}

fn cause(error: TransportError<io::Error>) -> io::Error {
    match error {
        TransportError::Other(error) => error,
        TransportError::MultiaddrNotSupported(_) => io::ErrorKind::Unsupported.into(),
    }
}
