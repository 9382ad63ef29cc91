//! A disk that takes some pieces only: what lies behind the readers goes when there is no room.

use crate::schedule::{Progress, Reader};
use crate::{Bits, Pieces};

/// What is on disk.
pub(super) struct Cache {
    reserved: Bits,
    most: Option<u32>,
}

impl Cache {
    /// A disk that takes everything.
    pub(super) fn endless(pieces: u32) -> Self {
        Self {
            reserved: Bits::none(pieces),
            most: None,
        }
    }

    /// Takes so many pieces from now on, and no more.
    pub(super) fn limit(&mut self, most: u32) {
        self.most = Some(most);
    }

    /// The pieces that are on disk, in whole or in part.
    pub(super) fn reserved(&self) -> &Bits {
        &self.reserved
    }

    /// How many more there is room for.
    pub(super) fn room(&self) -> u32 {
        self.most
            .map_or(u32::MAX, |most| most.saturating_sub(self.reserved.ones()))
    }

    /// Takes room for a piece.
    pub(super) fn reserve(&mut self, piece: u32) -> bool {
        let is_there = self.reserved.has(piece) || self.room() > 0;
        if is_there {
            self.reserved.set(piece, true);
        }
        is_there
    }

    /// Gives up what no reader has before it, as far as room is short; what is being hashed stays.
    pub(super) fn make_room(
        &mut self,
        pieces: Pieces,
        readers: &[Reader],
        progress: &Progress,
    ) -> Vec<u32> {
        let mut gone = Vec::new();
        let ahead = |reader: &Reader| {
            let end = reader.end.min(reader.at + reader.window);
            pieces.pieces_of(&(reader.at..end))
        };
        let windows: Vec<_> = readers.iter().map(ahead).collect();
        for piece in 0..pieces.count() {
            if self.room() > 1 {
                break;
            }
            let is_free = !windows.iter().any(|window| window.contains(&piece));
            if is_free && !progress.is_being_checked(piece) && self.reserved.set(piece, false) {
                gone.push(piece);
            }
        }
        gone
    }
}
