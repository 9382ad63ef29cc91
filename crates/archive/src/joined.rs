//! A file that was cut into several.

use std::{ops::Range, sync::Arc};

use async_trait::async_trait;
use universal_p2p_core::{ByteStream, File, Meta, ReadCx, Result};

use crate::{Source, content::Segment, map};

/// Several files as the one that they were cut from.
pub(crate) struct Joined {
    meta: Meta,
    segments: Vec<Segment>,
}

impl Joined {
    /// Joins files in their order; all but the length is that of the first.
    pub(crate) fn of(first: &Meta, parts: &[Source]) -> Arc<dyn File> {
        let whole = |source: &Source| Segment {
            source: source.clone(),
            range: 0..source.length(),
        };
        Self::over(first.clone(), parts.iter().map(whole).collect())
    }

    /// Joins parts of files; all but the length is told by `meta`.
    pub(crate) fn over(mut meta: Meta, segments: Vec<Segment>) -> Arc<dyn File> {
        let lengths = segments.iter().map(Segment::length);
        meta.length = lengths.fold(0, u64::saturating_add);
        Arc::new(Self { meta, segments })
    }
}

#[async_trait]
impl File for Joined {
    fn meta(&self) -> &Meta {
        &self.meta
    }

    async fn open(&self, range: Range<u64>, cx: &ReadCx) -> Result<ByteStream> {
        map::open(&self.segments, range, cx).await
    }
}
