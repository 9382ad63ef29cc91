//! What is known of one peer.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    time::{Duration, Instant},
};

use crate::bitswap::message::Hash;

/// The most blocks that one peer is asked for at the same time.
pub(super) const WIDEST: usize = 64;

/// Blocks that nobody asked for, after which a peer is left, also over several connections.
const WRONG: u32 = 3;

/// Right blocks after which a wrong one is forgiven.
const FORGIVEN: u32 = 256;

/// How many times in a row it may be silent before its connection is taken for dead.
const SILENCES: u32 = 3;

/// How many blocks that a peer was asked for are remembered, so that late ones are known as such.
const REMEMBERED: usize = 4096;

/// How many of them when it is gone.
const REMEMBERED_GONE: usize = 512;

/// How long a peer may take of which nothing is known, and the longest for any.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Peer {
    /// Whether it can be asked what it has.
    pub(super) haves: bool,
    /// What it is asked for now.
    pub(super) asked: HashMap<Hash, Instant>,
    /// How many blocks it may be asked for at the same time.
    pub(super) window: usize,
    /// How long a block takes, on average of the last few.
    pub(super) delay: Option<Duration>,
    /// When the last block came, or the first was asked for.
    pub(super) progress: Instant,
    /// Until when others are preferred.
    pub(super) muted: Instant,
    silences: u32,
    memory: Memory,
}

/// What a peer was asked for: late blocks are known by it. And how far it is trusted.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Blocks that nobody asked for.
    wrong: u32,
    /// Right ones since the last that counts.
    right: u32,
    order: VecDeque<Hash>,
    remembered: HashSet<Hash>,
}

impl Peer {
    /// One that is connected now, and was asked for this before.
    pub(super) fn new(memory: Memory, now: Instant) -> Self {
        Self {
            haves: true,
            asked: HashMap::new(),
            window: WIDEST / 2,
            delay: None,
            progress: now,
            muted: now,
            silences: 0,
            memory,
        }
    }

    /// It is asked for a block.
    pub(super) fn ask(&mut self, hash: Hash, now: Instant) {
        if self.asked.is_empty() {
            self.progress = now;
        }
        self.asked.insert(hash, now);
        self.remember(hash);
    }

    /// A block may come from it, also where it was only asked whether it has it.
    pub(super) fn remember(&mut self, hash: Hash) {
        let memory = &mut self.memory;
        if memory.remembered.insert(hash) {
            memory.order.push_back(hash);
        }
        if memory.order.len() > REMEMBERED
            && let Some(oldest) = memory.order.pop_front()
        {
            memory.remembered.remove(&oldest);
        }
    }

    /// What it was asked for, which is remembered when it is gone.
    pub(super) fn into_memory(mut self) -> Memory {
        let memory = &mut self.memory;
        while memory.order.len() > REMEMBERED_GONE
            && let Some(oldest) = memory.order.pop_front()
        {
            memory.remembered.remove(&oldest);
        }
        memory.order.shrink_to_fit();
        memory.remembered.shrink_to_fit();
        self.memory
    }

    pub(super) fn was_asked(&self, hash: &Hash) -> bool {
        self.memory.remembered.contains(hash)
    }

    /// A block came that nobody asked for; whether that was once too often.
    pub(super) fn is_liar(&mut self) -> bool {
        self.memory.wrong += 1;
        self.memory.right = 0;
        self.memory.wrong >= WRONG
    }

    /// A block came: more are asked for at once while it is quick, and fewer where they queue.
    pub(super) fn arrived(&mut self, hash: &Hash, now: Instant) {
        let Some(since) = self.asked.remove(hash) else {
            return;
        };
        let took = now.saturating_duration_since(since);
        self.delay = Some(self.delay.map_or(took, |delay| (delay * 7 + took) / 8));
        self.progress = now;
        self.muted = now;
        self.silences = 0;
        self.memory.right += 1;
        if self.memory.right == FORGIVEN {
            self.memory.right = 0;
            self.memory.wrong = self.memory.wrong.saturating_sub(1);
        }
        if took < Duration::from_millis(600) {
            self.window = WIDEST.min(self.window + 1);
        } else if took > Duration::from_millis(1500) {
            self.window = 2.max(self.window - self.window.div_ceil(16));
        }
    }

    /// It was silent once more; whether that was once too often.
    pub(super) fn is_dead(&mut self) -> bool {
        self.silences += 1;
        self.silences == SILENCES
    }

    /// How long one more block may take: longer the more it is asked for.
    pub(super) fn outlook(&self) -> Duration {
        let asked = self.asked.len();
        match self.delay {
            None if asked < 2 => Duration::ZERO,
            None => Duration::from_millis(100),
            Some(delay) => delay + delay * asked as u32 / self.window.max(1) as u32,
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.asked.len() >= self.window
    }

    /// After how long without any block it counts as silent.
    pub(super) fn patience(&self) -> Duration {
        let usual = self
            .delay
            .map(|delay| delay * 4 + Duration::from_millis(200));
        usual.map_or(PATIENCE, |usual| {
            usual.clamp(Duration::from_secs(1), PATIENCE)
        })
    }

    /// After how long another peer is asked for an urgent block too.
    pub(super) fn hedge(&self) -> Duration {
        let usual = self
            .delay
            .map(|delay| delay * 3 + Duration::from_millis(50));
        usual.map_or(Duration::from_secs(1), |usual| {
            usual.clamp(Duration::from_millis(200), PATIENCE)
        })
    }

    /// After how long one block counts as forgotten, although others come.
    pub(super) fn overdue(&self) -> Duration {
        let usual = self.delay.map_or(PATIENCE, |delay| delay * 6);
        usual.clamp(self.patience(), PATIENCE * 6)
    }
}
