//! Canonical peer priority (BEP 40): both ends of a connection come to the same number, so that the
//! swarm as a whole agrees on who should be connected with whom.

use std::net::{IpAddr, SocketAddr};

/// The priority of a connection between one of our addresses and a peer; higher is better. Where we
/// know no address of our own of that family, the peer's address alone decides.
pub(super) fn with_any(me: &[SocketAddr], peer: SocketAddr) -> u32 {
    let same_family = me.iter().find(|me| me.is_ipv4() == peer.is_ipv4());
    same_family.map_or_else(|| crc32c(&octets(peer.ip())), |me| priority(*me, peer))
}

fn priority(me: SocketAddr, peer: SocketAddr) -> u32 {
    if me.ip() == peer.ip() {
        let (low, high) = (me.port().min(peer.port()), me.port().max(peer.port()));
        return crc32c(&[low.to_be_bytes(), high.to_be_bytes()].concat());
    }
    let (mine, theirs) = (octets(me.ip()), octets(peer.ip()));
    // Whole bytes that count: two of IPv4 or six of IPv6, and one more than what is shared.
    let least = if me.is_ipv4() { 2 } else { 6 };
    let shared = mine.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
    let whole = if shared < least { least } else { shared + 1 };
    let (mine, theirs) = (masked(mine, whole), masked(theirs, whole));
    let (low, high) = if mine < theirs {
        (mine, theirs)
    } else {
        (theirs, mine)
    };
    crc32c(&[low, high].concat())
}

fn octets(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

fn masked(mut octets: Vec<u8>, whole: usize) -> Vec<u8> {
    octets.iter_mut().skip(whole).for_each(|byte| *byte &= 0x55);
    octets
}

/// CRC-32C (Castagnoli, RFC 3720): the reflected polynomial is 0x82f63b78.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            let is_odd = crc & 1 == 1;
            (crc >> 1) ^ if is_odd { 0x82f6_3b78 } else { 0 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(me: &str, peer: &str) -> u32 {
        let parse = |address: &str| address.parse().expect("an address");
        with_any(&[parse(me)], parse(peer))
    }

    #[test]
    fn agrees_with_the_examples_of_the_specification() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(between("123.213.32.10:1", "98.76.54.32:1"), 0xec2d_7224);
        assert_eq!(between("123.213.32.10:1", "123.213.32.234:1"), 0x9956_8189);
    }

    #[test]
    fn both_ends_agree() {
        for (a, b) in [
            ("1.2.3.4:5", "9.8.7.6:5"),
            ("1.2.3.4:5", "1.2.99.6:7"),
            ("1.2.3.4:5", "1.2.3.4:7"),
            ("[2001::1]:5", "[2001:4::1]:5"),
            ("[2001::1]:5", "[2001::2]:5"),
        ] {
            assert_eq!(between(a, b), between(b, a), "{a} and {b}");
        }
    }
}
