//! A source as decoders on blocking threads see it: `Read` and `Seek`.

#[cfg(any(feature = "seven", feature = "tar"))]
use std::time::Duration;
use std::{
    collections::VecDeque,
    io::{self, Read, Seek, SeekFrom},
};

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use universal_p2p_core::{Error, ReadCx};

use crate::{Source, source::Notes};

/// Bytes in a page: what is asked for at once.
const PAGE: u64 = 64 << 10;

/// Pages that are kept: 4 MiB.
const KEPT: usize = 64;

/// Pages that are kept for a decoder, which may read in a few places at once: 1 MiB.
const KEPT_FORWARDS: usize = 16;

/// A source read from a blocking thread, by pages of which the last few are kept.
pub(crate) struct SyncReader {
    source: Source,
    /// What is read is noted as it is asked for, and not by pages.
    notes: Option<Notes>,
    cx: ReadCx,
    runtime: Handle,
    cancel: CancellationToken,
    at: u64,
    pages: VecDeque<(u64, Bytes)>,
    /// How many pages are kept.
    most_pages: usize,
    /// The source's own error, of which `io::Error` says too little.
    failure: Option<Error>,
}

impl SyncReader {
    /// Begins at the start. Reads fail once `cancel` is cancelled.
    #[must_use]
    pub(crate) fn new(
        source: Source,
        cx: ReadCx,
        runtime: Handle,
        cancel: CancellationToken,
    ) -> Self {
        let (source, notes) = source.without_notes();
        Self {
            source,
            notes,
            cx,
            runtime,
            cancel,
            at: 0,
            pages: VecDeque::new(),
            most_pages: KEPT,
            failure: None,
        }
    }

    /// The same for one who reads forwards, and needs less memory for that.
    pub(crate) fn forwards(mut self) -> Self {
        self.most_pages = KEPT_FORWARDS;
        self
    }

    /// Takes no more notes, and gives out where they were taken.
    #[cfg(feature = "tar")]
    pub(crate) fn take_notes(&mut self) -> Option<Notes> {
        self.notes.take()
    }

    /// How long whoever reads waits for a first byte.
    #[cfg(any(feature = "seven", feature = "tar"))]
    pub(crate) fn patience(&self) -> Duration {
        self.cx.first_byte
    }

    /// What ends the reading.
    #[cfg(any(feature = "seven", feature = "tar"))]
    pub(crate) fn cancel(&self) -> &CancellationToken {
        &self.cancel
    }

    /// Takes the error of the source that made the last read fail.
    pub(crate) fn take_failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    fn page(&mut self, number: u64) -> io::Result<Bytes> {
        if let Some((_, page)) = self.pages.iter().find(|(known, _)| *known == number) {
            return Ok(page.clone());
        }
        let start = number * PAGE;
        let range = start..(start + PAGE).min(self.source.length());
        let (source, cx, cancel) = (&self.source, &self.cx, &self.cancel);
        let read = self.runtime.block_on(async {
            tokio::select! {
                read = source.read(range, cx) => read,
                () = cancel.cancelled() => Err(Error::Stopping),
            }
        });
        match read {
            Ok(page) => {
                if self.pages.len() == self.most_pages {
                    self.pages.pop_front();
                }
                self.pages.push_back((number, page.clone()));
                Ok(page)
            }
            Err(error) => {
                let told = io::Error::other(error.to_string());
                self.failure = Some(error);
                Err(told)
            }
        }
    }
}

impl Read for SyncReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() || self.at >= self.source.length() {
            return Ok(0);
        }
        if let Some(notes) = &self.notes {
            let known = notes.skeleton.copy(notes.file, self.at, into);
            if known > 0 {
                self.at += known as u64;
                return Ok(known);
            }
        }
        let page = self.page(self.at / PAGE)?;
        let within = usize::try_from(self.at % PAGE).map_err(io::Error::other)?;
        let rest = page.get(within..).unwrap_or_default();
        let length = rest.len().min(into.len());
        into[..length].copy_from_slice(&rest[..length]);
        if let Some(notes) = &self.notes {
            notes.skeleton.note(notes.file, self.at, &rest[..length]);
        }
        self.at += length as u64;
        Ok(length)
    }
}

impl Seek for SyncReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.source.length().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
