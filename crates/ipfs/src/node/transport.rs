//! How bytes reach peers: TCP and QUIC, found by address or name, directly or through a relay.

use std::{io, sync::Arc, time::Duration};

use libp2p::{
    PeerId, Transport,
    core::{
        muxing::StreamMuxerBox,
        transport::{Boxed, upgrade::Version},
    },
    dns,
    identity::Keypair,
    noise, quic, relay, tcp, yamux,
};

use super::{guard::Guard, oneway::OneWay, rule::Rule, settings::Scope};

/// The most streams of one connection over QUIC.
const STREAMS: u32 = 256;

/// The most streams of one connection over TCP. Of the gigabyte that yamux lets a peer send before it
/// is read each of them takes 256 KiB, and what is left is all by which one of them may grow: to a
/// mebibyte. Helia sends what it may in one frame, and yamux refuses longer frames. How many are
/// really open is bounded before that: by negotiation, by a queue of 256, and by each protocol.
const TCP_STREAMS: usize = 4093;

/// What one connection over QUIC may send before it is read, on one stream and in all, in bytes.
const ON_STREAM: u32 = 4 << 20;
const ON_CONNECTION: u32 = 8 << 20;

/// How long a connection may take to be made.
const HANDSHAKE: Duration = Duration::from_secs(20);

/// A way to peers, over encrypted connections of many streams.
pub(super) type Way = Boxed<(PeerId, StreamMuxerBox)>;

/// Puts the transports together.
///
/// # Errors
/// Where the key cannot be used.
pub(super) fn build(
    key: &Keypair,
    rule: Rule,
) -> io::Result<(Way, Option<relay::client::Behaviour>)> {
    let scope = rule.scope();
    let mut mux = yamux::Config::default();
    mux.set_max_num_streams(TCP_STREAMS);
    let noise = noise::Config::new(key).map_err(io::Error::other)?;
    let over_tcp = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true))
        .upgrade(Version::V1Lazy)
        .authenticate(noise.clone())
        .multiplex(mux.clone())
        .timeout(HANDSHAKE)
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    let over_quic = quic::tokio::Transport::new(quic_config(key))
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(OneWay::new(muxer))));
    let either = over_quic.or_transport(over_tcp);
    let either = either.map(|either, _| either.into_inner());
    let guarded = Guard::new(either, Arc::new(rule));
    if scope == Scope::Loopback {
        // A name would be asked for outside.
        return Ok((guarded.boxed(), None));
    }
    let (relays, behaviour) = relay::client::new(key.public().to_peer_id());
    let over_relays = relays
        .upgrade(Version::V1Lazy)
        .authenticate(noise)
        .multiplex(mux)
        .timeout(HANDSHAKE)
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    // Tried without a transport first: one that it is given is lost where it fails.
    let named = match dns::tokio::Transport::system(()) {
        Ok(_) => dns::tokio::Transport::system(guarded)?.boxed(),
        Err(error) => {
            tracing::warn!(%error, "names of peers cannot be looked up");
            guarded.boxed()
        }
    };
    let all = over_relays.or_transport(named);
    Ok((
        all.map(|either, _| either.into_inner()).boxed(),
        Some(behaviour),
    ))
}

fn quic_config(key: &Keypair) -> quic::Config {
    let mut config = quic::Config::new(key);
    config.max_concurrent_stream_limit = STREAMS;
    config.max_stream_data = ON_STREAM;
    config.max_connection_data = ON_CONNECTION;
    config
}
