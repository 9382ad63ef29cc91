//! What trackers answer.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use librqbit_bencode::{ByteBuf, from_bytes};
use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};

use super::{WANTED, failure::Failure};

/// A tracker's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// When to come again.
    pub(super) interval: Option<Duration>,
    /// When to come again at the earliest.
    pub(super) least: Option<Duration>,
    /// To be sent back the next time.
    pub(super) tracker_id: Option<Vec<u8>>,
    /// At most [`WANTED`] of each family.
    pub(super) peers: Vec<SocketAddr>,
}

/// Reads the answer of an HTTP tracker: with peers in compact form (BEP 23, BEP 7) or as
/// dictionaries (BEP 3).
///
/// # Errors
/// [`Failure::Refused`] and [`Failure::Damaged`].
pub(super) fn parse(body: &[u8]) -> Result<Answer, Failure> {
    let raw: Raw<'_> = from_bytes(body).map_err(|_| Failure::Damaged)?;
    if let Some(reason) = raw.failure {
        return Err(Failure::refused(reason.as_ref()));
    }
    let seconds = |number: i64| u64::try_from(number).ok().map(Duration::from_secs);
    let mut peers = raw.peers.0;
    peers.extend(raw.peers6.0);
    Ok(Answer {
        interval: raw.interval.and_then(seconds),
        least: raw.least.and_then(seconds),
        tracker_id: raw.tracker_id.map(|id| id.as_ref().to_vec()),
        peers,
    })
}

/// Reads peers in compact form; a rest that is too short for one is left out.
pub(super) fn compact(bytes: &[u8], is_v6: bool) -> Vec<SocketAddr> {
    let peers: &mut dyn Iterator<Item = SocketAddr> = if is_v6 {
        &mut bytes.as_chunks::<18>().0.iter().map(|peer| {
            let [ip @ .., high, low] = *peer;
            (Ipv6Addr::from(ip), u16::from_be_bytes([high, low])).into()
        })
    } else {
        &mut bytes.as_chunks::<6>().0.iter().map(|peer| {
            let [ip @ .., high, low] = *peer;
            (Ipv4Addr::from(ip), u16::from_be_bytes([high, low])).into()
        })
    };
    let peers = peers.filter(|peer| peer.port() != 0);
    peers.take(WANTED as usize).collect()
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(rename = "failure reason", borrow, default)]
    failure: Option<ByteBuf<'a>>,
    #[serde(default)]
    interval: Option<i64>,
    #[serde(rename = "min interval", default)]
    least: Option<i64>,
    #[serde(rename = "tracker id", borrow, default)]
    tracker_id: Option<ByteBuf<'a>>,
    #[serde(default)]
    peers: Peers<false>,
    #[serde(default)]
    peers6: Peers<true>,
}

#[derive(Deserialize)]
struct DictPeer<'a> {
    #[serde(borrow)]
    ip: ByteBuf<'a>,
    port: i64,
}

impl DictPeer<'_> {
    /// Its address; one with a name instead of an IP is left out.
    fn address(&self) -> Option<SocketAddr> {
        let ip: IpAddr = std::str::from_utf8(self.ip.as_ref()).ok()?.parse().ok()?;
        let port = u16::try_from(self.port).ok().filter(|port| *port != 0)?;
        Some((ip, port).into())
    }
}

/// Peers in either form.
#[derive(Default)]
struct Peers<const V6: bool>(Vec<SocketAddr>);

impl<'de, const V6: bool> Deserialize<'de> for Peers<V6> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EitherForm::<V6>)
    }
}

struct EitherForm<const V6: bool>;

impl<'de, const V6: bool> Visitor<'de> for EitherForm<V6> {
    type Value = Peers<V6>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("peers, compact or as dictionaries")
    }

    fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
        Ok(Peers(compact(bytes, V6)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut peers = Vec::new();
        while let Some(peer) = list.next_element::<DictPeer<'_>>()? {
            if peers.len() < WANTED as usize {
                peers.extend(peer.address());
            }
        }
        Ok(Peers(peers))
    }
}
