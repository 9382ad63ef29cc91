//! Records: where a key's name leads, signed by the key (IPNS record specification).
//!
//! `rust-ipns` is not used: it refuses records that have a second signature only, as the
//! specification allows, and brings every signature scheme a second time beside libp2p's own.

use std::{
    cmp::Ordering,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use cid::multihash::Multihash;
use libp2p_identity::{PeerId, PublicKey};

use super::time;
use crate::{
    ipld::cbor::{self, Entries, Value as Item},
    unixfs::protobuf::{Value, fields},
};

/// The longest record, in bytes (specification, "Record Size Limit").
pub(crate) const LONGEST: usize = 10 << 10;

/// What stands before the bytes that the second signature covers.
const SIGNED: &[u8] = b"ipns-signature:";

/// A record that was checked against the name that it was found under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where the name leads: hostile text.
    pub value: String,
    /// The greater wins.
    pub sequence: u64,
    /// It is not to be used after this.
    pub valid_until: SystemTime,
    /// For how long the publisher says that nobody needs to look again.
    pub ttl: Duration,
    /// All of it.
    pub bytes: Bytes,
}

/// Why bytes are no record of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    /// It is longer than 10 KiB.
    #[error("it is longer than 10 KiB")]
    Length,
    /// It is no message of this kind, or a part of it is missing.
    #[error("it is no sound record")]
    Malformed,
    /// It has the first signature only, which does not cover all of it.
    #[error("it has no second signature")]
    Unsigned,
    /// It has no key, or a key of another name.
    #[error("its key is not that of the name")]
    Key,
    /// What is signed and what stands beside it differ.
    #[error("it says two things at once")]
    Ambiguous,
    /// Somebody else signed it, or nobody did.
    #[error("its signature is wrong")]
    Signature,
    /// It is over.
    #[error("it has run out")]
    Expired,
}

/// The fields of the message. What a message does not have is empty or none.
#[derive(Default)]
struct Message<'a> {
    value: Option<&'a [u8]>,
    first_signature: &'a [u8],
    validity_type: Option<u64>,
    validity: Option<&'a [u8]>,
    sequence: Option<u64>,
    ttl: Option<u64>,
    key: &'a [u8],
    signature: &'a [u8],
    data: &'a [u8],
}

/// What the second signature covers.
struct Data<'a> {
    value: &'a [u8],
    validity_type: u64,
    validity: &'a [u8],
    sequence: u64,
    ttl: u64,
}

impl Record {
    /// Reads bytes and checks that the key of this name signed them, and that they have not run out.
    ///
    /// # Errors
    /// [`BadRecord`] where that is not so.
    pub fn check(name: &Multihash<64>, bytes: Bytes, now: SystemTime) -> Result<Self, BadRecord> {
        if bytes.len() > LONGEST {
            return Err(BadRecord::Length);
        }
        let message = Message::read(&bytes)?;
        if message.signature.is_empty() || message.data.is_empty() {
            return Err(BadRecord::Unsigned);
        }
        let key = message.key_of(name)?;
        if !key.verify(&[SIGNED, message.data].concat(), message.signature) {
            return Err(BadRecord::Signature);
        }
        let data = Data::read(message.data).ok_or(BadRecord::Malformed)?;
        message.agrees(&data)?;
        let text = |bytes| str::from_utf8(bytes).map_err(|_| BadRecord::Malformed);
        // The one kind of validity that there is: an end of life.
        let until = (data.validity_type == 0).then_some(text(data.validity)?);
        let valid_until = until.and_then(time::parse).ok_or(BadRecord::Malformed)?;
        if valid_until <= now {
            return Err(BadRecord::Expired);
        }
        Ok(Self {
            value: text(data.value)?.to_owned(),
            sequence: data.sequence,
            valid_until,
            ttl: Duration::from_nanos(data.ttl),
            bytes: bytes.clone(),
        })
    }

    /// Which of two records of one name is to be used: the greater.
    #[must_use]
    pub fn newer(&self, other: &Self) -> Ordering {
        let order = |record: &Self| (record.sequence, record.valid_until);
        // Of equals everybody has to choose the same.
        order(self)
            .cmp(&order(other))
            .then_with(|| self.bytes.cmp(&other.bytes))
    }
}

impl<'a> Message<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, BadRecord> {
        let mut found = Self::default();
        for field in fields(bytes) {
            match field.map_err(|_| BadRecord::Malformed)? {
                (1, Value::Bytes(bytes)) => found.value = Some(bytes),
                (2, Value::Bytes(bytes)) => found.first_signature = bytes,
                (3, Value::Number(number)) => found.validity_type = Some(number),
                (4, Value::Bytes(bytes)) => found.validity = Some(bytes),
                (5, Value::Number(number)) => found.sequence = Some(number),
                (6, Value::Number(number)) => found.ttl = Some(number),
                (7, Value::Bytes(bytes)) => found.key = bytes,
                (8, Value::Bytes(bytes)) => found.signature = bytes,
                (9, Value::Bytes(bytes)) => found.data = bytes,
                (1..=9, _) => return Err(BadRecord::Malformed),
                // Whatever the future brings.
                _ => {}
            }
        }
        Ok(found)
    }

    /// The key that this record brings or its name is, which has to be that of the name.
    fn key_of(&self, name: &Multihash<64>) -> Result<PublicKey, BadRecord> {
        let encoded = match (self.key, name.code()) {
            // A short key is its own name.
            ([], 0) => name.digest(),
            ([], _) => return Err(BadRecord::Key),
            (key, _) => key,
        };
        let key = PublicKey::try_decode_protobuf(encoded).map_err(|_| BadRecord::Key)?;
        if PeerId::from_public_key(&key).to_bytes() == name.to_bytes() {
            Ok(key)
        } else {
            Err(BadRecord::Key)
        }
    }

    /// Whether what stands beside the signed data is the same, as it is in records for readers of old.
    fn agrees(&self, data: &Data<'_>) -> Result<(), BadRecord> {
        if self.first_signature.is_empty() && self.value.is_none() {
            return Ok(());
        }
        let is_same = self.value.unwrap_or_default() == data.value
            && self.validity.unwrap_or_default() == data.validity
            && self.validity_type.unwrap_or(0) == data.validity_type
            && self.sequence.unwrap_or(0) == data.sequence
            && self.ttl.unwrap_or(0) == data.ttl;
        is_same.then_some(()).ok_or(BadRecord::Ambiguous)
    }
}

impl<'a> Data<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let Ok(Item::Map(map)) = cbor::value(bytes) else {
            return None;
        };
        Some(Self {
            value: Self::bytes(&map, "Value")?,
            validity_type: Self::number(&map, "ValidityType")?,
            validity: Self::bytes(&map, "Validity")?,
            sequence: Self::number(&map, "Sequence")?,
            ttl: Self::number(&map, "TTL")?,
        })
    }

    fn bytes(map: &Entries<'a>, key: &str) -> Option<&'a [u8]> {
        match cbor::value(map.clone().value_of(key).ok()??) {
            Ok(Item::Bytes(bytes)) => Some(bytes),
            _ => None,
        }
    }

    fn number(map: &Entries<'a>, key: &str) -> Option<u64> {
        match cbor::value(map.clone().value_of(key).ok()??) {
            Ok(Item::Unsigned(number)) => Some(number),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
