//! Announcing to one tracker for as long as a torrent lives.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{Announcement, Event, Totals, Wish, answer::Answer, one::Tracker, rhythm::Rhythm};
use crate::policy::Policy;

/// How long a tracker may take to hear that we leave.
const FAREWELL: Duration = Duration::from_secs(2);

/// Announces to one tracker.
pub(super) struct Follower<T> {
    pub(super) tracker: Tracker,
    pub(super) announcement: Announcement,
    pub(super) totals: T,
    pub(super) wishes: watch::Receiver<Wish>,
    pub(super) news: mpsc::Sender<Vec<SocketAddr>>,
    pub(super) stop: CancellationToken,
    pub(super) policy: Policy,
}

/// Why the waiting is over.
enum Woken {
    ByTime,
    Completed,
}

impl<T: Fn() -> Totals + Send> Follower<T> {
    /// Announces until it is stopped, and says goodbye.
    pub(super) async fn run(mut self) {
        let stop = self.stop.clone();
        let mut knows_us = false;
        stop.run_until_cancelled(self.announce(&mut knows_us)).await;
        if knows_us {
            let farewell = self.announcement(Event::Stopped);
            let told = timeout(FAREWELL, self.tracker.ask(&farewell)).await;
            if let Ok(told) = told {
                self.tracker.note(told);
            }
        }
    }

    /// Announces, until nobody wants the news.
    async fn announce(&mut self, knows_us: &mut bool) {
        let mut was_complete = self.wishes.borrow_and_update().completed;
        let mut rhythm = Rhythm::default();
        let mut event = Event::Started;
        loop {
            let asked_at = Instant::now();
            let announcement = self.announcement(event);
            // It may have taken note of us even if its answer never comes.
            *knows_us = true;
            let answer = self.tracker.ask(&announcement).await;
            let wait = match self.tracker.note(answer) {
                Some(answer) => {
                    event = Event::None;
                    if !self.tell(&answer).await {
                        return;
                    }
                    rhythm.answered(&answer)
                }
                None => {
                    *knows_us = event != Event::Started;
                    rhythm.failed()
                }
            };
            if let Woken::Completed = self.wait(asked_at, wait, rhythm, was_complete).await {
                was_complete = true;
                // A tracker that does not know us yet hears of it by what is left.
                if event == Event::None {
                    event = Event::Completed;
                }
            }
        }
    }

    /// Waits for the next announcement's time, which a wish may bring near.
    async fn wait(
        &mut self,
        asked_at: Instant,
        wait: Duration,
        rhythm: Rhythm,
        was_complete: bool,
    ) -> Woken {
        let mut due = asked_at + wait;
        let mut asked = self.wishes.borrow().asked;
        loop {
            let wish = *self.wishes.borrow_and_update();
            if wish.completed && !was_complete {
                return Woken::Completed;
            }
            if wish.asked != asked {
                asked = wish.asked;
                due = due.min(asked_at + rhythm.hurried());
            }
            tokio::select! {
                () = sleep_until(due) => return Woken::ByTime,
                Ok(()) = self.wishes.changed() => {}
            }
        }
    }

    /// Passes on the peers that may be used, and says whether somebody still listens.
    async fn tell(&self, answer: &Answer) -> bool {
        let allowed = answer.peers.iter().copied();
        let allowed = allowed.filter(|peer| self.policy.allows(peer.ip()));
        let peers: Vec<SocketAddr> = allowed.collect();
        if peers.is_empty() {
            return !self.news.is_closed();
        }
        self.news.send(peers).await.is_ok()
    }

    fn announcement(&self, event: Event) -> Announcement {
        Announcement {
            event,
            totals: (self.totals)(),
            ..self.announcement
        }
    }
}
