//! Chunks from before an unclean stop: they are hashed again before they count.

use std::{io, sync::Arc};

use tokio::task::spawn_blocking;

use super::Object;
use crate::Held;

impl Object {
    /// Hashes an unchecked chunk, and says what it is after that.
    ///
    /// # Errors
    /// What the file system says.
    pub async fn settle_doubt(self: &Arc<Self>, chunk: u32) -> io::Result<Held> {
        if self.held(chunk) != Held::Unchecked {
            return Ok(self.held(chunk));
        }
        let object = Arc::clone(self);
        let hash = move || object.settle_doubt_now(chunk);
        spawn_blocking(hash).await.map_err(io::Error::other)?
    }

    /// The same on this thread, which may block on the disk.
    ///
    /// # Errors
    /// What the file system says.
    pub fn settle_doubt_now(self: &Arc<Self>, chunk: u32) -> io::Result<Held> {
        let bytes = self.layout.bytes_of(chunk);
        let length = usize::try_from(bytes.end - bytes.start).map_err(io::Error::other)?;
        let mut content = vec![0; length];
        self.read_exact_at(bytes.start, &mut content)?;
        if (self.check)(chunk, &content) {
            // A write may have come in between, or it was given up; then this says nothing of it.
            if self.held(chunk) == Held::Unchecked {
                self.mark_checked(chunk);
            }
        } else {
            self.presence().doubt_is_over(chunk);
        }
        Ok(self.held(chunk))
    }
}
