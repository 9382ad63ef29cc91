//! File calls that differ between systems. What only Linux has stands here, each with a fallback.

use std::{
    fs::{File, Metadata},
    io,
    ops::Range,
    path::Path,
};

/// Reads at an offset without moving any cursor; returns how much.
#[cfg(unix)]
pub(crate) fn read_at(file: &File, into: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, into, offset)
}

/// Writes all of it at an offset without moving any cursor.
#[cfg(unix)]
pub(crate) fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

/// Reads at an offset; returns how much. The cursor moves, which nobody here relies on.
#[cfg(windows)]
pub(crate) fn read_at(file: &File, into: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, into, offset)
}

/// Writes all of it at an offset. The cursor moves, which nobody here relies on.
#[cfg(windows)]
pub(crate) fn write_all_at(file: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = std::os::windows::fs::FileExt::seek_write(file, bytes, offset)?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        bytes = &bytes[written..];
        offset += written as u64;
    }
    Ok(())
}

/// Reads what is in the page cache already, or `None` where that would have to wait for the disk.
#[cfg(target_os = "linux")]
pub(crate) fn read_cached(file: &File, into: &mut [u8], offset: u64) -> Option<usize> {
    use rustix::io::{IoSliceMut, ReadWriteFlags, preadv2};
    let read = preadv2(
        file,
        &mut [IoSliceMut::new(into)],
        offset,
        ReadWriteFlags::NOWAIT,
    );
    read.ok().filter(|read| *read > 0)
}

/// Elsewhere there is no way to ask, so that every read is left to a blocking thread.
#[cfg(not(target_os = "linux"))]
pub(crate) fn read_cached(_: &File, _: &mut [u8], _: u64) -> Option<usize> {
    None
}

/// Has the system read a range into the page cache, and waits for nothing.
#[cfg(target_os = "linux")]
pub(crate) fn read_ahead(file: &File, range: &Range<u64>) {
    use std::num::NonZeroU64;

    use rustix::fs::{Advice, fadvise};
    // None would be all that follows.
    if let Some(length) = NonZeroU64::new(range.end - range.start) {
        // Where it does not, reading takes longer.
        let _ = fadvise(file, range.start, Some(length), Advice::WillNeed);
    }
}

/// Elsewhere nobody is told.
#[cfg(not(target_os = "linux"))]
pub(crate) fn read_ahead(_: &File, _: &Range<u64>) {}

/// Gives the disk space of a range back; the range reads as zeros afterwards.
#[cfg(target_os = "linux")]
pub(crate) fn punch(file: &File, range: &Range<u64>) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    Ok(fallocate(
        file,
        flags,
        range.start,
        range.end - range.start,
    )?)
}

/// Elsewhere the space stays taken until the object goes.
#[cfg(not(target_os = "linux"))]
pub(crate) fn punch(_: &File, _: &Range<u64>) -> io::Result<()> {
    Ok(())
}

/// The ranges of a file that have data on disk.
#[cfg(target_os = "linux")]
pub(crate) fn data_ranges(file: &File, length: u64) -> Vec<Range<u64>> {
    use rustix::fs::{SeekFrom, seek};
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < length {
        let Ok(start) = seek(file, SeekFrom::Data(at)) else {
            break;
        };
        let end = seek(file, SeekFrom::Hole(start))
            .unwrap_or(length)
            .min(length);
        if end <= start {
            break;
        }
        ranges.push(start..end);
        at = end;
    }
    ranges
}

/// Elsewhere all of the file may be data.
#[cfg(not(target_os = "linux"))]
pub(crate) fn data_ranges(_: &File, length: u64) -> Vec<Range<u64>> {
    std::iter::once(0..length)
        .filter(|all| !all.is_empty())
        .collect()
}

/// What a file system has left for this user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Space {
    /// Bytes.
    pub(crate) free: u64,
    /// Files that can be made; `None` where the file system does not count them.
    pub(crate) inodes: Option<u64>,
}

/// Asks the file system of a folder what is left.
#[cfg(unix)]
pub(crate) fn space(folder: &Path) -> io::Result<Space> {
    let found = rustix::fs::statvfs(folder)?;
    Ok(Space {
        free: found.f_bavail.saturating_mul(found.f_frsize),
        inodes: (found.f_files > 0).then_some(found.f_favail),
    })
}

/// Elsewhere only the limit counts.
#[cfg(not(unix))]
pub(crate) fn space(_: &Path) -> io::Result<Space> {
    Ok(Space {
        free: u64::MAX / 2,
        inodes: None,
    })
}

/// Bytes that are allocated for a file or folder, which for a sparse file is less than its length.
#[cfg(unix)]
pub(crate) fn allocated(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::blocks(metadata).saturating_mul(512)
}

/// Elsewhere what is allocated is taken to be the length.
#[cfg(not(unix))]
pub(crate) fn allocated(metadata: &Metadata) -> u64 {
    metadata.len()
}

/// Takes disk space for a file without writing to it.
#[cfg(target_os = "linux")]
pub(crate) fn allocate(file: &File, bytes: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    Ok(fallocate(file, FallocateFlags::empty(), 0, bytes)?)
}

/// Elsewhere nothing is taken.
#[cfg(not(target_os = "linux"))]
pub(crate) fn allocate(_: &File, _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
