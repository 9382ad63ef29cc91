//! RAR as its author's own library decodes it, in a process of its own.
//!
//! ```text
//! decode(order, exchange) ── volumes ──→ the same program again: serve()
//!                         ←── bytes ──── UnRAR, with little memory, little time and no files
//! ```
//! UnRAR is written in C++ and reads what strangers made, so nothing of it runs where it could do
//! harm: it lives in a child that holds two pipes and one file in memory, in a network of its own that
//! leads nowhere where the system allows that, and ends with it. The child asks for the archive volume
//! by volume, which the parent makes as it is asked; so neither of them has it on disk, and decoding
//! begins with its first bytes.
//!
//! This is the only crate of the workspace in which there is `unsafe` code: that library's interface
//! is one of C, and there is no other. It is all in `library.rs`.
//!
//! # Limitations
//! Linux only: elsewhere nothing is decoded, and [`Failure::NotStarted`] says so.
//!
//! # Licence
//! UnRAR comes under terms of its own, which are not those of this crate: `LICENSES/UnRAR.txt`. UnRAR
//! source code may be used in any software to handle RAR archives without limitations free of charge,
//! but cannot be used to develop RAR (WinRAR) compatible archiver and to re-create RAR compression
//! algorithm, which is proprietary. Distribution of modified UnRAR source code in separate form or as
//! a part of other software is permitted, provided that full text of this paragraph, starting from
//! "UnRAR source code" words, is included in license, or in documentation if license is not available,
//! and in source code comments of resulting package.

#[cfg(target_os = "linux")]
mod child;
#[cfg(target_os = "linux")]
mod frame;
#[cfg(target_os = "linux")]
mod library;
#[cfg(target_os = "linux")]
mod parent;
#[cfg(target_os = "linux")]
mod running;

use std::{ffi::OsString, io, process::ExitCode, time::Duration};

/// The most bytes of a volume.
pub const MOST_VOLUME: usize = 8 << 20;

/// What is to be decoded, and within which bounds.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    /// The command line of a program that does nothing but [`serve`].
    pub program: &'a [OsString],
    /// Entries of the archive, all of which are decoded.
    pub members: u32,
    /// Bytes that come out of them all. There are never more.
    pub length: u64,
    /// Bytes of memory that the decoder may take for what it refers back to.
    pub memory: u64,
    /// How long the decoder may be silent while it is waited for.
    pub silence: Duration,
}

/// Where an archive comes from, and where what is in it goes to.
pub trait Exchange {
    /// Makes the next volume, of at most [`MOST_VOLUME`] bytes.
    ///
    /// # Errors
    /// Whatever keeps it away.
    fn volume(&mut self) -> io::Result<Vec<u8>>;

    /// Takes the next bytes that were decoded.
    ///
    /// # Errors
    /// Whatever keeps them from being taken.
    fn take(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Whether nobody wants any more. Asked a few times a second.
    fn is_cancelled(&self) -> bool;
}

/// Why something was not decoded. After every one of them the decoder is gone.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The decoder does not run here.
    #[error("the decoder cannot be started: {0}")]
    NotStarted(io::Error),
    /// Nobody wants it any more.
    #[error("nobody wants it any more")]
    Cancelled,
    /// A volume was not to be had.
    #[error(transparent)]
    Volume(io::Error),
    /// What was decoded was not taken.
    #[error(transparent)]
    Taken(io::Error),
    /// It is packed in a way that UnRAR does not know.
    #[error("UnRAR does not know how it is packed")]
    Unknown,
    /// UnRAR says that it is damaged, by a number of its own.
    #[error("UnRAR says that it is damaged ({0})")]
    Damaged(i32),
    /// It takes more memory than allowed.
    #[error("decoding it takes more memory than allowed")]
    TooMuchMemory,
    /// It takes more time than allowed.
    #[error("decoding it takes more time than allowed")]
    TooMuchTime,
    /// The decoder broke down over it.
    #[error("its decoder broke down (signal {0})")]
    Crashed(i32),
    /// Somebody ended the decoder.
    #[error("its decoder was ended from outside")]
    Ended,
    /// The decoder does not keep to what was agreed upon.
    #[error("its decoder answers nonsense")]
    Nonsense,
}

/// Decodes all entries of an archive, one behind the other, and checks each by its checksum. Blocks.
///
/// # Errors
/// Every [`Failure`]; what was taken until then may be wrong.
pub fn decode(order: &Order<'_>, exchange: &mut dyn Exchange) -> Result<(), Failure> {
    #[cfg(target_os = "linux")]
    return parent::decode(order, exchange);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (order, exchange);
        Err(Failure::NotStarted(io::ErrorKind::Unsupported.into()))
    }
}

/// Decodes for whoever started this process, and does nothing else. Called first of all in it: what is
/// open but for its standard streams is closed.
#[must_use = "the process ends with it"]
pub fn serve() -> ExitCode {
    #[cfg(target_os = "linux")]
    if child::serve().is_ok() {
        return ExitCode::SUCCESS;
    }
    ExitCode::FAILURE
}
