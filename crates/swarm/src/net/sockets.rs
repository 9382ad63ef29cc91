//! The sockets that peers come to, and that uTP connections leave from.

#[cfg(test)]
mod tests;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroUsize,
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use librqbit_dualstack_sockets::{BindDevice, BindOpts, Error, TcpListener};
use librqbit_utp::{SocketOpts, UtpSocketUdp, UtpSocketUdpOpts, UtpStream};
use tokio::{net::TcpStream, sync::Mutex, time::sleep};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Raw, Transport};

/// How often a free port is looked for that TCP and uTP can both have.
const TRIES: usize = 10;
/// Most uTP connections at a time. The limit of peers is the caller's; this one bounds memory.
const STREAMS: NonZeroUsize = NonZeroUsize::new(512).expect("not zero");
/// How long accepting rests where the system has no more files or memory to give.
const REST: Duration = Duration::from_millis(200);

/// What the sockets are to be like.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Where peers come to. `[::]` is for IPv4 too, and becomes `0.0.0.0` where there is no IPv6.
    /// Port 0 is any free one.
    pub(crate) address: SocketAddr,
    /// The network interface that everything goes through. No socket goes around it.
    pub(crate) device: Option<BindDevice>,
    /// Whether peers are reached by TCP, and may come by it.
    pub(crate) tcp: bool,
    /// Whether peers are reached by uTP, and may come by it.
    pub(crate) utp: bool,
}

/// The sockets of one engine. Dropping them ends every uTP connection.
pub(crate) struct Sockets {
    pub(super) device: Option<BindDevice>,
    pub(super) tcp: Option<TcpListener>,
    /// Whether peers are dialled by TCP.
    pub(super) dials_tcp: bool,
    pub(super) utp: Option<Arc<UtpSocketUdp>>,
    coming: Mutex<Coming>,
    port: u16,
    _until_dropped: DropGuard,
}

type Accepting = Pin<Box<dyn Future<Output = librqbit_utp::Result<UtpStream>> + Send>>;

/// Where accepting by uTP has come to. It is kept between calls: a connection that comes while it
/// is dropped would be lost.
enum Coming {
    Idle,
    Accepting(Accepting),
    Ended,
}

impl Sockets {
    /// Opens the sockets. Must be called within a runtime, which then drives uTP.
    ///
    /// Where uTP cannot be had, goes on with TCP and warns of it.
    ///
    /// # Errors
    /// Where neither kind is wanted, or the wanted ones cannot be opened.
    pub(crate) async fn bind(options: &Options) -> io::Result<Self> {
        let result = Self::bind_at(options, options.address).await;
        let SocketAddr::V6(address) = options.address else {
            return result;
        };
        match result {
            Err(error) if address.ip().is_unspecified() && may_lack_ipv6(&error) => {
                tracing::debug!(%error, "no sockets for IPv6, trying IPv4");
                let four = SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port()));
                Self::bind_at(options, four).await.map_err(|_| error)
            }
            result => result,
        }
    }

    async fn bind_at(options: &Options, address: SocketAddr) -> io::Result<Self> {
        let any_port = address.port() == 0 && options.tcp && options.utp;
        let stop = CancellationToken::new();
        for left in (0..if any_port { TRIES } else { 1 }).rev() {
            let tcp = options.tcp.then(|| listen(options, address)).transpose()?;
            let address = tcp.as_ref().map_or(address, TcpListener::bind_addr);
            let utp = match options.utp {
                true => Some(open_utp(options, address, &stop).await),
                false => None,
            };
            let utp = match utp.transpose() {
                Ok(utp) => utp,
                Err(_) if left > 0 => continue,
                Err(error) if tcp.is_some() => {
                    tracing::warn!(%address, %error, "no uTP: its UDP port cannot be opened");
                    None
                }
                Err(error) => return Err(error),
            };
            let bound = utp.as_ref().map_or(address, |utp| utp.bind_addr());
            if tcp.is_none() && utp.is_none() {
                break;
            }
            return Ok(Self {
                device: options.device.clone(),
                dials_tcp: options.tcp,
                tcp,
                utp,
                coming: Mutex::new(Coming::Idle),
                port: bound.port(),
                _until_dropped: stop.drop_guard(),
            });
        }
        let reason = "neither TCP nor uTP is to be used";
        Err(io::Error::new(io::ErrorKind::InvalidInput, reason))
    }

    /// Sockets that dial by TCP, and that nobody can come to.
    pub(crate) fn outgoing(device: Option<BindDevice>) -> Self {
        Self {
            device,
            tcp: None,
            dials_tcp: true,
            utp: None,
            coming: Mutex::new(Coming::Ended),
            port: 0,
            _until_dropped: CancellationToken::new().drop_guard(),
        }
    }

    /// The port that peers come to, by TCP and by uTP.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The next peer that comes. When the future is dropped, nobody is lost.
    ///
    /// # Errors
    /// Where nobody can come any more.
    pub(crate) async fn accept(&self) -> io::Result<Raw> {
        loop {
            let accepted = tokio::select! {
                accepted = accept_tcp(self.tcp.as_ref()) => accepted?,
                accepted = self.accept_utp() => accepted,
            };
            if let Some(raw) = accepted {
                return Ok(raw);
            }
            if self.tcp.is_none() {
                return Err(io::Error::other("the uTP socket has ended"));
            }
        }
    }

    /// The next peer by uTP, or `None` where nobody will come any more.
    async fn accept_utp(&self) -> Option<Raw> {
        let mut coming = self.coming.lock().await;
        if let (Coming::Idle, Some(utp)) = (&*coming, &self.utp) {
            let utp = utp.clone();
            *coming = Coming::Accepting(Box::pin(async move { utp.accept().await }));
        }
        let Coming::Accepting(accepting) = &mut *coming else {
            return match (&self.tcp, &self.utp) {
                (None, Some(_)) => None,
                (Some(_), _) | (None, None) => std::future::pending().await,
            };
        };
        match accepting.await {
            Ok(stream) => {
                *coming = Coming::Idle;
                Some(Raw::utp(stream))
            }
            Err(error) => {
                tracing::warn!(%error, "no more peers come by uTP");
                *coming = Coming::Ended;
                None
            }
        }
    }
}

impl Raw {
    pub(super) fn tcp(stream: TcpStream, address: SocketAddr) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let (read, write) = stream.into_split();
        Ok(Self {
            read: Box::new(read),
            write: Box::new(write),
            address: canonical(address),
            transport: Transport::Tcp,
        })
    }

    pub(super) fn utp(stream: UtpStream) -> Self {
        let address = stream.remote_addr();
        let (read, write) = stream.split();
        Self {
            read: Box::new(read),
            write: Box::new(write),
            address: canonical(address),
            transport: Transport::Utp,
        }
    }
}

/// The address as an IPv4 one, where it is an IPv6 form of one.
pub(super) fn canonical(address: SocketAddr) -> SocketAddr {
    let SocketAddr::V6(six) = address else {
        return address;
    };
    let four = six.ip().to_ipv4_mapped();
    four.map_or(address, |ip| (ip, six.port()).into())
}

/// Whether a socket bound to `ours` reaches addresses of the family of `theirs`.
pub(super) fn bound_for(ours: SocketAddr, theirs: SocketAddr) -> bool {
    let both = ours.is_ipv6() && ours.ip().is_unspecified();
    both || ours.is_ipv6() == theirs.is_ipv6()
}

/// The error with its kind, where it is of the system.
pub(super) fn system(error: Error) -> io::Error {
    let kind = match &error {
        Error::SocketNew(cause)
        | Error::Bind(cause)
        | Error::Listen(cause)
        | Error::Connect(cause)
        | Error::BindDeviceSetDeviceError(cause) => cause.kind(),
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}

/// Whether the reason may be that the system has no IPv6.
fn may_lack_ipv6(error: &io::Error) -> bool {
    use io::ErrorKind::{AddrInUse, InvalidInput, PermissionDenied};
    !matches!(error.kind(), AddrInUse | InvalidInput | PermissionDenied)
}

fn listen(options: &Options, address: SocketAddr) -> io::Result<TcpListener> {
    let bind = BindOpts {
        request_dualstack: true,
        reuseport: false,
        device: options.device.as_ref(),
    };
    TcpListener::bind_tcp(address, bind).map_err(system)
}

async fn open_utp(
    options: &Options,
    address: SocketAddr,
    stop: &CancellationToken,
) -> io::Result<Arc<UtpSocketUdp>> {
    let socket = SocketOpts {
        disable_nagle: true,
        max_live_vsocks: Some(STREAMS),
        dont_wait_for_lastack: true,
        cancellation_token: stop.child_token(),
        ..SocketOpts::default()
    };
    let udp = UtpSocketUdpOpts {
        bind_device: options.device.as_ref(),
    };
    let opened = UtpSocketUdp::new_udp_with_opts(address, socket, udp).await;
    opened.map_err(|error| match error {
        librqbit_utp::Error::Dualstack(error) => system(*error),
        other => io::Error::other(other),
    })
}

/// The next peer by TCP; `None` where the one that came is gone again.
async fn accept_tcp(listener: Option<&TcpListener>) -> io::Result<Option<Raw>> {
    let Some(listener) = listener else {
        return std::future::pending().await;
    };
    match listener.accept().await {
        Ok((stream, address)) => Ok(Raw::tcp(stream, address).ok()),
        Err(error) => {
            tracing::debug!(%error, "a peer could not be accepted");
            sleep(REST).await;
            Ok(None)
        }
    }
}
