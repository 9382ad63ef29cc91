//! Bitswap on one connection: many streams in, one for wants and one for answers out.

mod intake;
mod lane;
mod outbox;

use std::{
    collections::VecDeque,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use libp2p::{
    Stream,
    swarm::{
        ConnectionHandler, ConnectionHandlerEvent, StreamUpgradeError, SubstreamProtocol,
        handler::{ConnectionEvent, FullyNegotiatedInbound, FullyNegotiatedOutbound},
    },
};

use super::{
    message::{Ask, Entry, Message},
    version::{Negotiation, Version},
};
use intake::Intake;
pub(crate) use intake::Said;
use lane::{Lane, Step};
use outbox::Outbox;

/// The most streams that are read at the same time. Peers open one for every message.
const STREAMS: usize = 64;

/// How long a connection is kept after the last message.
const LINGER: Duration = Duration::from_secs(60);

/// What the handler is told to do.
#[derive(Debug)]
pub(crate) enum Order {
    /// Tells the peer what is wanted.
    Tell(Entry),
    /// Sends an answer.
    Answer(Message),
    /// Keeps the connection although nothing is said, or no longer.
    Keep(bool),
}

/// What the handler has to say.
#[derive(Debug)]
pub(crate) enum Report {
    /// The peer speaks this version.
    Speaks(Version),
    /// The peer said something.
    Said(Said),
    /// An answer was written.
    Answered,
    /// The peer does not speak bitswap.
    Mute,
    /// The peer does not read, or breaks every stream.
    Broken,
}

/// Which of the streams that are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// The one for wants.
    Wants,
    /// The one for answers.
    Answers,
}

type Reading = BoxFuture<'static, Option<(Stream, Said)>>;

/// The streams of one connection.
pub(crate) struct Handler {
    intake: Arc<Intake>,
    inbound: FuturesUnordered<Reading>,
    wants: Lane,
    outbox: Outbox,
    answers: Lane,
    /// Bounded by who orders them: it waits for [`Report::Answered`].
    replies: VecDeque<Message>,
    reports: VecDeque<Report>,
    is_speaking: bool,
    is_kept: bool,
    /// When the last message came or went.
    used: Option<Instant>,
}

type Event = ConnectionHandlerEvent<Negotiation, Which, Report>;

impl Handler {
    pub(crate) fn new() -> Self {
        Self {
            intake: Arc::new(Intake::new()),
            inbound: FuturesUnordered::new(),
            wants: Lane::new(true),
            outbox: Outbox::default(),
            answers: Lane::new(false),
            replies: VecDeque::new(),
            reports: VecDeque::new(),
            is_speaking: false,
            is_kept: false,
            used: None,
        }
    }

    fn lane(&mut self, which: Which) -> &mut Lane {
        match which {
            Which::Wants => &mut self.wants,
            Which::Answers => &mut self.answers,
        }
    }

    fn read(&self, mut stream: Stream) {
        // More is closed by dropping it.
        if self.inbound.len() < STREAMS {
            stream.ignore_for_keep_alive();
            self.read_on(stream);
        }
    }

    fn read_on(&self, stream: Stream) {
        let reading = intake::next(Arc::clone(&self.intake), stream);
        self.inbound.push(reading.boxed());
    }

    fn poll_inbound(&mut self, cx: &mut Context<'_>) -> Poll<Report> {
        while let Poll::Ready(Some(read)) = self.inbound.poll_next_unpin(cx) {
            if let Some((stream, said)) = read {
                self.read_on(stream);
                self.used = Some(Instant::now());
                return Poll::Ready(Report::Said(said));
            }
        }
        Poll::Pending
    }

    fn poll_outbound(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        while let Poll::Ready(step) = self.wants.poll(cx, || self.outbox.next()) {
            if step != Step::Written {
                return self.after(Which::Wants, &step);
            }
            self.used = Some(Instant::now());
        }
        let answers = self.answers.poll(cx, || self.replies.pop_front());
        if let Poll::Ready(step) = answers {
            return self.after(Which::Answers, &step);
        }
        Poll::Pending
    }

    fn after(&mut self, which: Which, step: &Step) -> Poll<Event> {
        match step {
            Step::Open => Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest {
                protocol: SubstreamProtocol::new(Negotiation, which),
            }),
            Step::Written => {
                self.used = Some(Instant::now());
                report(Report::Answered)
            }
            Step::Broken if self.is_speaking => report(Report::Broken),
            Step::Broken => report(Report::Mute),
        }
    }
}

fn report(report: Report) -> Poll<Event> {
    Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(report))
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Order;
    type ToBehaviour = Report;
    type InboundProtocol = Negotiation;
    type OutboundProtocol = Negotiation;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = Which;

    fn listen_protocol(&self) -> SubstreamProtocol<Negotiation, ()> {
        SubstreamProtocol::new(Negotiation, ())
    }

    fn connection_keep_alive(&self) -> bool {
        self.is_kept
            || self.wants.is_busy()
            || self.answers.is_busy()
            || self.used.is_some_and(|used| used.elapsed() < LINGER)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if let Some(waiting) = self.reports.pop_front() {
            return report(waiting);
        }
        // What is to be said comes before what is heard: a peer that never stops is answered too.
        if let Poll::Ready(event) = self.poll_outbound(cx) {
            return Poll::Ready(event);
        }
        self.poll_inbound(cx)
            .map(ConnectionHandlerEvent::NotifyBehaviour)
    }

    fn on_behaviour_event(&mut self, order: Order) {
        match order {
            Order::Tell(entry) => {
                if entry.ask == Some(Ask::Block) {
                    self.intake.ask();
                }
                if self.outbox.push(entry).is_err() {
                    self.reports.push_back(Report::Broken);
                }
            }
            Order::Answer(message) => self.replies.push_back(message),
            Order::Keep(is_kept) => self.is_kept = is_kept,
        }
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<'_, Negotiation, Negotiation, (), Which>,
    ) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol: (stream, _),
                ..
            }) => self.read(stream),
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol: (stream, version),
                info,
            }) => {
                if !self.is_speaking {
                    self.is_speaking = true;
                    self.reports.push_back(Report::Speaks(version));
                }
                self.lane(info).opened(stream, version);
            }
            ConnectionEvent::DialUpgradeError(failed) => {
                let is_final = matches!(failed.error, StreamUpgradeError::NegotiationFailed);
                self.lane(failed.info).refused(is_final);
            }
            _ => {}
        }
    }
}
