//! The side that decodes: a process without anything but two pipes and a file in memory.

use std::{
    ffi::CString,
    fs::{self, File},
    io::{self, Read, Seek, Write},
    os::fd::{AsFd, AsRawFd},
};

use rustix::{
    fs::{MemfdFlags, memfd_create},
    param::page_size,
    process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit},
};

use crate::{
    MOST_VOLUME,
    frame::{self, Kind, Start},
    library::{self, Port},
};

/// Bytes of addresses besides what the decoder refers back to: tables, buffers, stacks of threads.
const BESIDES: u64 = 256 << 20;

/// Descriptors that it may have open.
const FILES: u64 = 8;

/// What UnRAR says of a volume that is not there.
const NOT_OPENED: i32 = 15;

pub(crate) fn serve() -> io::Result<()> {
    library::close_others()?;
    library::leave_network();
    // Where the parent is gone, nobody will ever read it.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let mut start = [0; Start::LENGTH];
    io::stdin().lock().read_exact(&mut start)?;
    let start = Start::from_bytes(&start).ok_or(io::ErrorKind::InvalidData)?;
    let volume = File::from(memfd_create("volume", MemfdFlags::CLOEXEC)?);
    confine(&start)?;
    let path = format!("/proc/self/fd/{}", volume.as_raw_fd());
    let mut pipes = Pipes {
        path: CString::new(path)?,
        volume,
    };
    let code = if pipes.fetch() {
        library::decode(&mut pipes, start.members)
    } else {
        NOT_OPENED
    };
    match code {
        0 => pipes.say(Kind::Done, &[]),
        code => pipes.say(Kind::Failed, &code.to_le_bytes()),
    }
}

/// Gives up whatever decoding does not need, for good.
fn confine(start: &Start) -> io::Result<()> {
    let taken = fs::read_to_string("/proc/self/statm")?;
    let taken = taken
        .split_whitespace()
        .next()
        .and_then(|pages| pages.parse::<u64>().ok());
    let taken = taken.ok_or(io::ErrorKind::InvalidData)?;
    let taken = taken.saturating_mul(page_size() as u64);
    let addresses = taken.saturating_add(start.memory).saturating_add(BESIDES);
    for (resource, most) in [
        (Resource::As, addresses),
        (Resource::Core, 0),
        (Resource::Fsize, MOST_VOLUME as u64),
        (Resource::Nofile, FILES),
    ] {
        limit(resource, most, most)?;
    }
    // The first is told by a signal of its own.
    limit(
        Resource::Cpu,
        start.seconds,
        start.seconds.saturating_add(5),
    )
}

fn limit(resource: Resource, current: u64, maximum: u64) -> io::Result<()> {
    let (current, maximum) = (Some(current), Some(maximum));
    Ok(setrlimit(resource, Rlimit { current, maximum })?)
}

/// The way to the parent.
struct Pipes {
    /// The volume that is decoded.
    volume: File,
    path: CString,
}

impl Pipes {
    fn say(&self, kind: Kind, bytes: &[u8]) -> io::Result<()> {
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        let out = io::stdout();
        for mut rest in [&frame::head(kind, length), bytes] {
            while !rest.is_empty() {
                let written = rustix::io::write(out.as_fd(), rest)?;
                rest = rest.get(written..).unwrap_or_default();
            }
        }
        Ok(())
    }

    /// Replaces the volume by the next.
    fn load(&mut self) -> io::Result<()> {
        self.say(Kind::Volume, &[])?;
        let mut from = io::stdin().lock();
        let mut length = [0; 4];
        from.read_exact(&mut length)?;
        let length = u32::from_le_bytes(length);
        self.volume.set_len(0)?;
        self.volume.rewind()?;
        let copied = io::copy(&mut from.take(length.into()), &mut self.volume)?;
        if copied < length.into() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.volume.flush()
    }
}

impl Port for Pipes {
    fn path(&self) -> &CString {
        &self.path
    }

    fn fetch(&mut self) -> bool {
        self.load().is_ok()
    }

    fn put(&mut self, bytes: &[u8]) -> bool {
        self.say(Kind::Bytes, bytes).is_ok()
    }
}
