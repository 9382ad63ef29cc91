//! What an object tells of a range of it.

use std::ops::Range;

use super::Object;
use crate::presence::Held;

impl Object {
    /// The parts of a range that are held and checked, in order and apart from each other. Only for
    /// objects whose chunks are not slots.
    #[must_use]
    pub fn held_within(&self, range: &Range<u64>) -> Vec<Range<u64>> {
        let mut held: Vec<Range<u64>> = Vec::new();
        let presence = self.presence();
        for chunk in self.layout.chunks_of(range) {
            if presence.held(chunk) != Held::Checked {
                continue;
            }
            let chunk = self.layout.bytes_of(chunk);
            let part = chunk.start.max(range.start)..chunk.end.min(range.end);
            match held.last_mut() {
                Some(last) if last.end == part.start => last.end = part.end,
                _ => held.push(part),
            }
        }
        held
    }
}
