//! What is known of one address.

use std::time::Duration;

/// The wait after a failure of a peer that the user named: it may be starting just now.
const NAMED_WAIT: Duration = Duration::from_millis(500);
/// How often a named peer is tried at that pace.
const NAMED_TRIES: u32 = 6;
/// The wait after the first failure of any other peer. It doubles.
const FIRST_WAIT: Duration = Duration::from_secs(5);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(600);
/// After how many failures in a row an address is forgotten.
const FORGOTTEN: u32 = 12;
/// A connection that lasted this long was useful: the peer is tried again soon.
const USEFUL: Duration = Duration::from_secs(10);
/// The wait before that.
const AGAIN: Duration = Duration::from_secs(1);

/// Who told of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    /// The user, in a URL.
    Hint,
    /// A tracker.
    Tracker,
    /// The DHT.
    Dht,
    /// Another peer.
    Pex,
    /// The local network (BEP 14).
    Lsd,
    /// The peer itself, when it came to us and said which port it listens on.
    Incoming,
}

impl Source {
    /// Number of sources.
    pub(super) const COUNT: usize = 6;

    /// A number below [`Self::COUNT`].
    pub(super) fn index(self) -> usize {
        self as usize
    }
}

/// What is being done with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing.
    Idle,
    /// It is being dialled.
    Dialling,
    /// There is a connection.
    Connected,
}

/// What is known of one address.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Who told of it first; the user counts before all others.
    pub(super) source: Source,
    pub(super) state: State,
    /// Failures in a row.
    pub(super) failures: u32,
    /// When it may be dialled.
    pub(super) due: Duration,
    /// Of BEP 40, higher is better.
    pub(super) priority: u32,
}

impl Entry {
    /// One that may be dialled at once.
    pub(super) fn new(source: Source, priority: u32, now: Duration) -> Self {
        Self {
            source,
            state: State::Idle,
            failures: 0,
            due: now,
            priority,
        }
    }

    /// It was named again.
    pub(super) fn heard_from(&mut self, source: Source, now: Duration) {
        if source == Source::Hint {
            self.source = source;
            self.due = self.due.min(now + NAMED_WAIT);
        }
    }

    /// A dial failed. Says whether to keep the address.
    pub(super) fn fail(&mut self, now: Duration) -> bool {
        self.failures = self.failures.saturating_add(1);
        self.due = now + self.wait();
        // What the user named is as few as a URL holds, and stays.
        self.source == Source::Hint || self.failures < FORGOTTEN
    }

    /// A connection of that length ended. Says whether to keep the address.
    pub(super) fn lose(&mut self, after: Duration, now: Duration) -> bool {
        if after < USEFUL {
            return self.fail(now);
        }
        self.failures = 0;
        self.due = now + AGAIN;
        true
    }

    /// There is a connection with it already. Says whether to keep the address: yes.
    pub(super) fn rest(&mut self, now: Duration) -> bool {
        self.due = now + LONGEST_WAIT;
        true
    }

    fn wait(&self) -> Duration {
        let (first, doublings) = match self.source {
            Source::Hint if self.failures <= NAMED_TRIES => (NAMED_WAIT, 0),
            Source::Hint => (NAMED_WAIT, self.failures - NAMED_TRIES),
            _ => (FIRST_WAIT, self.failures - 1),
        };
        let factor = 2_u32.saturating_pow(doublings);
        first.saturating_mul(factor).min(LONGEST_WAIT)
    }
}
