//! Which addresses a URL may lead to.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use universal_p2p_core::{Error, Reach, Result};
use url::{Host, Url};

/// How far sockets may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Anywhere.
    Internet,
    /// No socket leaves this machine: loopback addresses only, no DHT, no public tracker.
    Loopback,
}

/// The rule for addresses that come from a URL, from a peer or from a tracker named there.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    scope: Scope,
    allow_private: bool,
}

impl Policy {
    /// The rule of a scope. With `allow_private` strangers may name private addresses too.
    #[must_use]
    pub fn new(scope: Scope, allow_private: bool) -> Self {
        Self {
            scope,
            allow_private,
        }
    }

    /// How far sockets may reach.
    #[must_use]
    pub fn scope(self) -> Scope {
        self.scope
    }

    /// Whether a connection to this address may be made on the word of a stranger.
    #[must_use]
    pub fn allows(self, address: IpAddr) -> bool {
        let reach = match (self.scope, self.allow_private) {
            (Scope::Loopback, _) => Reach::Loopback,
            (Scope::Internet, false) => Reach::Public,
            (Scope::Internet, true) => Reach::Anywhere,
        };
        reach.allows(address)
    }

    /// Refuses a peer that it does not allow, naming the cure.
    ///
    /// # Errors
    /// [`Error::ForbiddenSource`].
    pub fn check_peer(self, peer: SocketAddr) -> Result<SocketAddr> {
        if self.allows(peer.ip()) {
            Ok(peer)
        } else {
            Err(self.refusal(&peer.to_string()))
        }
    }

    /// Refuses a tracker or webseed whose literal address it does not allow. A host that is a name
    /// is looked at when it is resolved.
    ///
    /// # Errors
    /// [`Error::ForbiddenSource`].
    pub fn check_url(self, url: Url) -> Result<Url> {
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(name)) if is_localhost(name) => Some(Ipv4Addr::LOCALHOST.into()),
            // For udp: URLs an address is left as a name.
            Some(Host::Domain(name)) => name.parse().ok(),
            None => None,
        };
        match literal {
            Some(address) if !self.allows(address) => Err(self.refusal(url.as_str())),
            _ => Ok(url),
        }
    }

    fn refusal(self, source_name: &str) -> Error {
        let why = match self.scope {
            Scope::Loopback => {
                "network.scope is \"loopback\", and this address is not on this machine"
            }
            Scope::Internet => {
                "an address in a URL must not lead to this machine or a private network; \
                 network.allow_private = true lifts that"
            }
        };
        Error::ForbiddenSource {
            source_name: source_name.to_owned(),
            why: why.to_owned(),
        }
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERNET: Policy = Policy {
        scope: Scope::Internet,
        allow_private: false,
    };
    const LOOPBACK: Policy = Policy {
        scope: Scope::Loopback,
        allow_private: false,
    };
    const PRIVATE: Policy = Policy {
        scope: Scope::Internet,
        allow_private: true,
    };

    fn allows(policy: Policy, address: &str) -> bool {
        policy.allows(address.parse().expect("an address"))
    }

    #[test]
    fn strangers_cannot_lead_inwards() {
        let inner = [
            "127.0.0.1",
            "127.9.9.9",
            "10.0.0.1",
            "172.16.3.4",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:192.168.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "::7f00:1",
        ];
        for address in inner {
            assert!(!allows(INTERNET, address), "{address} got through");
        }
        for address in ["1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8"] {
            assert!(allows(INTERNET, address), "{address} was refused");
            assert!(
                !allows(LOOPBACK, address),
                "{address} is not on this machine"
            );
        }
        assert!(
            allows(LOOPBACK, "127.0.0.9")
                && allows(LOOPBACK, "::1")
                && !allows(LOOPBACK, "10.0.0.1")
        );
        assert!(
            allows(PRIVATE, "10.0.0.1")
                && allows(PRIVATE, "127.0.0.1")
                && !allows(PRIVATE, "224.0.0.1")
        );
    }

    #[test]
    fn trackers_are_checked_like_peers() {
        let check = |url: &str| INTERNET.check_url(Url::parse(url).expect("a URL"));
        for url in [
            "http://127.0.0.1/announce",
            "http://2130706433/",
            "udp://[::1]:80",
            "http://a.localhost./x",
            "udp://127.0.0.1:80",
            "udp://10.0.0.1:80",
        ] {
            assert!(
                matches!(check(url), Err(Error::ForbiddenSource { .. })),
                "{url} got through"
            );
        }
        assert!(check("udp://tracker.example.org:1337/announce").is_ok());
    }
}
