//! The versions of bitswap, and which one a stream speaks.

use std::{
    array,
    convert::Infallible,
    future::{Ready, ready},
};

use libp2p::{InboundUpgrade, OutboundUpgrade, Stream, StreamProtocol, core::UpgradeInfo};

/// A version, older first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Version {
    /// Blocks without a prefix: CIDs of version 0 only.
    V1_0,
    /// Blocks with a prefix.
    V1_1,
    /// Haves.
    V1_2,
}

/// All versions, the best first.
const ALL: [Version; 3] = [Version::V1_2, Version::V1_1, Version::V1_0];

impl Version {
    /// Whether a peer can be asked what it has.
    pub(crate) fn has_haves(self) -> bool {
        self >= Self::V1_2
    }

    /// The name in negotiation.
    fn protocol(self) -> StreamProtocol {
        StreamProtocol::new(match self {
            Self::V1_0 => "/ipfs/bitswap/1.0.0",
            Self::V1_1 => "/ipfs/bitswap/1.1.0",
            Self::V1_2 => "/ipfs/bitswap/1.2.0",
        })
    }

    fn of(protocol: &StreamProtocol) -> Self {
        let version = ALL
            .into_iter()
            .find(|version| version.protocol() == *protocol);
        version.unwrap_or(Self::V1_0)
    }
}

/// Agrees on the best version that both sides know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Negotiation;

impl UpgradeInfo for Negotiation {
    type Info = StreamProtocol;
    type InfoIter = array::IntoIter<StreamProtocol, 3>;

    fn protocol_info(&self) -> Self::InfoIter {
        ALL.map(Version::protocol).into_iter()
    }
}

impl InboundUpgrade<Stream> for Negotiation {
    type Output = (Stream, Version);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_inbound(self, stream: Stream, protocol: StreamProtocol) -> Self::Future {
        ready(Ok((stream, Version::of(&protocol))))
    }
}

impl OutboundUpgrade<Stream> for Negotiation {
    type Output = (Stream, Version);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_outbound(self, stream: Stream, protocol: StreamProtocol) -> Self::Future {
        ready(Ok((stream, Version::of(&protocol))))
    }
}
