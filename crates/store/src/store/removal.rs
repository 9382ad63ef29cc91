//! Pinning items, and removing them by name or by site.

use std::{collections::HashMap, fs, io, sync::Arc};

use universal_p2p_core::Item;

use super::{Store, guard};
use crate::{DERIVED, kinship, report::Removed};

/// Why something was not removed.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// There is no such item or site.
    #[error("nothing is known of {what}; see what there is with `universal-p2p items`")]
    Unknown {
        /// What was named.
        what: String,
    },
    /// It is pinned.
    #[error("{item} is pinned; unpin it first with `universal-p2p unpin {item}`")]
    Pinned {
        /// Which item.
        item: Item,
    },
    /// The disk failed.
    #[error("the disk failed: {0}; try again")]
    Disk(#[from] io::Error),
}

impl Store {
    /// Keeps an item from being given up, or no more. It survives any crash once this returned, and
    /// may name an item that was never seen.
    ///
    /// # Errors
    /// What the file system says; then it may or may not be pinned after the next start.
    pub fn pin(&self, item: &Item, pinned: bool) -> io::Result<()> {
        self.pins.pin(&self.index, item, pinned)?;
        if pinned {
            self.catalog.with(item, |entry| entry.pinned = true);
        } else {
            self.catalog.look(item, |entry| entry.pinned = false);
            self.gauge.hope();
        }
        self.set_allowance();
        Ok(())
    }

    /// Removes an item: its bytes, its documents, everything that was noted of it, and what was made of
    /// it, but for what of that is pinned. Who reads it gets no more.
    ///
    /// # Errors
    /// [`RemoveError::Unknown`], [`RemoveError::Pinned`], or what the disk says; then some of it may
    /// be gone.
    pub fn remove(self: &Arc<Self>, item: &Item) -> Result<Removed, RemoveError> {
        let pinned = self.catalog.look(item, |entry| entry.pinned);
        match pinned {
            None => {
                return Err(RemoveError::Unknown {
                    what: item.to_string(),
                });
            }
            Some(true) => return Err(RemoveError::Pinned { item: item.clone() }),
            Some(false) => {}
        }
        let _busy = self.wait_busy(item);
        let documents = self.catalog.look(item, |entry| entry.documents.bytes());
        // The index first: a file that it does not know is adopted, not believed.
        self.index.remove_item(item)?;
        self.index.settle()?;
        let freed = self.free_object(item)? + documents.unwrap_or(0);
        self.remove_documents(item)?;
        self.catalog.remove(item);
        let derived = self.remove_derived(item)?;
        Ok(Removed {
            items: 1,
            freed: freed + derived.freed,
            pinned: derived.pinned,
        })
    }

    /// Removes what was made of an item.
    fn remove_derived(self: &Arc<Self>, item: &Item) -> Result<Removed, RemoveError> {
        let mut removed = Removed::default();
        if item.protocol == DERIVED {
            return Ok(removed);
        }
        let kin = kinship(item.id.as_str());
        let is_kin =
            |other: &&Item| other.protocol == DERIVED && other.id.as_str().starts_with(&kin);
        let derived: Vec<_> = self
            .catalog
            .lock()
            .entries
            .keys()
            .filter(is_kin)
            .cloned()
            .collect();
        for item in derived {
            match self.remove(&item) {
                Ok(one) => removed.freed += one.freed,
                Err(RemoveError::Pinned { .. }) => removed.pinned += 1,
                Err(RemoveError::Unknown { .. }) => {}
                Err(error @ RemoveError::Disk(_)) => return Err(error),
            }
        }
        Ok(removed)
    }

    /// Removes the items that only this site asked for, but for those that are pinned, and what was
    /// booked to it elsewhere.
    ///
    /// # Errors
    /// [`RemoveError::Unknown`] where the site never asked for anything, or what the disk says.
    pub fn remove_site(self: &Arc<Self>, site: &str) -> Result<Removed, RemoveError> {
        let (alone, with_others) = self.items_of_site(site)?;
        if alone.is_empty() && with_others.is_empty() {
            return Err(RemoveError::Unknown {
                what: format!("the site {site:?}"),
            });
        }
        let mut removed = Removed::default();
        for item in alone {
            match self.remove(&item) {
                Ok(one) => {
                    removed.items += one.items;
                    removed.freed += one.freed;
                }
                Err(RemoveError::Pinned { item }) => {
                    removed.pinned += 1;
                    self.index.remove_uses(&item, site)?;
                }
                Err(RemoveError::Unknown { .. }) => self.index.remove_uses(&item, site)?,
                Err(error @ RemoveError::Disk(_)) => return Err(error),
            }
        }
        for item in with_others {
            self.index.remove_uses(&item, site)?;
        }
        self.index.settle()?;
        Ok(removed)
    }

    /// The items that go with a site: those that nobody else asked for and that are not pinned.
    ///
    /// # Errors
    /// What the index says.
    pub fn only_of(&self, site: &str) -> io::Result<Vec<Item>> {
        let (mut alone, _) = self.items_of_site(site)?;
        alone.retain(|item| self.catalog.look(item, |entry| entry.pinned) == Some(false));
        Ok(alone)
    }

    /// The items that only a site asked for, and those that others asked for too.
    fn items_of_site(&self, site: &str) -> io::Result<(Vec<Item>, Vec<Item>)> {
        // What was asked for a moment ago counts too.
        self.settle()?;
        let mut asked: HashMap<Item, (bool, bool)> = HashMap::new();
        self.index.uses(|item, by, _| {
            let (mine, others) = asked.entry(item).or_default();
            if *by.name == *site {
                *mine = true;
            } else {
                *others = true;
            }
        })?;
        let (mut alone, mut with_others) = (Vec::new(), Vec::new());
        for (item, by) in asked {
            match by {
                (true, false) => alone.push(item),
                (true, true) => with_others.push(item),
                (false, _) => {}
            }
        }
        Ok((alone, with_others))
    }

    /// Ends everybody's use of an item's object, and frees what is on disk of it.
    fn free_object(&self, item: &Item) -> io::Result<u64> {
        let object = guard(&self.objects).remove(item);
        let freed = match object.and_then(|object| object.upgrade()) {
            Some(object) => object.give_up_everything().free_file()?,
            None => self
                .catalog
                .look(item, |entry| {
                    let freed = entry.charge.bytes();
                    entry.charge.set(0);
                    freed
                })
                .unwrap_or(0),
        };
        match fs::remove_file(self.object_path(item)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(freed),
        }
    }
}
