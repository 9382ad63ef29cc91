//! Addresses that lied.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    net::{IpAddr, SocketAddr},
};

use super::{is_public, site};

/// How many liars on one public IP make all of it suspect.
const LIARS: usize = 2;

/// The latest liars, at most a given number of them.
#[derive(Debug)]
pub(super) struct Bans {
    most: usize,
    addresses: HashSet<SocketAddr>,
    oldest_first: VecDeque<SocketAddr>,
    per_site: HashMap<IpAddr, usize>,
}

impl Bans {
    /// None yet.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            addresses: HashSet::new(),
            oldest_first: VecDeque::new(),
            per_site: HashMap::new(),
        }
    }

    /// Adds an address, and forgets the oldest where there are too many.
    pub(super) fn add(&mut self, address: SocketAddr) {
        if !self.addresses.insert(address) {
            return;
        }
        self.oldest_first.push_back(address);
        *self.per_site.entry(site(address.ip())).or_default() += 1;
        if self.oldest_first.len() > self.most
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.addresses.remove(&oldest);
            let site = site(oldest.ip());
            if let Some(count) = self.per_site.get_mut(&site) {
                *count -= 1;
                if *count == 0 {
                    self.per_site.remove(&site);
                }
            }
        }
    }

    /// Whether this address, or its whole IP, is not to be talked to.
    pub(super) fn has(&self, address: SocketAddr) -> bool {
        let liars = || self.per_site.get(&site(address.ip())).copied();
        self.addresses.contains(&address)
            || is_public(address.ip()) && liars().unwrap_or_default() >= LIARS
    }
}
