//! Which pieces somebody has.

use bitvec::{order::Msb0, vec::BitVec};

/// A set of pieces, as the bitfield of BEP 3: most significant bit first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bits {
    bits: BitVec<u8, Msb0>,
    ones: u32,
}

impl Bits {
    /// A set of none of `count` pieces.
    #[must_use]
    pub fn none(count: u32) -> Self {
        Self {
            bits: BitVec::repeat(false, count as usize),
            ones: 0,
        }
    }

    /// A set of all of `count` pieces.
    #[must_use]
    pub fn all(count: u32) -> Self {
        let mut bits = BitVec::repeat(true, count as usize);
        // Bits past the end are zero in every set, so that whole bytes can be compared.
        bits.set_uninitialized(false);
        Self { bits, ones: count }
    }

    /// A set read from a bitfield, or `None` where its length is another one or a spare bit is set
    /// (BEP 3: such a peer is to be dropped).
    #[must_use]
    pub fn from_bytes(count: u32, bytes: &[u8]) -> Option<Self> {
        let mut bits = BitVec::from_slice(bytes);
        let right = bytes.len() == (count as usize).div_ceil(8) && bits[count as usize..].not_any();
        bits.truncate(count as usize);
        let ones = u32::try_from(bits.count_ones()).expect("no more than count");
        right.then_some(Self { bits, ones })
    }

    /// As a bitfield, padded with zeros to a byte.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bits = self.bits.clone();
        bits.set_uninitialized(false);
        bits.into_vec()
    }

    /// Whether a piece is in the set. One that does not exist is not.
    #[must_use]
    pub fn has(&self, piece: u32) -> bool {
        self.bits.get(piece as usize).is_some_and(|bit| *bit)
    }

    /// Puts a piece in or takes it out, and says whether that changed anything. One that does not
    /// exist is left alone.
    pub fn set(&mut self, piece: u32, present: bool) -> bool {
        match self.bits.get_mut(piece as usize) {
            Some(mut bit) if *bit != present => {
                *bit = present;
                self.ones = if present {
                    self.ones + 1
                } else {
                    self.ones - 1
                };
                true
            }
            _ => false,
        }
    }

    /// How many pieces are in it.
    #[must_use]
    pub fn ones(&self) -> u32 {
        self.ones
    }

    /// How many pieces there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::try_from(self.bits.len()).expect("made from 32 bits")
    }

    /// Whether all pieces are in it.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.ones == self.count()
    }

    /// The pieces of both sets.
    #[must_use]
    pub fn union(mut self, other: &Self) -> Self {
        self.bits |= &other.bits;
        self.ones = u32::try_from(self.bits.count_ones()).expect("no more than count");
        self
    }

    /// Whether the other set has a piece that this one lacks.
    #[must_use]
    pub fn lacks_any_of(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.bits.as_raw_slice(), other.bits.as_raw_slice());
        other.ones > 0
            && !self.is_full()
            && ours
                .iter()
                .zip(theirs)
                .any(|(ours, theirs)| theirs & !ours != 0)
    }

    /// The first piece from `start` on, and before `end`, that is not in it.
    #[must_use]
    pub fn next_missing(&self, start: u32, end: u32) -> Option<u32> {
        let end = (end as usize).min(self.bits.len());
        let part = self.bits.get(start as usize..end)?;
        let at = part.first_zero()?;
        Some(start + u32::try_from(at).expect("within the set"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bitfields_survive_the_wire(pieces in proptest::collection::vec(any::<bool>(), 0..200)) {
            let count = u32::try_from(pieces.len()).expect("few");
            let mut bits = Bits::none(count);
            for (piece, present) in pieces.iter().enumerate() {
                bits.set(u32::try_from(piece).expect("few"), *present);
            }
            prop_assert_eq!(bits.ones() as usize, pieces.iter().filter(|piece| **piece).count());
            prop_assert_eq!(Bits::from_bytes(count, &bits.to_bytes()), Some(bits.clone()));
            let first = pieces.iter().position(|piece| !piece).and_then(|at| u32::try_from(at).ok());
            prop_assert_eq!(bits.next_missing(0, count), first);
            prop_assert_eq!(bits.lacks_any_of(&Bits::all(count)), first.is_some());
            prop_assert_eq!(bits.clone().union(&Bits::none(count)), bits.clone());
            prop_assert_eq!(bits.clone().union(&Bits::all(count)), Bits::all(count));
            prop_assert!(!bits.lacks_any_of(&bits) && !Bits::all(count).lacks_any_of(&bits));
        }
    }

    #[test]
    fn spare_bits_and_wrong_lengths_are_refused() {
        assert!(Bits::from_bytes(9, &[0xff, 0x80]).is_some());
        assert!(Bits::from_bytes(9, &[0xff, 0xc0]).is_none());
        assert!(Bits::from_bytes(9, &[0xff]).is_none());
        assert!(Bits::from_bytes(9, &[0xff, 0x80, 0]).is_none());
        assert_eq!(Bits::all(9).to_bytes(), [0xff, 0x80]);
        assert!(!Bits::all(9).has(9));
    }
}
