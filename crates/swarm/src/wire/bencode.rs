//! Bencoded values of peers, looked over before they are parsed.

use librqbit_bencode::{bencode_serialize_to_writer, from_bytes};
use serde::{Deserialize, Serialize};

/// Deepest nesting taken. Nothing that peers send is nested more than three times.
const DEPTH: usize = 16;
/// Most digits of a number, so that it fits 64 bits.
const DIGITS: usize = 18;
/// Most digits of the length of a string.
const LENGTH_DIGITS: usize = 9;

/// Parses the value at the start of `bytes`, and returns what follows it.
///
/// `None` where it is no such value, or nested too deeply, or has numbers of more than 64 bits:
/// the parser behind this does its sums unchecked.
pub(super) fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Option<(T, &'a [u8])> {
    let (value, rest) = bytes.split_at_checked(end(bytes)?)?;
    Some((from_bytes(value).ok()?, rest))
}

/// Appends a value.
pub(super) fn write(value: impl Serialize, into: &mut Vec<u8>) {
    bencode_serialize_to_writer(value, into)
        .expect("structs of numbers and strings go into memory without failing");
}

/// Where the value at the start of `bytes` ends.
fn end(bytes: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0_usize;
    loop {
        match bytes.get(at)? {
            b'd' | b'l' if depth < DEPTH => {
                depth += 1;
                at += 1;
                continue;
            }
            b'e' => {
                depth = depth.checked_sub(1)?;
                at += 1;
            }
            b'i' => {
                at += 1;
                at += usize::from(bytes.get(at) == Some(&b'-'));
                at = after_digits(bytes, at, DIGITS, b'e')?;
            }
            b'0'..=b'9' => {
                let text = after_digits(bytes, at, LENGTH_DIGITS, b':')?;
                let digits = str::from_utf8(bytes.get(at..text - 1)?).ok()?;
                at = text.checked_add(digits.parse().ok()?)?;
            }
            _ => return None,
        }
        if depth == 0 {
            return (at <= bytes.len()).then_some(at);
        }
    }
}

/// Where a number goes on after its digits and the byte that ends them.
fn after_digits(bytes: &[u8], at: usize, most: usize, ending: u8) -> Option<usize> {
    let number = bytes.get(at..)?;
    let digits = number.iter().take_while(|byte| byte.is_ascii_digit());
    let digits = digits.take(most + 1).count();
    let right = (1..=most).contains(&digits) && number.get(digits) == Some(&ending);
    right.then_some(at + digits + 1)
}
