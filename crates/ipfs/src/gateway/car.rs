//! Archives of blocks (CAR version 1), read as they arrive.
//!
//! Nothing in one is believed: a block is given on only when its bytes have the hash of its CID.

use bytes::{Buf, Bytes, BytesMut};
use cid::Cid;

use crate::{
    Block, Mismatch,
    block::LONGEST,
    ipld::cbor::{self, Value},
    unixfs::protobuf::varint,
};

/// The longest head, in bytes. It names the roots, of which one was asked for.
const LONGEST_HEAD: usize = 16 << 10;

/// The longest CID with a hash of 64 bytes is shorter than this.
const LONGEST_CID: usize = 128;

/// Why an archive is not read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadCar {
    /// Its head is none of version 1.
    #[error("it does not begin as an archive of version 1")]
    Head,
    /// A section is empty, too long or has no CID.
    #[error("a section of it makes no sense")]
    Section,
    /// It ends within a section.
    #[error("it is cut short")]
    Cut,
    /// A block is not what its CID says.
    #[error("a block in it: {0}")]
    Block(#[from] Mismatch),
}

/// An archive of which some has arrived.
#[derive(Debug, Default)]
pub(crate) struct Car {
    unread: BytesMut,
    has_head: bool,
}

impl Car {
    /// Takes what has arrived.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
    }

    /// The next block that has arrived, or none until more has.
    pub(crate) fn next(&mut self) -> Result<Option<Block>, BadCar> {
        if !self.has_head {
            let Some(head) = self.section(LONGEST_HEAD).map_err(|_| BadCar::Head)? else {
                return Ok(None);
            };
            check_head(&head).ok_or(BadCar::Head)?;
            self.has_head = true;
        }
        let Some(section) = self.section(LONGEST + LONGEST_CID)? else {
            return Ok(None);
        };
        let mut rest = section.as_ref();
        let cid = Cid::read_bytes(&mut rest).map_err(|_| BadCar::Section)?;
        let bytes = section.slice(section.len() - rest.len()..);
        Ok(Some(Block::check(cid, bytes)?))
    }

    /// Says whether an archive that has ended was whole.
    pub(crate) fn end(&self) -> Result<(), BadCar> {
        if self.has_head && self.unread.is_empty() {
            Ok(())
        } else {
            Err(BadCar::Cut)
        }
    }

    /// The next section, once all of it has arrived.
    fn section(&mut self, longest: usize) -> Result<Option<Bytes>, BadCar> {
        let mut rest = self.unread.as_ref();
        let length = match varint(&mut rest) {
            Ok(length) => length,
            // A number ends within ten bytes.
            Err(_) if self.unread.len() < 10 => return Ok(None),
            Err(_) => return Err(BadCar::Section),
        };
        let length = usize::try_from(length).map_err(|_| BadCar::Section)?;
        if length == 0 || length > longest {
            return Err(BadCar::Section);
        }
        if rest.len() < length {
            return Ok(None);
        }
        let taken = self.unread.len() - rest.len();
        self.unread.advance(taken);
        Ok(Some(self.unread.split_to(length).freeze()))
    }
}

/// The head is a map of dag-cbor that gives the version; its roots are of no interest.
fn check_head(head: &[u8]) -> Option<()> {
    let Ok(Value::Map(map)) = cbor::value(head) else {
        return None;
    };
    let version = map.value_of("version").ok()??;
    (cbor::value(version) == Ok(Value::Unsigned(1))).then_some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{car, raw};

    fn read(archive: &[u8], step: usize) -> Result<Vec<Block>, BadCar> {
        let (mut car, mut blocks) = (Car::default(), Vec::new());
        for piece in archive.chunks(step) {
            car.push(piece);
            while let Some(block) = car.next()? {
                blocks.push(block);
            }
        }
        car.end().map(|()| blocks)
    }

    #[test]
    fn blocks_come_in_order_however_they_arrive() {
        let blocks = [raw(b"one").1, raw(&[7; 70_000]).1, raw(b"").1];
        let archive = car(&blocks);
        for step in [1, 3, 1000, archive.len()] {
            assert_eq!(read(&archive, step).unwrap(), blocks);
        }
    }

    #[test]
    fn a_wrong_byte_is_found() {
        let blocks = [raw(b"one").1, raw(b"two").1];
        let mut archive = car(&blocks);
        *archive.last_mut().unwrap() ^= 1;
        assert_eq!(read(&archive, 9), Err(BadCar::Block(Mismatch::Hash)));
    }

    #[test]
    fn an_archive_that_is_cut_is_told() {
        let archive = car(&[raw(b"one").1, raw(b"two").1]);
        assert_eq!(read(&archive[..archive.len() - 1], 7), Err(BadCar::Cut));
        assert_eq!(read(&archive[..5], 7), Err(BadCar::Cut));
        assert_eq!(Car::default().end(), Err(BadCar::Cut));
    }

    #[test]
    fn lengths_are_bounded_before_anything_is_kept() {
        let mut archive = car(&[]);
        archive.extend([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
        assert_eq!(read(&archive, 64), Err(BadCar::Section));
        let mut archive = car(&[]);
        archive.extend([0x00]);
        assert_eq!(read(&archive, 64), Err(BadCar::Section));
        assert_eq!(read(&[0xff; 64], 64), Err(BadCar::Head));
        // Version 2.
        assert_eq!(read(b"\x0a\xa1gversion\x02", 64), Err(BadCar::Head));
    }

    proptest! {
        #[test]
        fn no_bytes_are_the_end_of_the_program(
            bytes in proptest::collection::vec(any::<u8>(), 0..80),
            step in 1_usize..20,
        ) {
            let _ = read(&bytes, step);
            let mut archive = car(&[]);
            archive.extend(bytes);
            let _ = read(&archive, step);
        }
    }
}
