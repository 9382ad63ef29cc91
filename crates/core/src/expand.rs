//! Opening a file as a directory, where something else than a backend knows how.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{Dir, File, Result};

/// What knows the directory that a file holds, such as that of an archive.
#[async_trait]
pub trait Expand: Send + Sync {
    /// The directory that is in a file, or none where it is no archive.
    ///
    /// `beside` is the directory that the file lies in, where further volumes may be; `depth` is how
    /// many archives the file itself lies in.
    ///
    /// # Errors
    /// Whatever kept the file from being opened: it is damaged, it is encrypted, it lies too deep.
    async fn expand(
        &self,
        file: &Arc<dyn File>,
        beside: Option<&Arc<dyn Dir>>,
        depth: usize,
    ) -> Result<Option<Arc<dyn Dir>>>;

    /// Whether a file of this name is probably one that holds a directory. It only says what is worth
    /// offering: nothing is read for it, and content decides in the end.
    fn is_likely(&self, _name: &str) -> bool {
        false
    }
}

/// Opens nothing: files are files.
#[derive(Clone, Copy, Debug)]
pub struct NoArchives;

#[async_trait]
impl Expand for NoArchives {
    async fn expand(
        &self,
        _: &Arc<dyn File>,
        _: Option<&Arc<dyn Dir>>,
        _: usize,
    ) -> Result<Option<Arc<dyn Dir>>> {
        Ok(None)
    }
}
