//! Addresses of web servers: what the configuration may name, and where an answer may send us.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Why an address of the configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSource {
    /// It is no address of a web server.
    #[error("{text:?} is no {what}; one looks like https://name.example or http://127.0.0.1:8080")]
    Address {
        /// What it should be.
        what: &'static str,
        /// What the configuration has.
        text: String,
    },
    /// It lies on another machine, where the configuration allows this one only.
    #[error("{what} {text:?} is not on this machine, and network.scope is \"loopback\"")]
    Remote {
        /// What it should be.
        what: &'static str,
        /// What the configuration has.
        text: String,
    },
    /// The client of HTTP cannot be set up.
    #[error("no client for {0}")]
    Client(String),
}

/// The address of a server as the configuration names it, with a slash at its end.
pub(crate) fn parse(
    what: &'static str,
    text: &str,
    is_loopback_only: bool,
) -> Result<Url, BadSource> {
    let bad = || BadSource::Address {
        what,
        text: text.to_owned(),
    };
    let mut address = Url::parse(text.trim()).map_err(|_| bad())?;
    let is_plain = address.username().is_empty()
        && address.password().is_none()
        && address.query().is_none()
        && address.fragment().is_none();
    if !matches!(address.scheme(), "http" | "https") || !address.has_host() || !is_plain {
        return Err(bad());
    }
    if is_loopback_only && !is_loopback(&address) {
        return Err(BadSource::Remote {
            what,
            text: text.to_owned(),
        });
    }
    if !address.path().ends_with('/') {
        address.set_path(&format!("{}/", address.path()));
    }
    Ok(address)
}

/// Whether an address can only lead to this machine. The name `localhost` is never looked up.
pub(crate) fn is_loopback(address: &Url) -> bool {
    match address.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == LOCALHOST,
        None => false,
    }
}

/// The one name of this machine that is used without asking anybody.
pub(crate) const LOCALHOST: &str = "localhost";

/// What that name stands for.
pub(crate) const HERE: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::LOCALHOST),
    IpAddr::V6(Ipv6Addr::LOCALHOST),
];

/// Whether a gateway may send a request on to an address: it stays with the host that the
/// configuration names or a subdomain of it, with its port and its scheme, or takes up TLS.
pub(crate) fn may_lead(gateway: &Url, to: &Url) -> bool {
    let is_scheme_kept = to.scheme() == gateway.scheme()
        && to.port_or_known_default() == gateway.port_or_known_default();
    let takes_up_tls = gateway.scheme() == "http"
        && to.scheme() == "https"
        && gateway.port().is_none()
        && to.port().is_none();
    if !is_scheme_kept && !takes_up_tls {
        return false;
    }
    match (gateway.host(), to.host()) {
        (Some(Host::Domain(known)), Some(Host::Domain(other))) => {
            let below = other.strip_suffix(known);
            // Below localhost there are names that somebody would have to look up.
            below
                .is_some_and(|below| below.is_empty() || below.ends_with('.') && known != LOCALHOST)
        }
        (Some(known), Some(other)) => known == other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_servers_are_gateways() {
        for (text, want) in [
            ("https://ipfs.example", "https://ipfs.example/"),
            (" http://127.0.0.1:8080/ ", "http://127.0.0.1:8080/"),
            ("https://one.example/two", "https://one.example/two/"),
        ] {
            assert_eq!(
                parse("gateway", text, false)
                    .map(|url| url.to_string())
                    .as_deref(),
                Ok(want)
            );
        }
        for bad in [
            "",
            "ipfs.example",
            "ftp://ipfs.example",
            "https://user:word@ipfs.example",
            "https://ipfs.example/?a=b",
            "https://ipfs.example/#a",
            "file:///etc/passwd",
        ] {
            assert_eq!(
                parse("gateway", bad, false),
                Err(BadSource::Address {
                    what: "gateway",
                    text: bad.to_owned()
                })
            );
        }
    }

    #[test]
    fn where_only_this_machine_is_allowed_no_other_is_a_gateway() {
        for here in [
            "http://127.0.0.1:1",
            "http://[::1]:1",
            "http://localhost",
            "http://127.9.9.9",
        ] {
            assert!(parse("gateway", here, true).is_ok(), "{here}");
        }
        for there in [
            "https://ipfs.example",
            "http://192.168.0.1",
            "http://0.0.0.0",
            "http://localhost.example",
            "http://127.0.0.1.example",
            "http://[::ffff:127.0.0.1]",
        ] {
            assert_eq!(
                parse("gateway", there, true),
                Err(BadSource::Remote {
                    what: "gateway",
                    text: there.to_owned()
                })
            );
        }
    }

    #[test]
    fn a_gateway_leads_nowhere_else() {
        let url = |text| Url::parse(text).expect("an address");
        for (gateway, to) in [
            ("https://ipfs.example/", "https://ipfs.example/ipfs/x"),
            ("https://ipfs.example/", "https://x.ipfs.ipfs.example/"),
            ("http://ipfs.example/", "https://ipfs.example/"),
            ("http://127.0.0.1:80/", "http://127.0.0.1/x"),
        ] {
            assert!(may_lead(&url(gateway), &url(to)), "{gateway} {to}");
        }
        for (gateway, to) in [
            ("https://ipfs.example/", "http://ipfs.example/"),
            ("https://ipfs.example/", "https://evil-ipfs.example/"),
            ("https://ipfs.example/", "https://example/"),
            ("https://ipfs.example/", "https://ipfs.example:22/"),
            ("https://ipfs.example/", "https://127.0.0.1/"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8081/"),
            ("http://127.0.0.1:8080/", "http://127.0.0.2:8080/"),
            ("http://127.0.0.1:8080/", "https://127.0.0.1/"),
            ("http://localhost:8080/", "http://x.localhost:8080/"),
            ("http://ipfs.example/", "ftp://ipfs.example/"),
        ] {
            assert!(!may_lead(&url(gateway), &url(to)), "{gateway} {to}");
        }
    }
}
