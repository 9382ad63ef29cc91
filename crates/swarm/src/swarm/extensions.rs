//! Extended messages: handshake (BEP 10), metadata (BEP 9), peer exchange (BEP 11) and lt_donthave
//! (BEP 54).

use std::{collections::HashMap, net::SocketAddr, time::Duration};

use super::{
    messages::{Heard, Misbehaviour, QUIET, REPLAN},
    peer::{MOST_UPLOADS, Peer},
    state::State,
};
use crate::{
    schedule::PeerKey,
    wire::{
        Message,
        extended::{self, DontHave, ExtensionHandshake, ExtensionIds, Pex, PexPeer, UtMetadata},
    },
};

/// Bytes of the info dictionary in one message (BEP 9).
const METADATA_PIECE: usize = 16 << 10;

/// How often a peer is told of others (BEP 11).
const EXCHANGE_EVERY: Duration = Duration::from_secs(60);

/// Peers in one PEX message.
const MOST_TOLD: usize = 50;

impl State {
    /// Takes an extended message to heart.
    pub(super) fn extended(
        &mut self,
        key: PeerKey,
        id: u8,
        payload: &[u8],
    ) -> Result<Heard, Misbehaviour> {
        let private = self.private;
        let Some(peer) = self.peers.get_mut(&key) else {
            return Ok(QUIET);
        };
        match id {
            extended::HANDSHAKE => {
                let theirs = ExtensionHandshake::parse(payload)
                    .map_err(|_| Misbehaviour("its extension handshake cannot be read"))?;
                greeted(peer, &theirs);
            }
            extended::UT_METADATA => self.asked_for_metadata(key, payload)?,
            extended::LT_DONTHAVE => {
                let DontHave(piece) = DontHave::parse(payload)
                    .map_err(|_| Misbehaviour("its lt_donthave cannot be read"))?;
                peer.have.set(piece, false);
                let asked: Vec<_> = self.progress.blocks_of(key).collect();
                for block in asked.into_iter().filter(|block| block.piece == piece) {
                    self.progress.withdraw(block, key);
                    peer.expect_stray(block);
                }
                return Ok(REPLAN);
            }
            extended::UT_PEX if !private => {
                let told =
                    Pex::parse(payload).map_err(|_| Misbehaviour("its PEX cannot be read"))?;
                return Ok(Heard {
                    replan: false,
                    peers: told.added.iter().map(|peer| peer.address).collect(),
                });
            }
            _ => {}
        }
        Ok(QUIET)
    }

    /// Serves the info dictionary (BEP 9).
    fn asked_for_metadata(&mut self, key: PeerKey, payload: &[u8]) -> Result<(), Misbehaviour> {
        let message = UtMetadata::parse(payload)
            .map_err(|_| Misbehaviour("its metadata message cannot be read"))?;
        let (Some(peer), UtMetadata::Request(piece)) = (self.peers.get_mut(&key), message) else {
            return Ok(());
        };
        let Some(id) = peer.ids.ut_metadata else {
            return Ok(());
        };
        let start = (piece as usize).saturating_mul(METADATA_PIECE);
        let data = self.info.get(start..).filter(|rest| !rest.is_empty());
        let answer = match data {
            Some(rest) => UtMetadata::Data {
                piece,
                total_size: u32::try_from(self.info.len()).unwrap_or(u32::MAX),
                data: &rest[..rest.len().min(METADATA_PIECE)],
            },
            None => UtMetadata::Reject(piece),
        };
        let payload = answer.encode();
        peer.send(&Message::Extended {
            id,
            payload: &payload,
        });
        Ok(())
    }

    /// Says which extensions we speak (BEP 10).
    pub(super) fn offer_extensions(&self, peer: &mut Peer) {
        let ours = ExtensionHandshake {
            ids: ExtensionIds::ours(!self.private),
            metadata_size: u32::try_from(self.info.len()).ok(),
            reqq: u32::try_from(MOST_UPLOADS).ok(),
            port: Some(self.port),
            version: Some(concat!("universal-p2p ", env!("CARGO_PKG_VERSION")).to_owned()),
            your_ip: Some(peer.address.ip()),
            upload_only: false,
        };
        let payload = ours.encode();
        peer.send(&Message::Extended {
            id: extended::HANDSHAKE,
            payload: &payload,
        });
    }

    /// Tells peers of each other (BEP 11).
    pub(super) fn exchange_peers(&mut self, now: Duration) {
        if self.private {
            return;
        }
        let reachable: HashMap<_, _> = self
            .wire_peers()
            .filter_map(|peer| Some((peer.listens_at?, peer.shared_flags())))
            .collect();
        for peer in self.peers.values_mut() {
            let Some(id) = peer.ids.ut_pex.filter(|_| now >= peer.exchange_at) else {
                continue;
            };
            let added: Vec<_> = reachable
                .iter()
                .map(|(address, flags)| PexPeer {
                    address: *address,
                    flags: *flags,
                })
                .filter(|told| {
                    Some(told.address) != peer.listens_at && !peer.told.contains(&told.address)
                })
                .take(MOST_TOLD)
                .collect();
            let dropped: Vec<_> = peer
                .told
                .iter()
                .filter(|address| !reachable.contains_key(address))
                .take(MOST_TOLD)
                .copied()
                .collect();
            if added.is_empty() && dropped.is_empty() {
                continue;
            }
            peer.exchange_at = now + EXCHANGE_EVERY;
            peer.told.retain(|address| !dropped.contains(address));
            peer.told.extend(added.iter().map(|told| told.address));
            let payload = Pex { added, dropped }.encode();
            peer.send(&Message::Extended {
                id,
                payload: &payload,
            });
        }
    }
}

impl Peer {
    /// What others are told of it (BEP 11).
    fn shared_flags(&self) -> u8 {
        let seed = self.upload_only || self.have.is_full();
        self.flags | if seed { PexPeer::SEED } else { 0 }
    }
}

fn greeted(peer: &mut Peer, theirs: &ExtensionHandshake) {
    // Another handshake adds to the first (BEP 10).
    peer.ids = ExtensionIds {
        ut_metadata: theirs.ids.ut_metadata.or(peer.ids.ut_metadata),
        ut_pex: theirs.ids.ut_pex.or(peer.ids.ut_pex),
        lt_donthave: theirs.ids.lt_donthave.or(peer.ids.lt_donthave),
    };
    peer.upload_only = theirs.upload_only;
    if let Some(most) = theirs.reqq {
        peer.most_requests = most.clamp(1, 2000);
    }
    if let Some(port) = theirs.port
        && !peer.outgoing
    {
        peer.listens_at = Some(SocketAddr::new(peer.address.ip(), port));
    }
}
