//! What is known of the node from outside.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use libp2p::Multiaddr;

/// The most addresses that are told.
const ADDRESSES: usize = 64;

/// How the node stands.
#[derive(Debug, Default)]
pub(super) struct Standing {
    peers: AtomicUsize,
    connected: AtomicUsize,
    addresses: Mutex<Vec<Multiaddr>>,
}

impl Standing {
    pub(super) fn set_peers(&self, peers: usize) {
        self.peers.store(peers, Ordering::Relaxed);
    }

    pub(super) fn set_connected(&self, connected: usize) {
        self.connected.store(connected, Ordering::Relaxed);
    }

    pub(super) fn peers(&self) -> usize {
        self.peers.load(Ordering::Relaxed)
    }

    pub(super) fn connected(&self) -> usize {
        self.connected.load(Ordering::Relaxed)
    }

    pub(super) fn listen(&self, address: Multiaddr) {
        let mut addresses = self.lock();
        if addresses.len() < ADDRESSES && !addresses.contains(&address) {
            addresses.push(address);
        }
    }

    pub(super) fn unlisten(&self, address: &Multiaddr) {
        self.lock().retain(|known| known != address);
    }

    pub(super) fn addresses(&self) -> Vec<Multiaddr> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Multiaddr>> {
        self.addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
