//! From a format to its index.

use std::sync::Arc;

#[cfg(any(feature = "seven", feature = "tar", feature = "zip"))]
use tokio::runtime::Handle;
#[cfg(any(feature = "seven", feature = "tar", feature = "zip"))]
use tokio_util::sync::CancellationToken;
use universal_p2p_core::{Error, Result};

use super::Inner;
#[cfg(any(feature = "seven", feature = "tar", feature = "zip"))]
use crate::sync_reader::SyncReader;
use crate::{Index, Source, magic::Format};
#[cfg(feature = "seven")]
use crate::{content::Segment, joined::Joined};

impl Inner {
    /// Reads the index of a set of volumes, most of which are one file, and takes notes of that.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for formats that were not built in; what the format fails with.
    pub(super) async fn index(
        &self,
        format: Format,
        volumes: Vec<Source>,
        etag: &str,
    ) -> Result<Index> {
        let limits = self.settings.limits.clone();
        let spools = Arc::clone(&self.spools);
        let etag = etag.to_owned();
        // Not every format needs each of them.
        let _ = (&volumes, &etag, &limits, &spools);
        match format {
            #[cfg(feature = "zip")]
            Format::Zip => {
                self.blocking(volumes, move |mut reader, source| {
                    crate::zip::index(&mut reader, &source, &etag, &limits, &spools)
                })
                .await
            }
            #[cfg(feature = "seven")]
            Format::Seven(begin) => {
                let volumes = behind(volumes, begin);
                self.blocking(volumes, move |mut reader, source| {
                    crate::seven::index(&mut reader, &source, &etag, &limits, &spools)
                })
                .await
            }
            #[cfg(feature = "tar")]
            Format::Tar => {
                self.blocking(volumes, move |mut reader, source| {
                    crate::tar::index(&mut reader, &source, &limits)
                })
                .await
            }
            #[cfg(feature = "tar")]
            Format::PackedTar(packing) => {
                self.blocking(volumes, move |mut reader, source| {
                    crate::tar::packed_index(&mut reader, &source, packing, &etag, &limits, &spools)
                })
                .await
            }
            #[cfg(feature = "rar")]
            Format::Rar => {
                crate::rar::index(volumes, &etag, &limits, &spools, &self.settings.cx.get()).await
            }
            #[cfg(not(all(feature = "rar", feature = "seven", feature = "tar", feature = "zip")))]
            other => Err(Error::Unsupported {
                what: format!("{} archives", other.name()),
            }),
        }
    }

    /// Runs a format that reads as blocking threads do.
    #[cfg(any(feature = "seven", feature = "tar", feature = "zip"))]
    async fn blocking(
        &self,
        volumes: Vec<Source>,
        read: impl FnOnce(SyncReader, Source) -> Result<Index> + Send + 'static,
    ) -> Result<Index> {
        let Some(source) = volumes.into_iter().next() else {
            return Err(Error::Corrupt {
                what: "an archive without files".into(),
            });
        };
        let (cx, runtime) = (self.settings.cx.get(), Handle::current());
        let work = move |cancel: &CancellationToken| {
            let reader = SyncReader::new(source.clone(), cx, runtime, cancel.clone());
            // The entries are read without notes.
            read(reader, source.without_notes().0)
        };
        self.jobs.run(work).await
    }
}

/// What stands behind a program in the first of some files, as a file of its own.
#[cfg(feature = "seven")]
fn behind(mut volumes: Vec<Source>, begin: u64) -> Vec<Source> {
    if let Some(first) = volumes.first_mut().filter(|_| begin > 0) {
        let meta = first.file().meta().clone();
        let (source, notes) = first.clone().without_notes();
        let range = begin..source.length();
        let rest = Source::new(Joined::over(meta, vec![Segment { source, range }]));
        // What is noted lies that much further back in the file.
        *first = match notes {
            Some(notes) => rest.noted(notes),
            None => rest,
        };
    }
    volumes
}

#[cfg(not(all(feature = "rar", feature = "seven", feature = "tar", feature = "zip")))]
impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::Zip => "zip",
            Self::Rar => "RAR",
            Self::Seven(_) => "7z",
            Self::Tar => "tar",
            Self::PackedTar(_) => "packed tar",
        }
    }
}
