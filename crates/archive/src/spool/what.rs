//! What is decoded.

use universal_p2p_core::{Item, Result};
use universal_p2p_store::Layout;

use super::{CHUNK, corrupt};
use crate::slots;

/// What is decoded: where from, how much comes out, and how.
pub(crate) struct What<'a> {
    /// The entity tag of the outer file.
    pub(crate) etag: &'a str,
    /// The name of what is decoded within it: method and number. Equal names mean equal bytes.
    pub(crate) part: &'a str,
    /// Bytes that come out, as the archive says.
    pub(crate) length: u64,
    /// Bytes that go in.
    pub(crate) packed: u64,
    /// Bytes that may come out, where that had to be settled before it was known how many do.
    pub(crate) room: Option<u64>,
}

impl What<'_> {
    /// Under what it is on disk: nobody can choose that.
    pub(super) fn item(&self) -> Result<Item> {
        let room = self.room.unwrap_or(self.length).to_string();
        slots::item(&slots::kin(self.etag), [self.etag, self.part, &room])
    }

    /// How it is cut into chunks.
    pub(super) fn layout(&self) -> Result<Layout> {
        let layout = Layout::new(self.room.unwrap_or(self.length), CHUNK);
        layout.ok_or_else(|| corrupt("it is longer than anything can be"))
    }
}
