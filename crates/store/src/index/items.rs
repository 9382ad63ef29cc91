//! What is kept of every item.

use std::io::Result;

use universal_p2p_core::Item;

use super::{Index, ItemRow, Table, keys};

impl Index {
    /// What was kept of every item; a row that makes no sense is left out.
    pub(crate) fn items(&self) -> Result<Vec<(Item, ItemRow)>> {
        let mut items = Vec::new();
        self.visit(Table::Items, b"", |key, row| {
            let item = keys::split(key).map(|(item, _)| item);
            items.extend(item.zip(ItemRow::decode(row)));
        })?;
        Ok(items)
    }

    /// Replaces what is kept of an item.
    pub(crate) fn set_item(&self, item: &Item, row: &ItemRow) -> Result<()> {
        self.set(Table::Items, &keys::of_item(item), &row.encode())
    }

    /// Forgets everything about an item but whether it is pinned.
    pub(crate) fn remove_item(&self, item: &Item) -> Result<()> {
        self.forget_number(item)?;
        let prefix = keys::of_item(item);
        // What says that chunks are present goes first: the rest harms nobody if it stays.
        for table in [Table::Trust, Table::Presence, Table::Uses, Table::Items] {
            self.remove_if(table, &prefix, |_| true)?;
        }
        Ok(())
    }
}
