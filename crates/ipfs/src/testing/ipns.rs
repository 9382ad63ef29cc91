//! Records as publishers sign them, and as nobody should.

use libp2p_identity::Keypair;

use crate::{
    Name,
    unixfs::tests::trees::{field, number},
};

/// What a record says, and how it is signed.
#[derive(Clone)]
pub(crate) struct Says {
    pub(crate) value: String,
    pub(crate) until: String,
    pub(crate) sequence: u64,
    /// In nanoseconds.
    pub(crate) ttl: u64,
    /// What stands beside the signed part for readers of old, where it does.
    pub(crate) beside: Option<String>,
    pub(crate) is_signed: bool,
}

impl Says {
    pub(crate) fn new(value: &str, sequence: u64) -> Self {
        Self {
            value: value.to_owned(),
            until: "2126-01-01T00:00:00.000000000Z".to_owned(),
            sequence,
            ttl: 60_000_000_000,
            beside: Some(value.to_owned()),
            is_signed: true,
        }
    }

    /// The record, signed by a key.
    pub(crate) fn by(&self, key: &Keypair) -> Vec<u8> {
        let data = self.data();
        let signed = [b"ipns-signature:".as_slice(), &data].concat();
        let signed = if self.is_signed { signed } else { data.clone() };
        let mut record = Vec::new();
        if let Some(beside) = &self.beside {
            field(&mut record, 1, beside.as_bytes());
            field(&mut record, 2, b"a signature of old");
            number(&mut record, 3, 0);
            field(&mut record, 4, self.until.as_bytes());
            number(&mut record, 5, self.sequence);
            number(&mut record, 6, self.ttl);
        }
        field(&mut record, 8, &key.sign(&signed).unwrap());
        field(&mut record, 9, &data);
        record
    }

    /// The part that is signed: a map of dag-cbor.
    fn data(&self) -> Vec<u8> {
        let mut data = vec![0xa5];
        text(&mut data, "TTL");
        head(&mut data, 0, self.ttl);
        text(&mut data, "Value");
        head(&mut data, 2, self.value.len() as u64);
        data.extend(self.value.as_bytes());
        text(&mut data, "Sequence");
        head(&mut data, 0, self.sequence);
        text(&mut data, "Validity");
        head(&mut data, 2, self.until.len() as u64);
        data.extend(self.until.as_bytes());
        text(&mut data, "ValidityType");
        head(&mut data, 0, 0);
        data
    }
}

fn text(to: &mut Vec<u8>, text: &str) {
    head(to, 3, text.len() as u64);
    to.extend(text.as_bytes());
}

fn head(to: &mut Vec<u8>, major: u8, number: u64) {
    to.push(major << 5 | 27);
    to.extend(number.to_be_bytes());
}

/// The name of a key.
pub(crate) fn name_of(key: &Keypair) -> Name {
    Name::parse(&key.public().to_peer_id().to_base58()).unwrap()
}
