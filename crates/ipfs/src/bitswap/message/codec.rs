//! A message as bytes, and back.

use bytes::Bytes;
use cid::Cid;

use super::{Ask, Entry, MOST, Message, Payload, SHA2_256};
use crate::{
    bitswap::{
        version::Version,
        wire::{Fields, Malformed, Value, number, put_bytes_field, put_number, put_number_field},
    },
    block,
};

impl Message {
    /// Reads a message. What no version knows is passed over, CIDs of forms unknown here too.
    ///
    /// # Errors
    /// [`Malformed`] for what is no message, has a block longer than 2 MiB, or more than 8192 of anything.
    pub(crate) fn decode(bytes: Bytes) -> Result<Self, Malformed> {
        let mut message = Self::default();
        for field in Fields::of(bytes) {
            match field? {
                (1, Value::Bytes(list)) => message.read_wants(list)?,
                (2, Value::Bytes(bytes)) => push(&mut message.payloads, nameless(bytes)?)?,
                (3, Value::Bytes(bytes)) => push(&mut message.payloads, payload(bytes)?)?,
                (4, Value::Bytes(bytes)) => {
                    if let Some(presence) = presence(bytes)? {
                        push(&mut message.presences, presence)?;
                    }
                }
                _ => {}
            }
        }
        Ok(message)
    }

    fn read_wants(&mut self, list: Bytes) -> Result<(), Malformed> {
        for field in Fields::of(list) {
            match field? {
                (1, Value::Bytes(bytes)) => {
                    if let Some(entry) = entry(bytes)? {
                        push(&mut self.entries, entry)?;
                    }
                }
                (2, Value::Number(full)) => self.full = full != 0,
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes a message as a peer of this version reads it.
    pub(crate) fn encode(&self, version: Version) -> Vec<u8> {
        let blocks: usize = self
            .payloads
            .iter()
            .map(|payload| payload.bytes.len() + 64)
            .sum();
        let mut out = Vec::with_capacity(blocks + 64 * (self.entries.len() + self.presences.len()));
        if self.full || !self.entries.is_empty() {
            let mut list = Vec::with_capacity(64 * self.entries.len());
            for entry in &self.entries {
                put_bytes_field(&mut list, 1, &entry.encode());
            }
            put_number_field(&mut list, 2, u64::from(self.full));
            put_bytes_field(&mut out, 1, &list);
        }
        for payload in &self.payloads {
            payload.put(version, &mut out);
        }
        for (cid, has) in &self.presences {
            let mut presence = Vec::with_capacity(64);
            put_bytes_field(&mut presence, 1, &cid.to_bytes());
            put_number_field(&mut presence, 2, u64::from(!has));
            put_bytes_field(&mut out, 4, &presence);
        }
        out
    }
}

impl Entry {
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        put_bytes_field(&mut out, 1, &self.cid.to_bytes());
        // A negative number is written with the sign in all 64 bits.
        put_number_field(&mut out, 2, i64::from(self.priority) as u64);
        put_number_field(&mut out, 3, u64::from(self.ask.is_none()));
        put_number_field(&mut out, 4, u64::from(self.ask == Some(Ask::Have)));
        put_number_field(&mut out, 5, u64::from(self.denial));
        out
    }
}

impl Payload {
    fn put(&self, version: Version, out: &mut Vec<u8>) {
        if version == Version::V1_0 {
            return put_bytes_field(out, 2, &self.bytes);
        }
        let mut prefix = Vec::with_capacity(16);
        for part in [self.version, self.codec, self.function, self.digest] {
            put_number(&mut prefix, part);
        }
        let mut head = Vec::with_capacity(32);
        put_bytes_field(&mut head, 1, &prefix);
        put_number(&mut head, (2 << 3) | 2);
        put_number(&mut head, self.bytes.len() as u64);
        put_number(out, (3 << 3) | 2);
        put_number(out, (head.len() + self.bytes.len()) as u64);
        out.extend_from_slice(&head);
        out.extend_from_slice(&self.bytes);
    }
}

fn push<T>(list: &mut Vec<T>, item: T) -> Result<(), Malformed> {
    if list.len() >= MOST {
        return Err(Malformed);
    }
    list.push(item);
    Ok(())
}

fn entry(bytes: Bytes) -> Result<Option<Entry>, Malformed> {
    let (mut cid, mut priority, mut cancel, mut have, mut denial) = (None, 0, false, false, false);
    for field in Fields::of(bytes) {
        match field? {
            (1, Value::Bytes(bytes)) => cid = Cid::try_from(&bytes[..]).ok(),
            (2, Value::Number(number)) => priority = number as i32,
            (3, Value::Number(flag)) => cancel = flag != 0,
            (4, Value::Number(kind)) => have = kind == 1,
            (5, Value::Number(flag)) => denial = flag != 0,
            _ => {}
        }
    }
    let ask = if have { Ask::Have } else { Ask::Block };
    Ok(cid.map(|cid| Entry {
        cid,
        priority,
        ask: (!cancel).then_some(ask),
        denial,
    }))
}

fn presence(bytes: Bytes) -> Result<Option<(Cid, bool)>, Malformed> {
    let (mut cid, mut has) = (None, true);
    for field in Fields::of(bytes) {
        match field? {
            (1, Value::Bytes(bytes)) => cid = Cid::try_from(&bytes[..]).ok(),
            (2, Value::Number(kind)) => has = kind == 0,
            _ => {}
        }
    }
    Ok(cid.map(|cid| (cid, has)))
}

fn payload(bytes: Bytes) -> Result<Payload, Malformed> {
    let (mut prefix, mut data) = (None, Bytes::new());
    for field in Fields::of(bytes) {
        match field? {
            (1, Value::Bytes(bytes)) => prefix = Some(bytes),
            (2, Value::Bytes(bytes)) => data = bytes,
            _ => {}
        }
    }
    let mut prefix = prefix.ok_or(Malformed)?;
    let mut part = || number(&mut prefix);
    let (version, codec, function, digest) = (part()?, part()?, part()?, part()?);
    bounded(Payload {
        version,
        codec,
        function,
        digest,
        bytes: data,
    })
}

/// A block without a prefix is of CID version 0.
fn nameless(bytes: Bytes) -> Result<Payload, Malformed> {
    bounded(Payload {
        version: 0,
        codec: 0x70,
        function: SHA2_256,
        digest: 32,
        bytes,
    })
}

fn bounded(payload: Payload) -> Result<Payload, Malformed> {
    (payload.bytes.len() <= block::LONGEST)
        .then_some(payload)
        .ok_or(Malformed)
}
