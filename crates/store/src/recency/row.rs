//! Runs as a row of the index.
//!
//! A format number, how many runs there are, and for each run: chunks since the end of the one
//! before, chunks in it, and how its stamp differs from that of the one before. All but the first
//! byte are LEB128 numbers, differences with the sign in the lowest bit.

use super::Run;

/// The first byte; another one is of a form that is not known here.
const FORMAT: u8 = 1;

/// Three numbers of one byte each.
const LEAST_RUN_BYTES: usize = 3;

/// Writes runs, which come in order and do not overlap, as a row.
pub(crate) fn encode(runs: &[Run]) -> Vec<u8> {
    let mut row = Vec::with_capacity(11 + 8 * runs.len());
    row.push(FORMAT);
    push(&mut row, runs.len() as u64);
    let (mut end, mut stamp) = (0, 0);
    for run in runs {
        debug_assert!(run.first >= end && run.count > 0, "runs in order");
        push(&mut row, u64::from(run.first.wrapping_sub(end)));
        push(&mut row, u64::from(run.count));
        push(&mut row, folded(run.stamp.wrapping_sub(stamp)));
        (end, stamp) = (run.end(), run.stamp);
    }
    row
}

/// Reads a row; `None` if it is damaged or of another form.
///
/// Whatever the row says, the runs come in order, do not overlap and are not empty, their chunks
/// have 32-bit numbers, and they take no more memory than some five times the row.
pub(crate) fn decode(row: &[u8]) -> Option<Vec<Run>> {
    let mut rest = row.strip_prefix(&[FORMAT])?;
    let count = usize::try_from(pull(&mut rest)?).ok()?;
    if count > rest.len() / LEAST_RUN_BYTES {
        return None;
    }
    let mut runs = Vec::with_capacity(count);
    let (mut end, mut stamp) = (0_u32, 0_u64);
    for _ in 0..count {
        let first = end.checked_add(u32::try_from(pull(&mut rest)?).ok()?)?;
        let count = u32::try_from(pull(&mut rest)?).ok()?;
        end = first.checked_add(count).filter(|_| count > 0)?;
        stamp = stamp.wrapping_add(unfolded(pull(&mut rest)?));
        runs.push(Run {
            first,
            count,
            stamp,
        });
    }
    rest.is_empty().then_some(runs)
}

/// A difference so that small ones of either sign are small numbers.
fn folded(difference: u64) -> u64 {
    let sign = (difference as i64 >> 63) as u64;
    (difference << 1) ^ sign
}

fn unfolded(number: u64) -> u64 {
    (number >> 1) ^ (number & 1).wrapping_neg()
}

fn push(row: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        row.push(number as u8 | 0x80);
        number >>= 7;
    }
    row.push(number as u8);
}

/// Takes a number from the front; `None` if it does not end or does not fit.
fn pull(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, behind) = rest.split_first()?;
        *rest = behind;
        let bits = u64::from(byte & 0x7f);
        number |= bits << shift;
        if bits << shift >> shift != bits {
            return None;
        }
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
