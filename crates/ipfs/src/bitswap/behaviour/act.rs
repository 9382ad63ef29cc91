//! Doing what was decided about wants of ours.

use std::time::Instant;

use libp2p::swarm::ToSwarm;

use super::{Bitswap, Outcome};
use crate::bitswap::{client::Action, handler::Order, message::Entry};

impl Bitswap {
    pub(super) fn act(&mut self) {
        let now = Instant::now();
        for action in self.client.actions(now) {
            match action {
                Action::Tell(peer, cid, ask) => {
                    let entry = Entry {
                        cid,
                        priority: self.client.priority(cid.hash()),
                        ask,
                        denial: ask.is_some(),
                    };
                    if let Some(connection) = self.links.spoken(&peer) {
                        self.order(peer, connection, Order::Tell(entry));
                    }
                }
                Action::Search(root) => {
                    let search = Outcome::Search(root);
                    self.events.push_back(ToSwarm::GenerateEvent(search));
                }
                Action::Leave(peer) => {
                    tracing::debug!(%peer, "a peer sent what nobody asked for, and is left alone");
                    self.bans.add(peer, now);
                    self.leave(peer);
                }
                Action::Renew(peer) => {
                    let renew = Outcome::Renew(peer);
                    self.events.push_back(ToSwarm::GenerateEvent(renew));
                }
                Action::Fail(hash) => {
                    if let Some(failure) = self.client.end(&hash, now) {
                        let failed = Outcome::Failed(hash, failure);
                        self.events.push_back(ToSwarm::GenerateEvent(failed));
                        self.is_changed = true;
                    }
                }
            }
        }
    }
}
