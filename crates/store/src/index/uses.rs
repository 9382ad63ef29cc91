//! What each site used of each item.

use std::io::Result;

use universal_p2p_core::{Item, Site};

use super::{Index, Table, keys};
use crate::ledger::Use;

/// The most sites by name that uses of one item are booked to; what is more goes to the unknown one.
pub(crate) const MOST_SITES: usize = 255;

impl Index {
    /// Adds a use to what is already booked for its item and site. One thread at a time.
    ///
    /// Where an item has uses of 255 sites already, a new one is booked to the unknown site: a
    /// page may claim any number of names.
    pub(crate) fn add_use(&self, item: &Item, site: &Site, fresh: Use) -> Result<()> {
        let mut key = keys::of_use(item, site);
        let mut booked = self.get(Table::Uses, &key)?;
        if booked.is_none() && self.has_all_sites(item)? {
            key = keys::of_use(item, &Site::unknown());
            booked = self.get(Table::Uses, &key)?;
        }
        let booked = booked.and_then(|row| Use::decode(&row)).unwrap_or_default();
        self.set(Table::Uses, &key, &booked.with(fresh).encode())
    }

    fn has_all_sites(&self, item: &Item) -> Result<bool> {
        let unknown = keys::of_use(item, &Site::unknown());
        let mut named = 0;
        let count = |key: &[u8], _: &[u8]| named += usize::from(key != unknown);
        self.visit(Table::Uses, &keys::of_item(item), count)?;
        Ok(named >= MOST_SITES)
    }

    /// What each site used of an item.
    pub(crate) fn uses_of(&self, item: &Item) -> Result<Vec<(Site, Use)>> {
        let mut uses = Vec::new();
        let visit = |_, site, booked| uses.push((site, booked));
        self.visit_uses(&keys::of_item(item), visit)?;
        Ok(uses)
    }

    /// Shows what each site used of each item, all of an item's in a row, without keeping them.
    pub(crate) fn uses(&self, visit: impl FnMut(Item, Site, Use)) -> Result<()> {
        self.visit_uses(b"", visit)
    }

    fn visit_uses(&self, prefix: &[u8], mut visit: impl FnMut(Item, Site, Use)) -> Result<()> {
        self.visit(Table::Uses, prefix, |key, row| {
            let place = keys::split(key).and_then(|(item, rest)| Some((item, keys::site(rest)?)));
            if let Some(((item, site), booked)) = place.zip(Use::decode(row)) {
                visit(item, site, booked);
            }
        })
    }

    /// Forgets what a site used of an item, however well its name was known.
    pub(crate) fn remove_uses(&self, item: &Item, site: &str) -> Result<()> {
        let prefix = keys::of_item(item);
        let is_of_site =
            |key: &[u8]| keys::site(&key[prefix.len()..]).is_some_and(|found| &*found.name == site);
        self.remove_if(Table::Uses, &prefix, is_of_site)
    }
}
