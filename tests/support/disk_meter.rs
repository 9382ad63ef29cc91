//! What a folder takes on disk, watched all the time.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use rustix::fs::statvfs;

use super::pause;

/// How often is measured.
const EVERY: Duration = Duration::from_millis(50);

/// The bytes allocated for a folder and everything in it, folders included.
///
/// What goes away while this looks counts nothing.
pub(crate) fn allocated(folder: &Path) -> u64 {
    let own = blocks(fs::symlink_metadata(folder));
    let Ok(entries) = fs::read_dir(folder) else {
        return own;
    };
    let of = |entry: fs::DirEntry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => allocated(&entry.path()),
        _ => blocks(entry.metadata()),
    };
    own + entries.flatten().map(of).sum::<u64>()
}

fn blocks(metadata: io::Result<fs::Metadata>) -> u64 {
    metadata.map_or(0, |metadata| metadata.blocks() * 512)
}

/// Bytes that are free on the file system of a folder, as far as this user may take them.
pub(crate) fn free(folder: &Path) -> u64 {
    let system = statvfs(folder).unwrap();
    system.f_bavail * system.f_frsize
}

/// Measures a folder, and what is free beside it, until it is asked.
#[must_use = "nobody learns what it saw"]
pub(crate) struct DiskMeter {
    seen: Arc<Seen>,
    thread: Option<JoinHandle<()>>,
}

/// What a meter has seen.
#[derive(Default)]
struct Seen {
    ended: AtomicBool,
    samples: AtomicU64,
    most: AtomicU64,
    least_free: AtomicU64,
}

impl DiskMeter {
    /// Begins.
    pub(crate) fn over(folder: &Path) -> Self {
        let seen = Arc::new(Seen {
            least_free: AtomicU64::new(u64::MAX),
            ..Seen::default()
        });
        let (folder, into) = (folder.to_owned(), Arc::clone(&seen));
        let thread = thread::spawn(move || {
            while !into.ended.load(Ordering::Relaxed) {
                into.most.fetch_max(allocated(&folder), Ordering::Relaxed);
                into.least_free.fetch_min(free(&folder), Ordering::Relaxed);
                into.samples.fetch_add(1, Ordering::Relaxed);
                pause(EVERY);
            }
        });
        Self {
            seen,
            thread: Some(thread),
        }
    }

    /// The most bytes that were allocated up to now.
    pub(crate) fn most(&self) -> u64 {
        assert!(
            self.seen.samples.load(Ordering::Relaxed) > 0,
            "nothing was measured"
        );
        self.seen.most.load(Ordering::Relaxed)
    }

    /// The fewest bytes that were free up to now.
    pub(crate) fn least_free(&self) -> u64 {
        self.most();
        self.seen.least_free.load(Ordering::Relaxed)
    }

    /// Checks that never more than so many bytes were allocated, and says how near it came.
    #[track_caller]
    pub(crate) fn assert_below(&self, limit: u64, over: u64) {
        let most = self.most();
        println!(
            "limit {limit}, most {most}: {:+}",
            i128::from(most) - i128::from(limit)
        );
        assert!(
            most <= limit + over,
            "{most} bytes were allocated, {} over the limit of {limit}; {over} may be",
            most - limit
        );
    }
}

impl Drop for DiskMeter {
    fn drop(&mut self) {
        self.seen.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
