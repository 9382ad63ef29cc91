//! From paths to something that is served.

use std::{
    fs, io,
    ops::ControlFlow,
    path::Path,
    sync::{Arc, PoisonError, atomic::Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use super::{Job, Progress, Shares, UNFINISHED, remove};
use crate::{
    Networks, Refused, Share, Source,
    blocks::Writing,
    hashing,
    manifest::{self, Manifest},
};

/// How often those who look on are told, in bytes.
const TELL_EVERY: u64 = 16 << 20;

impl Shares {
    /// Hashes what a job names, and serves it. Blocks until that is done.
    pub(super) fn work(&self, number: u64, progress: &Progress, networks: Networks) {
        let _one = self.hashing.lock().unwrap_or_else(PoisonError::into_inner);
        let made = self.make(number, progress, networks);
        let folder = self.folder.join(number.to_string());
        let mut jobs = self.jobs();
        if !jobs.all.contains_key(&number) {
            drop(jobs);
            if made.is_ok() {
                remove(&folder);
            }
            return;
        }
        let job = match made {
            Ok(share) => Job::Ready(share),
            Err(error) => Job::Failed {
                paths: progress.paths.clone(),
                error: error.to_string(),
            },
        };
        // Sharing it again is how what changed is shared: the older one is of no use then.
        let is_older = |(of, job): (&u64, &Job)| match job {
            Job::Ready(share) => (share.paths() == progress.paths && *of != number).then_some(*of),
            Job::Failed { paths, .. } => (*paths == progress.paths).then_some(*of),
            Job::Hashing(_) => None,
        };
        let older = match job {
            Job::Ready(_) => jobs.all.iter().filter_map(is_older).collect(),
            Job::Failed { .. } | Job::Hashing(_) => Vec::new(),
        };
        jobs.all.insert(number, job);
        drop(jobs);
        for older in older {
            self.remove(older);
        }
        self.tell();
    }

    fn make(
        &self,
        number: u64,
        progress: &Progress,
        networks: Networks,
    ) -> Result<Arc<Share>, Refused> {
        let source = Source::scan(&progress.paths, &self.own)?;
        progress.total.store(source.length(), Ordering::Relaxed);
        self.tell();
        let unfinished = self.folder.join(format!("{number}.{UNFINISHED}"));
        let folder = self.folder.join(number.to_string());
        let noted = self
            .note(source, progress, networks, &unfinished)
            .and_then(|()| {
                fs::rename(&unfinished, &folder).map_err(Refused::Notes)?;
                synced(&self.folder).map_err(Refused::Notes)?;
                Share::open(number, &folder, &self.cache).map_err(Refused::Notes)
            });
        if noted.is_err() && unfinished.exists() {
            remove(&unfinished);
        }
        noted.map(Arc::new)
    }

    fn note(
        &self,
        source: Source,
        progress: &Progress,
        networks: Networks,
        folder: &Path,
    ) -> Result<(), Refused> {
        fs::create_dir(folder).map_err(Refused::Notes)?;
        let mut blocks = Writing::begin(&folder.join(manifest::NODES)).map_err(Refused::Notes)?;
        let mut told = 0;
        let mut on_progress = |done| {
            progress.done.store(done, Ordering::Relaxed);
            if done - told >= TELL_EVERY {
                told = done;
                self.tell();
            }
            if progress.is_taken_back.load(Ordering::Relaxed) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let addresses = hashing::hash(&source, networks, &mut blocks, &mut on_progress)?;
        let index = folder.join(manifest::BLOCKS);
        blocks.finish(&index).map_err(Refused::Notes)?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let since = since.map_or(0, |since| since.as_secs());
        let manifest = Manifest::new(source, progress.paths.clone(), &addresses, since);
        let info = addresses.torrent.as_ref().map(|(info, _)| info.as_slice());
        manifest.write(info, folder).map_err(Refused::Notes)?;
        synced(folder).map_err(Refused::Notes)
    }
}

/// Waits until the names in a folder are on disk.
fn synced(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}
