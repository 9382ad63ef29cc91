//! A file under the name that it is asked for by.

use std::{ops::Range, sync::Arc};

use async_trait::async_trait;

use crate::{ByteStream, File, Meta, ReadCx, Result};

/// A file that has no name of its own, with one.
pub(super) struct Named {
    file: Arc<dyn File>,
    meta: Meta,
}

impl Named {
    pub(super) fn new(file: Arc<dyn File>, name: &str) -> Self {
        let meta = Meta {
            name: name.to_owned(),
            ..file.meta().clone()
        };
        Self { file, meta }
    }
}

#[async_trait]
impl File for Named {
    fn meta(&self) -> &Meta {
        &self.meta
    }

    async fn open(&self, range: Range<u64>, cx: &ReadCx) -> Result<ByteStream> {
        self.file.open(range, cx).await
    }

    async fn held(&self) -> Option<Vec<Range<u64>>> {
        self.file.held().await
    }

    fn is_unpacked(&self) -> bool {
        self.file.is_unpacked()
    }
}
