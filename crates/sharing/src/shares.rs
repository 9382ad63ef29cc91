//! All that is shared: what is being hashed, what is served, and what came of what failed.

mod hashing;
mod report;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use bytes::Bytes;
use tokio::sync::watch;

use crate::{Networks, Refused, Share, cache::Cache, sink::Digest};

pub use report::{Report, State};

/// Most shares and failures that are noted.
const MOST: usize = 1000;

/// What a folder is called while it is written to.
const UNFINISHED: &str = "new";

/// All that is shared by this agent.
pub struct Shares {
    folder: PathBuf,
    own: PathBuf,
    jobs: Mutex<Jobs>,
    cache: Arc<Cache>,
    /// The revisions of all shares together when somebody was told last.
    revisions: AtomicU64,
    /// One is hashed at a time: disks are slower with two.
    hashing: Mutex<()>,
    changed: watch::Sender<u64>,
}

struct Jobs {
    next: u64,
    all: BTreeMap<u64, Job>,
}

/// One wish to share something, and what came of it.
enum Job {
    Hashing(Arc<Progress>),
    Ready(Arc<Share>),
    Failed { paths: Vec<PathBuf>, error: String },
}

/// How far hashing is.
struct Progress {
    paths: Vec<PathBuf>,
    done: AtomicU64,
    total: AtomicU64,
    is_taken_back: AtomicBool,
}

impl Shares {
    /// Opens the notes in a folder, or begins with none. `own` is the agent's data directory, which is
    /// never shared. Blocks on the disk for a moment.
    ///
    /// Shares whose notes are damaged are left out, and told of in the log.
    ///
    /// # Errors
    /// What the file system says where the folder cannot be made or read.
    pub fn open(folder: &Path, own: &Path) -> io::Result<Arc<Self>> {
        fs::create_dir_all(folder)?;
        let cache = Arc::new(Cache::default());
        let mut jobs = Jobs {
            next: 1,
            all: BTreeMap::new(),
        };
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(number) = name.to_str().and_then(|name| name.parse().ok()) else {
                // It was being written to when the agent ended.
                remove(&entry.path());
                continue;
            };
            jobs.next = jobs.next.max(number + 1);
            match Share::open(number, &entry.path(), &cache) {
                Ok(share) => {
                    jobs.all.insert(number, Job::Ready(Arc::new(share)));
                }
                Err(error) => {
                    tracing::warn!(%error, number, "a share is left out: its notes cannot be read; share it again");
                }
            }
        }
        Ok(Arc::new(Self {
            folder: folder.to_owned(),
            own: own.to_owned(),
            jobs: Mutex::new(jobs),
            cache,
            revisions: AtomicU64::new(0),
            hashing: Mutex::default(),
            changed: watch::channel(0).0,
        }))
    }

    /// Begins to share what lies at absolute paths, and gives the number of the job. It is hashed on a
    /// thread of its own; [`Shares::list`] tells how far it is.
    ///
    /// # Errors
    /// [`Refused`] where no network is named, a path is not absolute, or too much is shared already.
    pub fn begin(
        self: &Arc<Self>,
        paths: Vec<PathBuf>,
        networks: Networks,
    ) -> Result<u64, Refused> {
        if !networks.bittorrent && !networks.ipfs {
            return Err(Refused::NoNetwork);
        }
        if paths.is_empty() {
            return Err(Refused::NoPath);
        }
        if let Some(relative) = paths.iter().find(|path| !path.is_absolute()) {
            return Err(Refused::Relative(relative.clone()));
        }
        let progress = Arc::new(Progress {
            paths,
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
            is_taken_back: AtomicBool::new(false),
        });
        let number = {
            let mut jobs = self.jobs();
            if jobs.all.len() >= MOST {
                return Err(Refused::TooMuch("1000 shares; unshare one first"));
            }
            let number = jobs.next;
            jobs.next += 1;
            jobs.all.insert(number, Job::Hashing(Arc::clone(&progress)));
            number
        };
        self.tell();
        let shares = Arc::clone(self);
        let work = move || shares.work(number, &progress, networks);
        let thread = thread::Builder::new().name("share".into()).spawn(work);
        if let Err(error) = thread {
            self.jobs().all.remove(&number);
            return Err(Refused::Notes(error));
        }
        Ok(number)
    }

    /// Takes something back, whether it is served or still being hashed. Says whether there was
    /// something of this number. The user's files stay as they are. Blocks on the disk for a moment.
    pub fn remove(&self, number: u64) -> bool {
        let removed = self.jobs().all.remove(&number);
        match &removed {
            None => return false,
            Some(Job::Hashing(progress)) => {
                progress.is_taken_back.store(true, Ordering::Relaxed);
            }
            Some(Job::Ready(_)) => {
                self.cache.forget(number);
                remove(&self.folder.join(number.to_string()));
            }
            Some(Job::Failed { .. }) => {}
        }
        self.tell();
        true
    }

    /// What is served.
    #[must_use]
    pub fn ready(&self) -> Vec<Arc<Share>> {
        let jobs = self.jobs();
        let ready = jobs.all.values().filter_map(|job| match job {
            Job::Ready(share) => Some(Arc::clone(share)),
            Job::Hashing(_) | Job::Failed { .. } => None,
        });
        ready.collect()
    }

    /// What is served as the torrent of this infohash.
    #[must_use]
    pub fn torrent(&self, infohash: &[u8; 20]) -> Option<Arc<Share>> {
        let is_it = |share: &Arc<Share>| share.infohash() == Some(*infohash);
        self.ready().into_iter().find(is_it)
    }

    /// The length of a block, if any share offers it.
    #[must_use]
    pub fn block_length(&self, digest: &Digest) -> Option<u64> {
        self.ready()
            .iter()
            .find_map(|share| share.block_length(digest))
    }

    /// Reads a block of any share and hashes it. Blocks on the disk.
    #[must_use]
    pub fn read_block(&self, digest: &Digest) -> Option<Bytes> {
        self.ready()
            .iter()
            .find_map(|share| share.read_block(digest))
    }

    /// Looks at all shared files: see [`Share::look`]. Blocks on the disk.
    pub fn look(&self) {
        let mut revisions = 0;
        for share in self.ready() {
            share.look();
            revisions += share.revision();
        }
        // Also what was noticed since when something was read.
        if self.revisions.swap(revisions, Ordering::Relaxed) != revisions {
            self.tell();
        }
    }

    /// Wakes whenever [`Shares::list`] has something new, while hashing after every 16 MiB.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn tell(&self) {
        self.changed.send_modify(|times| *times += 1);
    }

    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn remove(folder: &Path) {
    if let Err(error) = fs::remove_dir_all(folder) {
        tracing::warn!(%error, "the notes of a share cannot be removed");
    }
}

#[cfg(test)]
mod tests;
