//! How many streams there may be at once, in all and for one client address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use universal_p2p_core::{Dial, Error};

/// When a client that was turned away should come back.
const COME_BACK: Duration = Duration::from_secs(5);

/// Counts the streams that are open.
pub(crate) struct Limits {
    in_all: Dial<usize>,
    per_client: Dial<usize>,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    in_all: usize,
    by_client: HashMap<IpAddr, usize>,
}

impl Limits {
    pub(crate) fn new(in_all: &Dial<usize>, per_client: &Dial<usize>) -> Self {
        Self {
            in_all: in_all.clone(),
            per_client: per_client.clone(),
            open: Mutex::default(),
        }
    }

    /// Lets a client have one more stream.
    ///
    /// # Errors
    /// [`Error::Busy`], naming the key that raises the limit.
    pub(crate) fn admit(self: &Arc<Self>, client: IpAddr) -> Result<Permit, Error> {
        let busy = |what: String| {
            Err(Error::Busy {
                what,
                retry_after: COME_BACK,
            })
        };
        let (in_all, per_client) = (self.in_all.get(), self.per_client.get());
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.in_all >= in_all {
            return busy(format!(
                "{in_all} streams are open; the key limits.streams raises this"
            ));
        }
        if open.by_client.get(&client).copied().unwrap_or(0) >= per_client {
            return busy(format!(
                "{per_client} streams of this client are open; the key limits.streams_per_client raises this"
            ));
        }
        open.in_all += 1;
        *open.by_client.entry(client).or_default() += 1;
        Ok(Permit {
            limits: Arc::clone(self),
            client,
        })
    }
}

/// The right to one stream.
#[must_use = "the stream is counted only while its permit is held"]
pub(crate) struct Permit {
    limits: Arc<Limits>,
    client: IpAddr,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self
            .limits
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        open.in_all -= 1;
        if let Some(count) = open.by_client.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                open.by_client.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permit_comes_back_when_it_is_dropped() {
        let in_all = Dial::new(3);
        let limits = Arc::new(Limits::new(&in_all, &Dial::new(2)));
        let (one, two) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let first = limits.admit(one).expect("free");
        let _second = limits.admit(one).expect("free");
        let refused = limits.admit(one).err().expect("two are open").to_string();
        assert!(refused.contains("limits.streams_per_client"), "{refused}");
        let _third = limits.admit(two).expect("another client");
        let refused = limits.admit(two).err().expect("three are open").to_string();
        assert!(refused.contains("limits.streams raises"), "{refused}");
        in_all.set(4);
        let more = limits.admit(two).expect("the limit was raised");
        drop(more);
        in_all.set(3);
        drop(first);
        let _fourth = limits.admit(one).expect("one was given back");
    }
}
