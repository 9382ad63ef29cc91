//! Trackers that speak UDP (BEP 15).

mod packet;

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use librqbit_dualstack_sockets::BindDevice;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::{
    net::UdpSocket,
    time::{Instant, timeout},
};
use url::Url;

use self::packet::{Action, Reply};
use super::{Announcement, answer::Answer, failure::Failure};
use crate::{http, policy::Policy};

/// How long a connection id may be used.
const LIFETIME: Duration = Duration::from_secs(60);
/// The waits before a packet is sent again and at last given up, in seconds. BEP 15 wants 15·2ⁿ;
/// the first packets follow each other quicker, because a film waits for the one that was lost.
const WAITS: [u64; 5] = [1, 2, 5, 15, 30];
/// The longest packet that is read: all the peers that we ask for, at 18 bytes each.
const LONGEST_PACKET: usize = 4096;

/// A tracker over UDP, in one family of addresses.
pub(super) struct Tracker {
    policy: Policy,
    device: Option<BindDevice>,
    is_v6: bool,
    connection: Option<Connection>,
}

impl Tracker {
    /// One that has not been asked yet.
    pub(super) fn new(policy: Policy, device: Option<BindDevice>, is_v6: bool) -> Self {
        Self {
            policy,
            device,
            is_v6,
            connection: None,
        }
    }

    /// Announces.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(super) async fn announce(
        &mut self,
        url: &Url,
        announcement: &Announcement,
    ) -> Result<Answer, Failure> {
        if let Some(connection) = self.connection.take()
            && connection.since.elapsed() < LIFETIME
        {
            match connection.announce(url, announcement).await {
                // It may have forgotten the connection sooner than it should.
                Err(Failure::Refused(_) | Failure::Unreachable(_)) => {}
                answer => {
                    self.connection = answer.is_ok().then_some(connection);
                    return answer;
                }
            }
        }
        let connection = self.connect(url).await?;
        let answer = connection.announce(url, announcement).await?;
        self.connection = Some(connection);
        Ok(answer)
    }

    async fn connect(&self, url: &Url) -> Result<Connection, Failure> {
        let host = url.host_str().ok_or(Failure::Address)?;
        let host = host.trim_matches(['[', ']']);
        let port = url
            .port()
            .filter(|port| *port != 0)
            .ok_or(Failure::Address)?;
        let mut addresses = http::resolve(self.policy, host, port).await?.into_iter();
        let address = addresses.find(|address| address.is_ipv6() == self.is_v6);
        let socket = bind(self.is_v6, self.device.as_ref())?;
        // The system then drops what comes from anywhere else.
        socket.connect(address.ok_or(Failure::Address)?).await?;
        let mut connection = Connection {
            socket,
            id: packet::PROTOCOL,
            since: Instant::now(),
            is_v6: self.is_v6,
        };
        let transaction = rand::random();
        let packet = packet::connect(transaction);
        let reply = connection
            .exchange(&packet, transaction, Action::Connect)
            .await?;
        connection.id = reply.connection_id().ok_or(Failure::Damaged)?;
        connection.since = Instant::now();
        Ok(connection)
    }
}

struct Connection {
    socket: UdpSocket,
    id: u64,
    since: Instant,
    is_v6: bool,
}

impl Connection {
    async fn announce(&self, url: &Url, announcement: &Announcement) -> Result<Answer, Failure> {
        let transaction = rand::random();
        let packet = packet::announce(self.id, transaction, announcement, url);
        let reply = self
            .exchange(&packet, transaction, Action::Announce)
            .await?;
        reply.answer(self.is_v6).ok_or(Failure::Damaged)
    }

    /// Sends a packet until it is answered.
    async fn exchange(
        &self,
        packet: &[u8],
        transaction: u32,
        action: Action,
    ) -> Result<Reply, Failure> {
        for wait in WAITS {
            self.socket.send(packet).await?;
            let reply = self.reply(transaction, action);
            if let Ok(reply) = timeout(Duration::from_secs(wait), reply).await {
                return reply;
            }
        }
        Err(Failure::Silent)
    }

    /// The reply to a transaction. Whatever else arrives is none.
    async fn reply(&self, transaction: u32, action: Action) -> Result<Reply, Failure> {
        let mut buffer = vec![0; LONGEST_PACKET];
        loop {
            let length = self.socket.recv(&mut buffer).await?;
            let packet = buffer.get(..length).unwrap_or_default();
            if let Some(reply) = packet::reply(packet, transaction, action) {
                return reply;
            }
        }
    }
}

fn bind(is_v6: bool, device: Option<&BindDevice>) -> io::Result<UdpSocket> {
    let (domain, any): (_, SocketAddr) = if is_v6 {
        (Domain::IPV6, (Ipv6Addr::UNSPECIFIED, 0).into())
    } else {
        (Domain::IPV4, (Ipv4Addr::UNSPECIFIED, 0).into())
    };
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    if let Some(device) = device {
        device.bind_sref(&socket, is_v6).map_err(io::Error::other)?;
    }
    socket.bind(&any.into())?;
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket.into())
}
