//! The addresses of everything that is shown.

use super::{
    agents::Addresses,
    files::{FILM_NAME, FIRST_VOLUME, PICTURES_NAME},
};

/// A network that something is asked for in.
#[derive(Clone, Copy)]
pub(super) enum Network {
    BitTorrent,
    Ipfs,
}

/// Where everything is.
pub(super) struct Links {
    pub(super) addresses: Addresses,
    /// The agent's origin for content, and its dashboard's.
    pub(super) content: String,
    pub(super) dashboard: String,
}

impl Links {
    /// A path on the agent, with a hint where a peer is: there is no directory of this network of two.
    pub(super) fn path(&self, network: Network, path: &str) -> String {
        let Addresses {
            infohash,
            peer,
            cid,
            node,
        } = &self.addresses;
        match network {
            Network::BitTorrent => {
                format!("/bittorrent/v0/stream/{infohash}/{path}?x.pe={peer}")
            }
            Network::Ipfs => format!("/ipfs/v0/stream/{cid}/{path}?peer={node}"),
        }
    }

    /// Where the agent tells how it is doing with what is shared.
    pub(super) fn status(&self, network: Network) -> String {
        match network {
            Network::BitTorrent => format!("/bittorrent/v0/status/{}", self.addresses.infohash),
            Network::Ipfs => format!("/ipfs/v0/status/{}", self.addresses.cid),
        }
    }

    /// What is told in the terminal.
    pub(super) fn text(&self, page: &str) -> String {
        let film_in_rar = format!("{FIRST_VOLUME}/{FILM_NAME}");
        let pictures = format!("{PICTURES_NAME}/");
        let link = |network, path: &str| format!("{}{}", self.content, self.path(network, path));
        let rows = [
            ("page", page.to_owned()),
            ("film, BitTorrent", link(Network::BitTorrent, FILM_NAME)),
            ("film, IPFS", link(Network::Ipfs, FILM_NAME)),
            ("film, in RAR", link(Network::BitTorrent, &film_in_rar)),
            ("pictures, BitTorrent", link(Network::BitTorrent, &pictures)),
            ("pictures, IPFS", link(Network::Ipfs, &pictures)),
            ("dashboard", format!("{}/", self.dashboard)),
        ];
        let rows: String = rows
            .iter()
            .map(|(name, url)| format!("  {name:22}{url}\n"))
            .collect();
        format!(
            "A throw-away agent runs, with a peer that shares a film and pictures; nothing leaves this machine.\n\n\
             {rows}\nCtrl-C ends it and leaves nothing behind.\n"
        )
    }
}
