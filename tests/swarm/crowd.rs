//! A swarm in which hostile peers are two hundred to one.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::{PIECES, film, reads};
use crate::support::{HostilePeer, Manner, Tracker, encoded};

/// All manners there are.
const MANNERS: [Manner; 14] = [
    Manner::Lying,
    Manner::Stalling,
    Manner::Choking,
    Manner::Flooding,
    Manner::Oversize,
    Manner::LongBlock,
    Manner::Garbage,
    Manner::GarbageForHandshake,
    Manner::ClaimingAll,
    Manner::LongBitfield,
    Manner::ShortBitfield,
    Manner::WrongPlaces,
    Manner::DeepExtensions,
    Manner::ManyExtensions,
];

/// Two hundred at once, of every manner.
#[test]
fn a_swarm_of_hostile_peers_is_survived() {
    let (_seeder, film) = film();
    let hostile: Vec<_> = (1..=200)
        .zip(MANNERS.into_iter().cycle())
        .map(|(number, manner)| HostilePeer::start(manner, number, PIECES))
        .collect();
    let addresses: Vec<SocketAddr> = hostile.iter().map(|peer| peer.address).collect();
    let tracker = Tracker::start(IpAddr::V4(Ipv4Addr::LOCALHOST), &addresses);
    reads(&film, &format!("&tr={}", encoded(&tracker.url)));
    let met = hostile.iter().filter(|peer| peer.connections() > 0).count();
    assert!(met > 20, "only {met} of them were met");
}
