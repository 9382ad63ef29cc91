//! Peers that come to us.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;

use super::Shared;
use crate::{
    net::{self, Raw},
    swarm,
};

/// How long to rest when no connection can be taken, as when there are no file descriptors left.
const REST: Duration = Duration::from_millis(500);

/// Lets peers in until the session ends.
pub(super) async fn accept(session: Arc<Shared>) {
    loop {
        let accepted = tokio::select! {
            accepted = session.finder.sockets.accept() => accepted,
            () = session.stop.cancelled() => return,
        };
        match accepted {
            Ok(raw) => session.spawn(welcome(Arc::clone(&session), raw)),
            Err(error) => {
                tracing::debug!(%error, "no connection could be taken");
                sleep(REST).await;
            }
        }
    }
}

async fn welcome(session: Arc<Shared>, raw: Raw) {
    let address = raw.address;
    // Whoever is beyond the limits is closed at once, before it costs anything.
    let Ok(_place) = session.connections.try_acquire() else {
        return;
    };
    let encryption = session.finder.encryption;
    let welcoming = net::welcome(
        raw,
        || session.infohashes(),
        |infohash| session.finder.hello(infohash),
        encryption,
    );
    let welcomed = tokio::select! {
        welcomed = welcoming => welcomed,
        () = session.stop.cancelled() => return,
    };
    match welcomed {
        Ok(connection) => {
            if let Some(live) = session.live(connection.hello.infohash) {
                swarm::attend(live, connection, false).await;
            }
        }
        Err(error) => tracing::debug!(%address, %error, "a peer that came was not let in"),
    }
}
