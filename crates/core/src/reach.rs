//! Which addresses the word of a stranger may lead to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far sockets may reach where somebody else names the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// This machine only.
    Loopback,
    /// The open internet, and nothing near.
    Public,
    /// Anything that one host can be reached at.
    Anywhere,
}

impl Reach {
    /// Whether a connection to this address may be made. One of IPv4 written as IPv6 counts as what it is.
    #[must_use]
    pub fn allows(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        match self {
            Self::Loopback => address.is_loopback(),
            Self::Public => is_public(address),
            Self::Anywhere => !address.is_unspecified() && !address.is_multicast(),
        }
    }
}

/// Whether an address is of the open internet (RFC 6890 lists what is not).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let benchmark = a == 198 && (18..20).contains(&b);
    let assignments = (a, b, c) == (192, 0, 0);
    !(a == 0
        || a >= 240
        || shared
        || benchmark
        || assignments
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_multicast()
        || address.is_documentation())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // NAT64 and 6to4 wrap an IPv4 address, which may be anything.
    let wrapped = match segments {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => Some((high, low)),
        _ => None,
    };
    if let Some((high, low)) = wrapped {
        return is_public_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    }
    // Of all that is assigned so far 2000::/3 is public, but for documentation and Teredo.
    let [first, second, ..] = segments;
    first & 0xe000 == 0x2000 && !(first == 0x2001 && (second == 0xdb8 || second == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed<'a>(reach: Reach, addresses: &[&'a str]) -> Vec<&'a str> {
        let is_allowed = |text: &&str| reach.allows(text.parse().expect("an address"));
        addresses.iter().copied().filter(is_allowed).collect()
    }

    const PUBLIC: [&str; 5] = [
        "1.1.1.1",
        "2606:4700::1111",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "2002:808:808::",
    ];

    const HERE: [&str; 4] = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"];

    const NEAR: [&str; 20] = [
        "10.0.0.1",
        "172.16.3.4",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.0.8",
        "192.0.2.1",
        "198.18.0.1",
        "0.1.2.3",
        "255.255.255.255",
        "fe80::1",
        "fd00::1",
        "::ffff:192.168.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "2001:db8::1",
        "::7f00:1",
        "4000::1",
    ];

    /// What is no host.
    const NOBODY: [&str; 4] = ["0.0.0.0", "::", "224.0.0.1", "ff02::1"];

    #[test]
    fn strangers_lead_only_as_far_as_they_may() {
        let none: [&str; 0] = [];
        assert_eq!(allowed(Reach::Public, &PUBLIC), PUBLIC);
        assert_eq!(allowed(Reach::Public, &HERE), none);
        assert_eq!(allowed(Reach::Public, &NEAR), none);
        assert_eq!(allowed(Reach::Loopback, &PUBLIC), none);
        assert_eq!(allowed(Reach::Loopback, &HERE), HERE);
        assert_eq!(allowed(Reach::Loopback, &NEAR), none);
        assert_eq!(allowed(Reach::Anywhere, &NEAR), NEAR);
        assert_eq!(allowed(Reach::Anywhere, &HERE), HERE);
        for reach in [Reach::Loopback, Reach::Public, Reach::Anywhere] {
            assert_eq!(allowed(reach, &NOBODY), none);
        }
    }
}
