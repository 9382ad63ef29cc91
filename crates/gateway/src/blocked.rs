//! What is not given out, whoever asks.

use std::collections::HashMap;

use universal_p2p_core::{Id, Item};

use crate::{Registry, failure::Failure};

/// Why something is not given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ban {
    /// The law forbids it: 451.
    Legal,
    /// Whoever runs this does not want it here: 410.
    Unwanted,
}

/// The ids that are not given out, of all backends.
#[derive(Clone, Debug, Default)]
pub struct Blocked {
    bans: HashMap<String, Ban>,
}

impl Blocked {
    /// Bans an id, which is in its canonical spelling.
    pub fn add(&mut self, item: &Item, ban: Ban) {
        self.bans.insert(key(item.protocol, &item.id), ban);
    }

    /// Lets an id pass or says why not.
    ///
    /// # Errors
    /// 410 or 451.
    pub(crate) fn check(&self, protocol: &str, id: &Id) -> Result<(), Failure> {
        match self.bans.get(&key(protocol, id)) {
            Some(ban) => Err(Failure::Blocked(*ban)),
            None => Ok(()),
        }
    }

    /// The same for what a path leads through, whichever network calls it so.
    ///
    /// # Errors
    /// 410 or 451.
    pub(crate) fn check_roots(&self, registry: &Registry, roots: &[String]) -> Result<(), Failure> {
        if self.bans.is_empty() {
            return Ok(());
        }
        for root in roots {
            for backend in registry.all() {
                if let Ok((id, _)) = backend.canonical(root) {
                    self.check(backend.protocol(), &id)?;
                }
            }
        }
        Ok(())
    }
}

fn key(protocol: &str, id: &Id) -> String {
    format!("{protocol}/{id}")
}
