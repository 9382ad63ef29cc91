//! The task that decides, and those that dial.

use std::{net::SocketAddr, sync::Arc};

use tokio::time::sleep;

use super::{connection, live::Live};
use crate::net::{self, Refused};

/// Decides and dials until the swarm is left.
pub(super) fn start(live: &Arc<Live>) {
    live.session.spawn(conduct(Arc::clone(live)));
}

/// Decides what happens next, again and again.
async fn conduct(live: Arc<Live>) {
    while !live.stop.is_cancelled() {
        let room = live.session.half_open.available_permits();
        let orders = live.state().conduct(live.now(), room);
        for piece in orders.check {
            live.check(piece);
        }
        for address in orders.dial {
            live.session.spawn(dial(Arc::clone(&live), address));
        }
        tokio::select! {
            () = live.wake.notified() => {}
            () = sleep(orders.rest) => {}
            () = live.stop.cancelled() => {}
        }
    }
}

/// Dials a peer and talks to it.
async fn dial(live: Arc<Live>, address: SocketAddr) {
    let session = Arc::clone(&live.session);
    let dialling = async {
        let _half_open = session.half_open.acquire().await.ok()?;
        let finder = &session.finder;
        let hello = finder.hello(live.infohash);
        let (sockets, encryption) = (&finder.sockets, finder.encryption);
        let greeting = net::greet(sockets, address, &hello, encryption);
        match greeting.await {
            Ok(connection) => Some(connection),
            Err(Refused::Ourselves) => {
                live.state().book.learn_me(address);
                None
            }
            Err(error) => {
                tracing::debug!(%address, %error, "a peer was not reached");
                None
            }
        }
    };
    let dialled = tokio::select! {
        dialled = dialling => dialled,
        () = live.stop.cancelled() => return,
    };
    let place = session.connections.try_acquire();
    match (dialled, place) {
        (Some(connection), Ok(_place)) => connection::attend(live, connection, true).await,
        _ => {
            let now = live.now();
            live.state().book.failed(address, now);
            live.wake.notify_one();
        }
    }
}
