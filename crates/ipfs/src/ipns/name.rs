//! Names: keys in every spelling, and domains.

use std::fmt;

use cid::{
    Cid,
    multibase::{self, Base},
    multihash::Multihash,
};
use universal_p2p_core::{Error, Id, Result};
use url::Host;

/// The codec of a CID that names a key (multicodec table, `libp2p-key`).
const LIBP2P_KEY: u64 = 0x72;

/// The multihash codes of a key itself, where it is short, and of its hash.
const IDENTITY: u64 = 0x00;
const SHA2_256: u64 = 0x12;

/// The longest spelling of a name that is looked at, in bytes.
const LONGEST: usize = 512;

/// What an IPNS address names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// A public key, which signs where its name leads: the multihash of its peer id.
    Key(Multihash<64>),
    /// A domain, whose TXT records say where it leads: lower-case ASCII without a dot at the end.
    Domain(String),
}

impl Name {
    /// Reads a name in any spelling: a CID of a key in any base, a peer id in base58, a domain.
    ///
    /// # Errors
    /// [`Error::BadId`] for what is neither.
    pub fn parse(spelling: &str) -> Result<Self> {
        if spelling.len() <= LONGEST {
            if let Some(key) = key(spelling) {
                return Ok(Self::Key(key));
            }
            if let Some(domain) = domain(spelling) {
                return Ok(Self::Domain(domain));
            }
        }
        Err(Error::BadId {
            why: "a name is a key (k51…, 12D3Koo…, Qm…) or a domain with a DNSLink".into(),
        })
    }

    /// The only canonical spelling: a CID in base36 for a key, the domain itself for a domain.
    ///
    /// # Errors
    /// [`Error::BadId`] for what is longer than an id may be.
    pub fn id(&self) -> Result<Id> {
        Id::new(&self.to_string())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(hash) => {
                let cid = Cid::new_v1(LIBP2P_KEY, *hash).to_bytes();
                f.write_str(&multibase::encode(Base::Base36Lower, cid))
            }
            Self::Domain(domain) => f.write_str(domain),
        }
    }
}

/// The multihash of a key.
fn key(spelling: &str) -> Option<Multihash<64>> {
    let hash = match Cid::try_from(spelling) {
        Ok(cid) if cid.codec() == LIBP2P_KEY => *cid.hash(),
        // A peer id as it was written first: only the multihash, in base58.
        _ if spelling.starts_with("Qm") || spelling.starts_with('1') => {
            let bytes = multibase::decode(format!("z{spelling}")).ok()?.1;
            Multihash::from_bytes(&bytes).ok()?
        }
        _ => return None,
    };
    matches!(
        (hash.code(), hash.size()),
        (IDENTITY, 1..=64) | (SHA2_256, 32)
    )
    .then_some(hash)
}

/// A name that a resolver can be asked for.
fn domain(spelling: &str) -> Option<String> {
    let Host::Domain(domain) = Host::parse(spelling).ok()? else {
        return None;
    };
    let domain = domain.strip_suffix('.').unwrap_or(&domain);
    let is_sound = |label: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (1..=63).contains(&label.len()) && label.bytes().all(allowed)
    };
    // One label alone is what somebody left out the rest of.
    let is_domain = domain.len() <= 120 && domain.contains('.') && domain.split('.').all(is_sound);
    is_domain.then(|| domain.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const K51: &str = "k51qzi5uqu5dito4onnmz8o0srlnut0z99mgrllp6kaxkgn8m7ie2x2orvwxfw";
    const PEER: &str = "12D3KooWGx28WUHwguQgVmCAoPcnoT8NTzzF7ZH8rE4DqknQa5Kq";

    fn id(spelling: &str) -> Result<String> {
        Ok(Name::parse(spelling)?.id()?.as_str().to_owned())
    }

    #[test]
    fn every_spelling_of_a_key_has_one_id() {
        let Ok(Name::Key(hash)) = Name::parse(K51) else {
            panic!("no key");
        };
        let cid = Cid::new_v1(LIBP2P_KEY, hash);
        let base32 = cid.to_string();
        assert!(base32.starts_with("bafzaajaiaejc"), "{base32}");
        for spelling in [K51, PEER, &base32, &base32.to_uppercase()] {
            assert_eq!(id(spelling).unwrap(), K51, "{spelling}");
        }
        let rsa = "Qmdun2mGiApQFhHA9cWW85dbpaoR8Ye8odaj8KYkPBnGCc";
        assert_eq!(
            id(rsa).unwrap(),
            "k2k4r8p6lqazklidxt38p46igb0gv185gpqntkbcpa8zjo579tbelf1h"
        );
    }

    #[test]
    fn every_spelling_of_a_domain_has_one_id() {
        for (spelling, want) in [
            ("docs.ipfs.tech", "docs.ipfs.tech"),
            ("Docs.IPFS.tech.", "docs.ipfs.tech"),
            ("b\u{fc}cher.example", "xn--bcher-kva.example"),
            ("a_b.example", "a_b.example"),
        ] {
            assert_eq!(id(spelling).unwrap(), want, "{spelling}");
        }
    }

    #[test]
    fn what_names_nothing_is_refused() {
        let too_long = "a.".repeat(100);
        for bad in [
            "",
            "localhost",
            "127.0.0.1",
            "[::1]",
            "a..example",
            ".example",
            "a b.example",
            "a/b.example",
            "bafybeie5nqv6kd3qnfjupgvz34woh3oksc3iau6abmyajn7qvtf6d2ho34",
            "12D3Koo",
            "Qm",
            &too_long,
        ] {
            assert!(
                matches!(id(bad), Err(Error::BadId { .. })),
                "{bad:?}: {:?}",
                id(bad)
            );
        }
    }
}
