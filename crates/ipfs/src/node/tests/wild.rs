//! A peer that does with its streams whatever a test likes.

use std::{
    collections::VecDeque,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use cid::Cid;
use futures_util::{AsyncReadExt, StreamExt};
use libp2p::{
    Multiaddr, PeerId, Stream, Swarm, SwarmBuilder,
    core::{Endpoint, transport::PortUse},
    noise,
    swarm::{
        ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, FromSwarm,
        NetworkBehaviour, NotifyHandler, SubstreamProtocol, SwarmEvent, ToSwarm,
        handler::{ConnectionEvent, FullyNegotiatedInbound, FullyNegotiatedOutbound},
    },
    tcp, yamux,
};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinSet,
    time::timeout,
};

use crate::bitswap::wild::{
    Entry, Message, Negotiation, Payload, Version, read_body, read_length, write,
};

/// The longest wait of a test for one step.
const PATIENCE: Duration = Duration::from_secs(20);

/// A peer under the command of a test.
pub(super) struct Wild {
    pub(super) address: Multiaddr,
    commands: UnboundedSender<usize>,
    inbound: UnboundedReceiver<Stream>,
    outbound: UnboundedReceiver<Stream>,
    _task: JoinSet<()>,
}

impl Wild {
    pub(super) async fn start() -> Self {
        let (to_inbound, inbound) = unbounded_channel();
        let (to_outbound, outbound) = unbounded_channel();
        let behaviour = Behaviour {
            inbound: to_inbound,
            outbound: to_outbound,
            peer: None,
            to_open: VecDeque::new(),
        };
        let mut swarm = SwarmBuilder::with_new_identity()
            .with_tokio()
            .with_tcp(
                tcp::Config::default().nodelay(true),
                noise::Config::new,
                || {
                    let mut mux = yamux::Config::default();
                    mux.set_max_num_streams(4096);
                    mux
                },
            )
            .unwrap()
            .with_behaviour(|_| behaviour)
            .unwrap()
            .with_swarm_config(|config| {
                config.with_idle_connection_timeout(Duration::from_secs(3600))
            })
            .build();
        let local = "/ip4/127.0.0.1/tcp/0".parse().unwrap();
        swarm.listen_on(local).unwrap();
        let address = loop {
            if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
                break address;
            }
        };
        let (commands, orders) = unbounded_channel();
        let id = *swarm.local_peer_id();
        let mut task = JoinSet::new();
        task.spawn(drive(swarm, orders));
        Self {
            address: address.with_p2p(id).unwrap(),
            commands,
            inbound,
            outbound,
            _task: task,
        }
    }

    /// The next stream that the other side opened.
    pub(super) async fn heard(&mut self) -> Stream {
        let heard = timeout(PATIENCE, self.inbound.recv()).await;
        heard.expect("no stream came").unwrap()
    }

    /// Whether nobody opens a stream for so long.
    pub(super) async fn is_left_alone(&mut self, time: Duration) -> bool {
        timeout(time, self.inbound.recv()).await.is_err()
    }

    /// Asks for streams to the other side.
    pub(super) fn open(&self, count: usize) {
        self.commands.send(count).unwrap();
    }

    /// The next stream that was opened to the other side.
    pub(super) async fn opened(&mut self) -> Stream {
        let opened = timeout(PATIENCE, self.outbound.recv()).await;
        opened.expect("no stream was opened").unwrap()
    }

    /// A stream to the other side.
    pub(super) async fn stream(&mut self) -> Stream {
        self.open(1);
        self.opened().await
    }
}

async fn drive(mut swarm: Swarm<Behaviour>, mut orders: UnboundedReceiver<usize>) {
    loop {
        tokio::select! {
            Some(count) = orders.recv() => swarm.behaviour_mut().to_open.push_back(count),
            event = swarm.select_next_some() => {
                if let SwarmEvent::ConnectionEstablished { peer_id, .. } = event {
                    swarm.behaviour_mut().peer = Some(peer_id);
                }
            }
        }
    }
}

/// Says something; false where nobody listens any more.
pub(super) async fn say(stream: &mut Stream, message: &Message) -> bool {
    let bytes = message.encode(Version::V1_2);
    write(stream, &bytes).await.is_ok()
}

/// Hears the next entries, none where the stream ends.
pub(super) async fn entries(stream: &mut Stream) -> Vec<Entry> {
    let next = async {
        let length = read_length(stream, 4 << 20).await.ok()??;
        let bytes = read_body(stream, length).await.ok()?;
        Some(Message::decode(bytes).unwrap().entries)
    };
    timeout(PATIENCE, next).await.unwrap().unwrap_or_default()
}

/// A message with one block, which may have another CID.
pub(super) fn block(cid: &Cid, bytes: &[u8]) -> Message {
    Message {
        payloads: vec![Payload::of(cid, Bytes::copy_from_slice(bytes))],
        ..Message::default()
    }
}

/// Whether the other side closes a stream within so long.
pub(super) async fn is_closed(stream: &mut Stream, within: Duration) -> bool {
    let mut byte = [0];
    let read = stream.read(&mut byte);
    matches!(timeout(within, read).await, Ok(Ok(0) | Err(_)))
}

struct Behaviour {
    inbound: UnboundedSender<Stream>,
    outbound: UnboundedSender<Stream>,
    peer: Option<PeerId>,
    to_open: VecDeque<usize>,
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = Handler;
    type ToSwarm = ();

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<Handler, ConnectionDenied> {
        Ok(self.handler())
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<Handler, ConnectionDenied> {
        Ok(self.handler())
    }

    fn on_swarm_event(&mut self, _: FromSwarm<'_>) {}

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, (): ()) {}

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<(), usize>> {
        match (self.peer, self.to_open.pop_front()) {
            (Some(peer_id), Some(event)) => Poll::Ready(ToSwarm::NotifyHandler {
                peer_id,
                handler: NotifyHandler::Any,
                event,
            }),
            (_, waiting) => {
                self.to_open.extend(waiting);
                Poll::Pending
            }
        }
    }
}

impl Behaviour {
    fn handler(&self) -> Handler {
        Handler {
            inbound: self.inbound.clone(),
            outbound: self.outbound.clone(),
            to_open: 0,
        }
    }
}

struct Handler {
    inbound: UnboundedSender<Stream>,
    outbound: UnboundedSender<Stream>,
    to_open: usize,
}

impl ConnectionHandler for Handler {
    type FromBehaviour = usize;
    type ToBehaviour = ();
    type InboundProtocol = Negotiation;
    type OutboundProtocol = Negotiation;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = ();

    fn listen_protocol(&self) -> SubstreamProtocol<Negotiation> {
        SubstreamProtocol::new(Negotiation, ())
    }

    fn connection_keep_alive(&self) -> bool {
        true
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ConnectionHandlerEvent<Negotiation, (), ()>> {
        if self.to_open == 0 {
            return Poll::Pending;
        }
        self.to_open -= 1;
        Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest {
            protocol: SubstreamProtocol::new(Negotiation, ()),
        })
    }

    fn on_behaviour_event(&mut self, count: usize) {
        self.to_open += count;
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<'_, Negotiation, Negotiation>) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol: (stream, _),
                ..
            }) => {
                let _ = self.inbound.send(stream);
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol: (stream, _),
                ..
            }) => {
                let _ = self.outbound.send(stream);
            }
            _ => {}
        }
    }
}
