//! Opening a connection to a peer.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{io::AsyncWriteExt, time::timeout};

use super::{
    Connection, Encryption, Raw, Refused, Sockets,
    plain::{check, read_hello},
};
use crate::{
    crypt::{Methods, Secured, initiate},
    wire::Handshake,
};

/// How long a peer may take from the first packet to its handshake, over all attempts.
const LIMIT: Duration = Duration::from_secs(15);
/// How long its handshake may take where there is another way to ask for it.
const FIRST: Duration = Duration::from_secs(5);

/// How a peer is greeted.
#[derive(Clone, Copy)]
enum Way {
    Clear,
    Encrypted(Methods),
}

/// Connects to a peer and shakes hands for the torrent that `ours` names. Ends within 15 seconds.
///
/// # Errors
/// Where the peer cannot be reached, does not answer in time and in kind, or is ourselves.
pub(crate) async fn greet(
    sockets: &Sockets,
    address: SocketAddr,
    ours: &Handshake,
    encryption: Encryption,
) -> Result<Connection, Refused> {
    let (first, second) = match encryption {
        Encryption::Off => (Way::Clear, None),
        Encryption::Allow => (Way::Clear, Some(Way::Encrypted(Methods::EITHER))),
        Encryption::Prefer => (Way::Encrypted(Methods::EITHER), Some(Way::Clear)),
        Encryption::Require => (Way::Encrypted(Methods::RC4), None),
    };
    let trying = async {
        let refused = match try_once(sockets.dial(address), ours, first).await {
            Err(refused) if refused.may_be_the_way() => refused,
            result => return result,
        };
        let refused = match second {
            Some(second) => match try_once(sockets.dial(address), ours, second).await {
                Err(refused) if refused.may_be_the_way() => refused,
                result => return result,
            },
            None => refused,
        };
        // Some who want uTP only take TCP connections all the same, and close them at once.
        if matches!(refused, Refused::HungUp(_)) && sockets.has_utp_for(address) {
            return try_once(sockets.dial_utp(address), ours, first).await;
        }
        Err(refused)
    };
    timeout(LIMIT, trying).await.unwrap_or(Err(Refused::Slow))
}

impl Refused {
    /// Whether another way to greet the same peer may help.
    fn may_be_the_way(&self) -> bool {
        matches!(self, Self::HungUp(_) | Self::OtherProtocol | Self::Slow)
    }
}

async fn try_once(
    dial: impl Future<Output = io::Result<Raw>>,
    ours: &Handshake,
    way: Way,
) -> Result<Connection, Refused> {
    let raw = dial.await.map_err(Refused::Unreachable)?;
    let shaken = timeout(FIRST, shake(raw, ours, way)).await;
    shaken.unwrap_or(Err(Refused::Slow))
}

async fn shake(raw: Raw, ours: &Handshake, way: Way) -> Result<Connection, Refused> {
    let (address, transport) = (raw.address, raw.transport);
    let mut secured = match way {
        Way::Clear => {
            let mut clear = Secured::clear(raw, ours.infohash);
            clear.write.write_all(&ours.encode()).await?;
            clear.write.flush().await?;
            clear
        }
        Way::Encrypted(methods) => {
            let infohash = ours.infohash;
            initiate(raw.read, raw.write, infohash, methods, &ours.encode()).await?
        }
    };
    let hello = read_hello(&mut secured.read, &[]).await?;
    Ok(Connection {
        hello: check(hello, ours.infohash, ours.peer_id)?,
        read: secured.read,
        write: secured.write,
        address,
        transport,
        encrypted: secured.encrypted,
    })
}
