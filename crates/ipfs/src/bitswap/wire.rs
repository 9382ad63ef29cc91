//! The few parts of protocol buffers that bitswap is made of, read without a copy.

use bytes::{Buf, Bytes};

/// A message is not what its format asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a bitswap message is malformed")]
pub(crate) struct Malformed;

/// One field's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// A number, a flag or one of several words.
    Number(u64),
    /// Bytes, or a message within.
    Bytes(Bytes),
    /// What no field of bitswap is: it is passed over.
    Other,
}

/// The fields of a message, one after the other; ends after the first that is malformed.
#[derive(Debug)]
pub(crate) struct Fields(Bytes);

impl Fields {
    /// The fields of these bytes.
    pub(crate) fn of(bytes: Bytes) -> Self {
        Self(bytes)
    }

    fn next_field(&mut self) -> Result<(u64, Value), Malformed> {
        let key = number(&mut self.0)?;
        let value = match key & 7 {
            0 => Value::Number(number(&mut self.0)?),
            1 => self.skip(8)?,
            2 => {
                let length = usize::try_from(number(&mut self.0)?).map_err(|_| Malformed)?;
                if length > self.0.len() {
                    return Err(Malformed);
                }
                Value::Bytes(self.0.split_to(length))
            }
            5 => self.skip(4)?,
            _ => return Err(Malformed),
        };
        Ok((key >> 3, value))
    }

    fn skip(&mut self, length: usize) -> Result<Value, Malformed> {
        if length > self.0.len() {
            return Err(Malformed);
        }
        self.0.advance(length);
        Ok(Value::Other)
    }
}

impl Iterator for Fields {
    type Item = Result<(u64, Value), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.next_field();
        if field.is_err() {
            self.0.clear();
        }
        Some(field)
    }
}

/// Takes a number in base 128 off the front (LEB128, at most ten bytes).
pub(crate) fn number(bytes: &mut Bytes) -> Result<u64, Malformed> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = bytes.try_get_u8().map_err(|_| Malformed)?;
        let digit = u64::from(byte & 0x7f);
        if shift == 63 && digit > 1 {
            return Err(Malformed);
        }
        value |= digit << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Malformed)
}

/// Writes a number in base 128.
pub(crate) fn put_number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Writes a field that is a number. Zero is what a field is that is absent, and is not written.
pub(crate) fn put_number_field(out: &mut Vec<u8>, field: u64, value: u64) {
    if value != 0 {
        put_number(out, field << 3);
        put_number(out, value);
    }
}

/// Writes a field that is bytes.
pub(crate) fn put_bytes_field(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    put_number(out, (field << 3) | 2);
    put_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(number_ in any::<u64>(), blob in any::<Vec<u8>>()) {
            let mut out = Vec::new();
            put_number_field(&mut out, 3, number_);
            put_bytes_field(&mut out, 4, &blob);
            let read: Result<Vec<_>, _> = Fields::of(out.into()).collect();
            let mut expected = vec![(3, Value::Number(number_)), (4, Value::Bytes(blob.into()))];
            if number_ == 0 {
                expected.remove(0);
            }
            prop_assert_eq!(read, Ok(expected));
        }

        #[test]
        fn any_bytes_come_to_an_end(bytes in any::<Vec<u8>>()) {
            let length = bytes.len();
            prop_assert!(Fields::of(bytes.into()).count() <= length);
        }
    }

    #[test]
    fn a_length_past_the_end_is_malformed() {
        let fields: Vec<_> = Fields::of(Bytes::from_static(&[0x0a, 0x05, 1, 2])).collect();
        assert_eq!(fields, [Err(Malformed)]);
        assert_eq!(number(&mut Bytes::from_static(&[0xff; 11])), Err(Malformed));
    }
}
