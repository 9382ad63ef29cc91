//! Read buffers that are used again: filling fresh memory costs as much as the copy itself.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// Bytes in one buffer: small enough for the few that are under way to stay in the
/// processor's second-level cache between the read and the send (128 KiB took a quarter more time).
pub(crate) const BUFFER: usize = 64 * 1024;

/// Buffers kept for later: 4 MiB.
const KEPT: usize = 64;

/// A bounded stack of idle buffers.
#[derive(Clone, Default)]
pub(crate) struct Buffers(Arc<Mutex<Vec<Box<[u8]>>>>);

impl Buffers {
    /// An idle buffer, or a new one.
    pub(crate) fn take(&self) -> Buffer {
        let idle = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Buffer {
            memory: idle.unwrap_or_else(|| vec![0; BUFFER].into()),
            used: 0,
            home: self.clone(),
        }
    }
}

/// One buffer; it goes back to its stack when dropped.
#[must_use = "a buffer that is dropped at once was taken for nothing"]
pub(crate) struct Buffer {
    memory: Box<[u8]>,
    used: usize,
    home: Buffers,
}

impl Buffer {
    /// The first `length` bytes of it, at most all, to be written to.
    pub(crate) fn room(&mut self, length: usize) -> &mut [u8] {
        let length = length.min(self.memory.len());
        &mut self.memory[..length]
    }

    /// Hands out the first `used` bytes; the memory comes back when they are dropped.
    pub(crate) fn filled(mut self, used: usize) -> Bytes {
        self.used = used.min(self.memory.len());
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.memory[..self.used]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let memory = std::mem::take(&mut self.memory);
        let mut idle = self.home.0.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(memory);
        }
    }
}
