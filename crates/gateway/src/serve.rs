//! The server: accepts connections, answers on them, and ends in order.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{Gateway, connection::Impatient};

/// The longest head of a request in bytes. A magnet link with many trackers fits several times.
const LONGEST_HEAD: usize = 32 * 1024;

/// How long a connection may take for a head, and may rest between two requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);

/// How long open streams have to end when the agent stops.
const GRACE: Duration = Duration::from_secs(3);

/// How long somebody has to ask who was let in just before the agent stops.
const LATE: Duration = Duration::from_millis(250);

/// How long nothing is accepted after the system refused to, for example for want of file handles.
const AFTER_REFUSAL: Duration = Duration::from_millis(100);

/// How many connections may be open that stream nothing.
const RESTING_CONNECTIONS: usize = 512;

impl Gateway {
    /// Serves until `stop`, then lets open answers end for 3 s and breaks those that remain.
    ///
    /// # Errors
    /// Only where the listener cannot be used at all.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) -> io::Result<()> {
        listener.local_addr()?;
        let mut most = self.most_connections();
        let room = Arc::new(Semaphore::new(most));
        let gateway = Arc::new(self);
        let mut connections = JoinSet::new();
        loop {
            // More streams need more connections; fewer are refused one by one.
            let wanted = gateway.most_connections();
            room.add_permits(wanted.saturating_sub(most));
            most = most.max(wanted);
            tokio::select! {
                () = stop.cancelled() => break,
                Some(ended) = connections.join_next() => log_panic(ended),
                (accepted, place) = accept(&listener, &room) => match accepted {
                    Ok((stream, client)) => {
                        let talk = talk(Arc::clone(&gateway), stream, client, stop.clone());
                        connections.spawn(async move {
                            talk.await;
                            drop(place);
                        });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection was not accepted");
                        sleep(AFTER_REFUSAL).await;
                    }
                },
            }
        }
        // Nobody is let in any more while the last answers end.
        drop(listener);
        let all_ended = async { while connections.join_next().await.is_some() {} };
        if timeout(GRACE, all_ended).await.is_err() {
            tracing::info!(count = connections.len(), "open streams were broken off");
            connections.shutdown().await;
        }
        Ok(())
    }

    fn most_connections(&self) -> usize {
        let streams = self.settings.streams.get();
        let most = streams.saturating_add(RESTING_CONNECTIONS);
        most.min(Semaphore::MAX_PERMITS)
    }
}

/// Waits for a place and then for a client, so that connections cannot pile up.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> (
    io::Result<(TcpStream, SocketAddr)>,
    Option<OwnedSemaphorePermit>,
) {
    // The semaphore is never closed.
    let place = Arc::clone(room).acquire_owned().await.ok();
    (listener.accept().await, place)
}

fn log_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a connection ended by a panic");
    }
}

/// Sets what the system does for a connection. None of it is needed for an answer to be right.
fn tune(stream: &TcpStream, stall: Duration) {
    // The first bytes of a film must not wait for a full packet.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    // A client that takes nothing is let go by the system itself, which alone knows what was
    // taken: from here a buffer with a little room left looks like progress.
    #[cfg(target_os = "linux")]
    if let Err(error) = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(stall)) {
        tracing::debug!(%error, "no TCP_USER_TIMEOUT");
    }
}

/// Answers the requests of one connection until either side ends it.
async fn talk(
    gateway: Arc<Gateway>,
    stream: TcpStream,
    client: SocketAddr,
    stop: CancellationToken,
) {
    let stall = gateway.settings.stall.get();
    tune(&stream, stall);
    let impatient = Impatient::new(stream, stall);
    let asked = CancellationToken::new();
    let service = service_fn(|request: Request<Incoming>| {
        asked.cancel();
        let gateway = Arc::clone(&gateway);
        async move {
            // Bodies of requests are never read.
            let (head, _) = request.into_parts();
            Ok::<_, Infallible>(gateway.answer(&head, client.ip()).await)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_header_size(LONGEST_HEAD)
        .serve_connection(TokioIo::new(impatient), service);
    let mut connection = std::pin::pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = stop.cancelled() => {
            // Who was let in a moment ago and has not asked yet would be left without an answer.
            let is_asked = timeout(LATE, asked.cancelled());
            tokio::select! {
                result = connection.as_mut() => result,
                _ = is_asked => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        }
    };
    // A client that leaves early is no news.
    if let Err(error) = result {
        tracing::debug!(%client, %error, "a connection broke");
    }
}
