//! The backends: what each needs to take part.

use super::tree::Tree;
use crate::support::{IpfsPeer, Seeder, Setup, Spec, base32, cid_in};

/// A network with a foreign peer that shares files in it. It ends with its value.
pub(crate) trait Backend: Sized {
    /// The first segment of its addresses.
    const PROTOCOL: &'static str;

    /// An id that is sound, and that nobody has.
    const NOBODYS: &'static str;

    /// Starts a peer.
    fn start() -> Self;

    /// Shares files, and gives their id in the canonical spelling.
    fn share(&mut self, tree: &Tree) -> String;

    /// The parameter of addresses that names the peer, where one has to.
    fn hint(&self) -> Option<String>;

    /// Makes the agent's configuration name the peer, where it has to.
    fn known_to(&self, setup: Setup) -> Setup {
        setup
    }

    /// Other spellings of an id, as they stand in an address.
    fn spellings(id: &str) -> Vec<String>;
}

/// BitTorrent, with a seeder that the address names.
pub(crate) struct BitTorrent {
    seeder: Seeder,
    address: Option<std::net::SocketAddr>,
}

impl Backend for BitTorrent {
    const PROTOCOL: &'static str = "bittorrent";
    const NOBODYS: &'static str = "dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c";

    fn start() -> Self {
        Self {
            seeder: Seeder::start(),
            address: None,
        }
    }

    fn share(&mut self, tree: &Tree) -> String {
        let spec = if tree.is_file {
            Spec::single(&tree.name, tree.bytes(&tree.name).to_vec())
        } else {
            let files = tree.files.iter();
            files.fold(Spec::folder(&tree.name), |spec, (path, bytes)| {
                let names: Vec<_> = path.split('/').collect();
                spec.with(&names, bytes.clone())
            })
        };
        let seeding = self.seeder.seed(spec);
        self.address = Some(seeding.peer);
        seeding.id
    }

    fn hint(&self) -> Option<String> {
        self.address.map(|address| format!("x.pe={address}"))
    }

    fn spellings(id: &str) -> Vec<String> {
        let digits = data_encoding::HEXLOWER.decode(id.as_bytes()).unwrap();
        vec![
            id.to_uppercase(),
            base32(&digits),
            base32(&digits).to_lowercase(),
            format!("magnet%3A%3Fxt%3Durn%3Abtih%3A{id}"),
        ]
    }
}

/// IPFS, with a Kubo node that the address names.
pub(crate) struct IpfsByAddress(Kubo);

impl Backend for IpfsByAddress {
    const PROTOCOL: &'static str = "ipfs";
    const NOBODYS: &'static str = Kubo::NOBODYS;

    fn start() -> Self {
        Self(Kubo::start())
    }

    fn share(&mut self, tree: &Tree) -> String {
        self.0.share(tree)
    }

    fn hint(&self) -> Option<String> {
        Some(format!("peer={}", self.0.peer.address("tcp")))
    }

    fn spellings(id: &str) -> Vec<String> {
        Kubo::spellings(id)
    }
}

/// IPFS, with a Kubo node that the configuration names.
pub(crate) struct IpfsByConfiguration(Kubo);

impl Backend for IpfsByConfiguration {
    const PROTOCOL: &'static str = "ipfs";
    const NOBODYS: &'static str = Kubo::NOBODYS;

    fn start() -> Self {
        Self(Kubo::start())
    }

    fn share(&mut self, tree: &Tree) -> String {
        self.0.share(tree)
    }

    fn hint(&self) -> Option<String> {
        None
    }

    fn known_to(&self, setup: Setup) -> Setup {
        setup.set(&format!("ipfs.peers = [{:?}]", self.0.peer.address("tcp")))
    }

    fn spellings(id: &str) -> Vec<String> {
        Kubo::spellings(id)
    }
}

/// A Kubo node that shares files.
struct Kubo {
    peer: IpfsPeer,
    shared: usize,
}

impl Kubo {
    const NOBODYS: &'static str = "bafkreia7xkgn4vdaokhcgqbrwe2kpk7vdh2bthxtmiaqb5mbv2nfmlfnhm";

    fn start() -> Self {
        Self {
            peer: IpfsPeer::kubo(),
            shared: 0,
        }
    }

    fn share(&mut self, tree: &Tree) -> String {
        let folder = self.peer.folder().join(format!("shared{}", self.shared));
        self.shared += 1;
        for (path, bytes) in &tree.files {
            let place = folder.join(path);
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            std::fs::write(place, bytes).unwrap();
        }
        let what = if tree.is_file {
            folder.join(&tree.name)
        } else {
            folder
        };
        cid_in('b', &self.peer.add_path(&what))
    }

    fn spellings(id: &str) -> Vec<String> {
        let mut spellings: Vec<_> = ['B', 'f', 'F', 'z', 'k', 'u']
            .into_iter()
            .map(|base| cid_in(base, id))
            .collect();
        // what has no other codec or hash than the old one has a short spelling
        spellings.extend(id.starts_with("bafybei").then(|| cid_in('Q', id)));
        spellings
    }
}
