//! Peers in exchange between peers (BEP 11).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use librqbit_bencode::ByteBuf;
use serde::{Deserialize, Serialize};

use super::{EXTENDED, Malformed, bencode};

/// Most addresses taken out of one list. BEP 11 allows for 50, and an initial message for more.
const MOST: usize = 200;

/// A peer that another one knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PexPeer {
    /// Where it listens. The port is not 0.
    pub(crate) address: SocketAddr,
    /// What is known of it: see the constants.
    pub(crate) flags: u8,
}

impl PexPeer {
    /// It prefers encryption.
    pub(crate) const ENCRYPTION: u8 = 0x01;
    /// It only uploads.
    pub(crate) const SEED: u8 = 0x02;
    /// It speaks uTP.
    pub(crate) const UTP: u8 = 0x04;
    /// It was connected to, so it can be reached.
    pub(crate) const REACHABLE: u8 = 0x10;
}

/// Which peers came and went since the last such message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pex {
    /// New ones, at most 200 of each address family when parsed.
    pub(crate) added: Vec<PexPeer>,
    /// Those gone, at most 200 of each address family when parsed.
    pub(crate) dropped: Vec<SocketAddr>,
}

/// Compact lists on the wire; fields in the order of their names.
#[derive(Default, Serialize, Deserialize)]
struct Fields<'a> {
    #[serde(borrow, default)]
    added: ByteBuf<'a>,
    #[serde(borrow, default, rename = "added.f")]
    added_flags: ByteBuf<'a>,
    #[serde(borrow, default)]
    added6: ByteBuf<'a>,
    #[serde(borrow, default, rename = "added6.f")]
    added6_flags: ByteBuf<'a>,
    #[serde(borrow, default)]
    dropped: ByteBuf<'a>,
    #[serde(borrow, default)]
    dropped6: ByteBuf<'a>,
}

impl Pex {
    /// Reads one. Addresses with port 0 are left out; missing flags are none.
    ///
    /// # Errors
    /// Where it is no dictionary of strings.
    pub(crate) fn parse(payload: &[u8]) -> Result<Self, Malformed> {
        let (fields, _) = bencode::parse::<Fields<'_>>(payload).ok_or(EXTENDED)?;
        let with_flags = |addresses, flags: &[u8]| {
            let flags = flags.iter().copied().chain(std::iter::repeat(0));
            let peers = std::iter::zip::<Vec<SocketAddr>, _>(addresses, flags);
            peers
                .map(|(address, flags)| PexPeer { address, flags })
                .filter(|peer| peer.address.port() != 0)
                .collect::<Vec<_>>()
        };
        let mut added = with_flags(v4(fields.added.0), fields.added_flags.0);
        added.extend(with_flags(v6(fields.added6.0), fields.added6_flags.0));
        let mut dropped = v4(fields.dropped.0);
        dropped.extend(v6(fields.dropped6.0));
        dropped.retain(|address| address.port() != 0);
        Ok(Self { added, dropped })
    }

    /// As the payload of an extended message.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let [mut added, mut flags, mut added6, mut flags6] = [const { Vec::new() }; 4];
        for peer in &self.added {
            let six = peer.address.is_ipv6();
            put(peer.address, if six { &mut added6 } else { &mut added });
            if six { &mut flags6 } else { &mut flags }.push(peer.flags);
        }
        let [mut dropped, mut dropped6] = [const { Vec::new() }; 2];
        for address in &self.dropped {
            let six = address.is_ipv6();
            put(*address, if six { &mut dropped6 } else { &mut dropped });
        }
        let fields = Fields {
            added: ByteBuf(&added),
            added_flags: ByteBuf(&flags),
            added6: ByteBuf(&added6),
            added6_flags: ByteBuf(&flags6),
            dropped: ByteBuf(&dropped),
            dropped6: ByteBuf(&dropped6),
        };
        let mut payload = Vec::new();
        bencode::write(fields, &mut payload);
        payload
    }
}

fn put(address: SocketAddr, into: &mut Vec<u8>) {
    match address.ip() {
        IpAddr::V4(ip) => into.extend(ip.octets()),
        IpAddr::V6(ip) => into.extend(ip.octets()),
    }
    into.extend(address.port().to_be_bytes());
}

fn v4(list: &[u8]) -> Vec<SocketAddr> {
    addresses::<6, 4>(list, |ip| Ipv4Addr::from(ip).into())
}

fn v6(list: &[u8]) -> Vec<SocketAddr> {
    addresses::<18, 16>(list, |ip| Ipv6Addr::from(ip).into())
}

/// A compact list of entries of `ENTRY` bytes, of which the last two are the port.
fn addresses<const ENTRY: usize, const IP: usize>(
    list: &[u8],
    ip: impl Fn([u8; IP]) -> IpAddr,
) -> Vec<SocketAddr> {
    let entries = list.as_chunks::<ENTRY>().0.iter().take(MOST);
    let entries = entries.filter_map(|entry| {
        let (address, port) = entry.split_first_chunk::<IP>()?;
        let port = u16::from_be_bytes(port.try_into().ok()?);
        Some(SocketAddr::new(ip(*address), port))
    });
    entries.collect()
}
