//! Handing what is known of an object to the index.

use std::io;

use super::Object;
use crate::presence::Pages;

impl Object {
    /// Syncs the data, then hands the pages that had changed before that to the index.
    pub(crate) fn sync_pages(
        &self,
        write: impl FnMut(u32, &[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let pages = self.presence().take_dirty_pages();
        let synced = self.file.sync_data();
        self.hand_over(pages, synced, write)
    }

    /// Hands the pages to the index from which something went. What arrived lately is not in them,
    /// so that no data has to be synced for it.
    pub(crate) fn write_gone_pages(
        &self,
        write: impl FnMut(u32, &[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let pages = self.presence().take_gone_pages();
        self.hand_over(pages, Ok(()), write)
    }

    fn hand_over(
        &self,
        pages: Pages,
        ready: io::Result<()>,
        mut write: impl FnMut(u32, &[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut rows = pages.rows.iter();
        let written = ready.and_then(|()| rows.try_for_each(|(page, bits)| write(*page, bits)));
        if written.is_err() {
            self.presence().put_back(pages);
        }
        written
    }
}
