//! Which addresses the word of a stranger may lead to.

use std::{collections::HashSet, net::IpAddr};

use libp2p::{Multiaddr, multiaddr::Protocol};
use universal_p2p_core::Reach;

use super::settings::{NodeSettings, Scope};

/// The rule for every address that is dialled or listened on.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    scope: Scope,
    reach: Reach,
    /// Addresses that the configuration names: they may be private.
    named: HashSet<(IpAddr, u16)>,
}

impl Rule {
    pub(super) fn of(settings: &NodeSettings) -> Self {
        let named = settings.peers.iter().chain(&settings.bootstrap);
        Self {
            scope: settings.scope,
            reach: match (settings.scope, settings.allow_private) {
                (Scope::Loopback, _) => Reach::Loopback,
                (Scope::Internet, false) => Reach::Public,
                (Scope::Internet, true) => Reach::Anywhere,
            },
            named: named.filter_map(socket).collect(),
        }
    }

    pub(super) fn scope(&self) -> Scope {
        self.scope
    }

    /// Whether a connection may be made to this address, which has no names in it.
    pub(super) fn allows_dial(&self, address: &Multiaddr) -> bool {
        let Some((ip, port)) = socket(address) else {
            return false;
        };
        // Who is named may be near, but not elsewhere in scope loopback.
        let is_named = self.scope == Scope::Internet && self.named.contains(&(ip, port));
        self.reach.allows(ip) || is_named && Reach::Anywhere.allows(ip)
    }

    /// Whether it may be listened on this address.
    pub(super) fn allows_listen(&self, address: &Multiaddr) -> bool {
        let is_loopback = socket(address).is_some_and(|(ip, _)| ip.to_canonical().is_loopback());
        self.scope == Scope::Internet || is_loopback
    }

    /// Whether an address is worth keeping: a name, or one that may be dialled.
    pub(super) fn allows_name(&self, address: &Multiaddr) -> bool {
        match address.iter().next() {
            Some(Protocol::Ip4(_) | Protocol::Ip6(_)) => self.allows_dial(address),
            Some(
                Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_) | Protocol::Dnsaddr(_),
            ) => self.scope == Scope::Internet,
            _ => false,
        }
    }
}

/// The address and port at the front of a multiaddress.
fn socket(address: &Multiaddr) -> Option<(IpAddr, u16)> {
    let mut parts = address.iter();
    let ip = match parts.next()? {
        Protocol::Ip4(ip) => IpAddr::V4(ip),
        Protocol::Ip6(ip) => IpAddr::V6(ip),
        _ => return None,
    };
    match parts.next()? {
        Protocol::Tcp(port) | Protocol::Udp(port) => Some((ip.to_canonical(), port)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::settings::Identity;

    fn rule(scope: Scope, allow_private: bool, peers: &[&str]) -> Rule {
        Rule::of(&NodeSettings {
            scope,
            port: 0,
            bootstrap: Vec::new(),
            peers: peers.iter().map(|peer| peer.parse().unwrap()).collect(),
            announce: false,
            upload_limit: None.into(),
            allow_private,
            identity: Identity::Key(libp2p::identity::Keypair::generate_ed25519().into()),
        })
    }

    fn allowed(rule: &Rule, addresses: &[&str]) -> Vec<bool> {
        let address = |text: &&str| text.parse().unwrap();
        let addresses = addresses.iter().map(address);
        addresses
            .map(|address| rule.allows_dial(&address))
            .collect()
    }

    const PUBLIC: [&str; 3] = [
        "/ip4/104.131.131.82/tcp/4001",
        "/ip6/2604:a880:1:20::203:d001/udp/4001/quic-v1",
        "/ip6/::ffff:104.131.131.82/tcp/1",
    ];

    const NEAR: [&str; 18] = [
        "/ip4/127.0.0.1/tcp/5001",
        "/ip4/127.8.9.1/udp/53/quic-v1",
        "/ip4/10.0.0.1/tcp/1",
        "/ip4/192.168.1.1/tcp/80",
        "/ip4/172.16.0.1/tcp/80",
        "/ip4/169.254.169.254/tcp/80",
        "/ip4/100.64.0.1/tcp/80",
        "/ip4/192.0.0.8/tcp/80",
        "/ip6/::1/tcp/1",
        "/ip6/fe80::1/tcp/1",
        "/ip6/fc00::1/tcp/1",
        "/ip6/::ffff:127.0.0.1/tcp/1",
        "/ip6/64:ff9b::7f00:1/tcp/1",
        "/ip6/64:ff9b:1::1/tcp/1",
        "/ip6/2002:7f00:1::/tcp/1",
        "/ip6/2001:0:7f00:1::/tcp/1",
        "/ip4/0.0.0.0/tcp/1",
        "/ip4/224.0.0.1/udp/1/quic-v1",
    ];

    #[test]
    fn what_is_near_is_not_dialled_on_the_word_of_a_stranger() {
        let rule = rule(Scope::Internet, false, &["/ip4/10.0.0.1/tcp/4001"]);
        assert_eq!(allowed(&rule, &PUBLIC), [true; 3]);
        assert_eq!(allowed(&rule, &NEAR), [false; 18]);
        // Who is named may be near, at the port that is named.
        assert_eq!(allowed(&rule, &["/ip4/10.0.0.1/tcp/4001"]), [true]);
        let odd = ["/dns4/localhost/tcp/1", "/memory/1", "/ip4/104.131.131.82"];
        assert_eq!(allowed(&rule, &odd), [false; 3]);
    }

    #[test]
    fn private_addresses_can_be_allowed() {
        let rule = rule(Scope::Internet, true, &[]);
        assert_eq!(allowed(&rule, &NEAR[..16]), [true; 16]);
        assert_eq!(allowed(&rule, &NEAR[16..]), [false; 2]);
    }

    #[test]
    fn in_scope_loopback_nothing_leaves_the_machine() {
        let rule = rule(Scope::Loopback, true, &["/ip4/10.0.0.1/tcp/4001"]);
        assert_eq!(allowed(&rule, &PUBLIC), [false; 3]);
        let near: Vec<bool> = allowed(&rule, &NEAR);
        assert_eq!(near.iter().filter(|allowed| **allowed).count(), 4);
        assert!(!rule.allows_name(&"/dns4/localhost/tcp/1".parse().unwrap()));
        assert!(!rule.allows_listen(&"/ip4/0.0.0.0/tcp/0".parse().unwrap()));
        assert!(rule.allows_listen(&"/ip6/::1/tcp/0".parse().unwrap()));
    }
}
