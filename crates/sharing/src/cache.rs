//! The last pieces that were read and hashed: peers ask for 16 KiB of them at a time.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;

/// Most bytes of pieces in memory.
const MOST: usize = 64 << 20;

/// The last pieces of all shares, the latest used last.
#[derive(Default)]
pub(crate) struct Cache(Mutex<VecDeque<(u64, u32, Bytes)>>);

impl Cache {
    pub(crate) fn get(&self, share: u64, piece: u32) -> Option<Bytes> {
        let mut cached = self.lock();
        let is_it = |(of, number, _): &(u64, u32, Bytes)| (*of, *number) == (share, piece);
        let at = cached.iter().position(is_it)?;
        let found = cached.remove(at)?;
        let bytes = found.2.clone();
        cached.push_back(found);
        Some(bytes)
    }

    pub(crate) fn put(&self, share: u64, piece: u32, bytes: Bytes) {
        let mut cached = self.lock();
        cached.push_back((share, piece, bytes));
        let mut sum: usize = cached.iter().map(|(.., bytes)| bytes.len()).sum();
        while sum > MOST
            && let Some((.., bytes)) = cached.pop_front()
        {
            sum -= bytes.len();
        }
    }

    /// Drops everything of a share.
    pub(crate) fn forget(&self, share: u64) {
        self.lock().retain(|(of, ..)| *of != share);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(u64, u32, Bytes)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
