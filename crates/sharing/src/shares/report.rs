//! What is told of a share.

use std::{path::PathBuf, sync::atomic::Ordering};

use data_encoding::HEXLOWER;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Job, Shares};
use crate::{LeftOut, Share};

/// Changed files that are named; how many there are is told too.
const MOST_NAMED: usize = 20;

/// How a share is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ShareState)]
pub enum State {
    /// It is being read for the first time.
    Hashing,
    /// It is served, apart from files that changed.
    Ready,
    /// It could not be shared.
    Failed,
}

/// What is told of a share. Names are the user's own text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ShareReport)]
pub struct Report {
    /// Its number.
    pub job: u64,
    /// What the user named.
    #[schema(value_type = Vec<String>)]
    pub paths: Vec<PathBuf>,
    /// How it is doing.
    pub state: State,
    /// Bytes that are hashed.
    pub done: u64,
    /// All of it, in bytes; 0 while it is looked for what there is.
    pub total: u64,
    /// What is wrong, and what helps.
    pub error: Option<String>,
    /// What others see it called.
    pub name: Option<String>,
    /// Whether it is a folder, and not one file.
    pub is_folder: bool,
    /// How many files it has.
    pub files: u64,
    /// When it was shared, in seconds since 1970.
    pub since: Option<u64>,
    /// What lies below it and is not shared.
    pub left_out: LeftOut,
    /// Files that are not served any more: 20 of them.
    #[schema(value_type = Vec<String>)]
    pub changed: Vec<PathBuf>,
    /// Its infohash, in lower-case hexadecimal digits.
    pub infohash: Option<String>,
    /// Its CID.
    pub cid: Option<String>,
}

impl Report {
    fn new(job: u64, paths: &[PathBuf], state: State) -> Self {
        Self {
            job,
            paths: paths.to_vec(),
            state,
            done: 0,
            total: 0,
            error: None,
            name: None,
            is_folder: false,
            files: 0,
            since: None,
            left_out: LeftOut::default(),
            changed: Vec::new(),
            infohash: None,
            cid: None,
        }
    }

    fn of_ready(job: u64, share: &Share) -> Self {
        let (changed, count) = share.changed(MOST_NAMED);
        let error = changed.first().map(|(path, why)| {
            let more = match count - 1 {
                0 => String::new(),
                more => format!(" (and {more} more)"),
            };
            let path = path.display();
            format!("{path} {why}{more}; share it again to share what it is now")
        });
        let error = error.or_else(|| {
            (count > 0).then(|| "a file changed since it was shared; share it again".to_owned())
        });
        Self {
            done: share.length(),
            total: share.length(),
            error,
            name: Some(share.name().to_owned()),
            is_folder: share.is_folder(),
            files: share.files() as u64,
            since: Some(share.since()),
            left_out: share.left_out(),
            changed: changed.into_iter().map(|(path, _)| path).collect(),
            infohash: share.infohash().map(|hash| HEXLOWER.encode(&hash)),
            cid: share.cid().map(|cid| cid.to_string()),
            ..Self::new(job, share.paths(), State::Ready)
        }
    }

    fn of(job: u64, what: &Job) -> Self {
        match what {
            Job::Hashing(progress) => Self {
                done: progress.done.load(Ordering::Relaxed),
                total: progress.total.load(Ordering::Relaxed),
                ..Self::new(job, &progress.paths, State::Hashing)
            },
            Job::Ready(share) => Self::of_ready(job, share),
            Job::Failed { paths, error } => Self {
                error: Some(error.clone()),
                ..Self::new(job, paths, State::Failed)
            },
        }
    }
}

impl Shares {
    /// All that is shared, being hashed, or failed, the oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<Report> {
        let jobs = self.jobs();
        let all = jobs.all.iter();
        all.map(|(number, job)| Report::of(*number, job)).collect()
    }

    /// One of them.
    #[must_use]
    pub fn report(&self, number: u64) -> Option<Report> {
        let jobs = self.jobs();
        jobs.all.get(&number).map(|job| Report::of(number, job))
    }
}
