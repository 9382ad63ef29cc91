//! What is new with what the user shares.

use std::{collections::HashMap, sync::Arc};

use serde::Serialize;
use tokio::sync::watch::Receiver;
use universal_p2p_sharing::{Report, Shares};

use crate::{Plane, share::Shared};

/// The most that is told at once. What is more comes with the next look.
const MOST: usize = 16;

/// A share that is no more.
#[derive(Serialize)]
struct Gone {
    job: u64,
    state: &'static str,
}

/// What was told last of all shares.
pub(super) struct Seen {
    shares: Arc<Shares>,
    changes: Receiver<u64>,
    told: HashMap<u64, Report>,
    /// Whether more changed than was told.
    is_behind: bool,
}

impl Seen {
    /// What is shared now counts as told.
    pub(super) fn now(shares: Arc<Shares>) -> Self {
        let changes = shares.subscribe();
        let told = shares.list().into_iter();
        Self {
            told: told.map(|report| (report.job, report)).collect(),
            changes,
            shares,
            is_behind: false,
        }
    }

    /// Tells what is new, one event for each share.
    pub(super) fn tell(&mut self, plane: &Plane) {
        // It fails only where nothing can change any more.
        let has_changed = self.changes.has_changed().unwrap_or_default();
        if !has_changed && !self.is_behind {
            return;
        }
        self.changes.mark_unchanged();
        let mut gone = std::mem::take(&mut self.told);
        let mut left = MOST;
        self.is_behind = false;
        for report in self.shares.list() {
            let told = gone.remove(&report.job);
            if told.as_ref() != Some(&report) && left == 0 {
                self.is_behind = true;
                self.told.extend(told.map(|told| (told.job, told)));
                continue;
            }
            if told.as_ref() != Some(&report) {
                left -= 1;
                let share = Shared::new(report.clone(), &plane.facts.content);
                plane.events.tell("share", &share);
            }
            self.told.insert(report.job, report);
        }
        for (job, told) in gone {
            if left == 0 {
                self.is_behind = true;
                self.told.insert(job, told);
                continue;
            }
            left -= 1;
            let state = "gone";
            plane.events.tell("share", &Gone { job, state });
        }
    }
}
