//! What a decoder on a blocking thread reads from.

use std::{
    ffi::OsString,
    io::{self, Read, Seek, SeekFrom},
    sync::{Arc, Mutex},
};

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use universal_p2p_core::{Error, ReadCx};

use super::guard;
use crate::{
    Source,
    memory::{Lack, Ration},
    sync_reader::SyncReader,
};

/// The conditions that something is decoded under.
pub(crate) struct Context {
    cx: ReadCx,
    runtime: Handle,
    cancel: CancellationToken,
    ration: Ration,
    failure: Arc<Mutex<Option<Error>>>,
    #[cfg(feature = "unrar")]
    unrar: Arc<[OsString]>,
}

impl Context {
    pub(crate) fn new(
        cx: ReadCx,
        runtime: Handle,
        cancel: CancellationToken,
        ration: Ration,
        unrar: &Arc<[OsString]>,
    ) -> Self {
        #[cfg(not(feature = "unrar"))]
        let _ = unrar;
        Self {
            cx,
            runtime,
            cancel,
            ration,
            #[cfg(feature = "unrar")]
            unrar: Arc::clone(unrar),
            failure: Arc::default(),
        }
    }

    /// Reads a file of the archive from its start.
    pub(crate) fn reader(&self, source: &Source) -> Feed {
        let (runtime, cancel) = (self.runtime.clone(), self.cancel.clone());
        let reader = SyncReader::new(source.clone(), self.cx, runtime, cancel);
        Feed {
            reader: reader.forwards(),
            failure: Arc::clone(&self.failure),
        }
    }

    /// What the decoder has of the memory, which it has to take before it allocates.
    pub(crate) fn ration(&self) -> &Ration {
        &self.ration
    }

    /// The same once more, after a decoder broke off for a lack, if that may be of use.
    pub(super) fn again(&self, lack: Lack) -> Option<Self> {
        let ration = self.ration.again(lack)?;
        Some(Self {
            cx: self.cx,
            runtime: self.runtime.clone(),
            cancel: self.cancel.clone(),
            ration,
            failure: Arc::default(),
            #[cfg(feature = "unrar")]
            unrar: Arc::clone(&self.unrar),
        })
    }

    /// Whether nobody wants any more.
    #[cfg(feature = "rar")]
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// The command line of another decoder for RAR; empty where there is none.
    #[cfg(feature = "unrar")]
    pub(crate) fn unrar(&self) -> &[OsString] {
        &self.unrar
    }

    /// Says what to tell whoever follows instead of that the archive is damaged.
    #[cfg(feature = "rar")]
    pub(crate) fn fail(&self, error: Error) {
        guard(&self.failure).get_or_insert(error);
    }

    /// Why the packed bytes stayed away, or memory, if they did.
    pub(crate) fn take_failure(&self) -> Option<Error> {
        let failure = guard(&self.failure).take();
        failure.or_else(|| self.ration.take_failure())
    }
}

/// A file of the archive as a decoder sees it. Why a read fails is kept for whoever follows.
pub(crate) struct Feed {
    reader: SyncReader,
    failure: Arc<Mutex<Option<Error>>>,
}

impl Feed {
    fn note<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        if let Some(failure) = self.reader.take_failure() {
            *guard(&self.failure) = Some(failure);
        }
        result
    }
}

impl Read for Feed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(into);
        self.note(read)
    }
}

impl Seek for Feed {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = self.reader.seek(to);
        self.note(at)
    }
}
