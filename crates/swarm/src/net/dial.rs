//! Reaching a peer by whichever of TCP and uTP gets through first.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use librqbit_dualstack_sockets::{ConnectOpts, tcp_connect};
use tokio::time::{sleep, timeout};

use super::{
    Raw, Sockets,
    sockets::{bound_for, canonical, system},
};

/// How long a peer may take to answer, by any transport.
const LIMIT: Duration = Duration::from_secs(10);
/// How far ahead TCP is of uTP: it is faster, and most peers have both.
const AHEAD: Duration = Duration::from_millis(200);
/// After how long uTP tries anew: librqbit-utp sends the packet that opens a connection only once.
const AGAIN: Duration = Duration::from_millis(2500);

impl Sockets {
    /// Connects to a peer: by TCP, by uTP too where TCP fails or takes long, and whichever is there
    /// first stays. Ends within 10 seconds.
    ///
    /// # Errors
    /// Where neither gets through: what TCP says, if it was tried.
    pub(crate) async fn dial(&self, address: SocketAddr) -> io::Result<Raw> {
        let address = canonical(address);
        if address.port() == 0 || !can_be_dialled(address.ip()) {
            let reason = "no peer can be at such an address";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
        let late = |_| io::Error::from(io::ErrorKind::TimedOut);
        timeout(LIMIT, self.race(address)).await.map_err(late)?
    }

    async fn race(&self, address: SocketAddr) -> io::Result<Raw> {
        let tcp = self.dial_tcp(address);
        let utp = self.dial_utp(address);
        tokio::pin!(tcp, utp);
        let failure = tokio::select! {
            biased;
            result = &mut tcp => match result {
                Ok(raw) => return Ok(raw),
                Err(error) => error,
            },
            () = sleep(AHEAD) => {
                // From here on both are under way.
                return tokio::select! {
                    result = &mut tcp => match result {
                        Ok(raw) => Ok(raw),
                        Err(error) => utp.await.map_err(|_| error),
                    },
                    result = &mut utp => match result {
                        Ok(raw) => Ok(raw),
                        Err(_) => tcp.await,
                    },
                };
            }
        };
        utp.await.map_err(|other| {
            let tried = failure.kind() != io::ErrorKind::Unsupported;
            if tried { failure } else { other }
        })
    }

    async fn dial_tcp(&self, address: SocketAddr) -> io::Result<Raw> {
        if !self.dials_tcp {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let options = ConnectOpts {
            source_port: None,
            bind_device: self.device.as_ref(),
        };
        let stream = tcp_connect(address, options).await.map_err(system)?;
        Raw::tcp(stream, address)
    }

    /// Whether peers at such an address can be dialled by uTP.
    pub(super) fn has_utp_for(&self, address: SocketAddr) -> bool {
        let socket = self.utp.as_ref();
        socket.is_some_and(|socket| bound_for(socket.bind_addr(), address))
    }

    pub(super) async fn dial_utp(&self, address: SocketAddr) -> io::Result<Raw> {
        let socket = self.utp.as_ref();
        let socket = socket.filter(|socket| bound_for(socket.bind_addr(), address));
        let Some(socket) = socket else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        loop {
            if let Ok(connected) = timeout(AGAIN, socket.connect(address)).await {
                return connected.map(Raw::utp).map_err(io::Error::other);
            }
        }
    }
}

fn can_be_dialled(ip: IpAddr) -> bool {
    let broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
    !ip.is_unspecified() && !ip.is_multicast() && !broadcast
}
