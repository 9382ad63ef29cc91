//! Payloads of extended messages: the handshake (BEP 10), metadata (BEP 9), peers (BEP 11) and
//! pieces that are there no more (BEP 54).

mod metadata;
mod pex;
#[cfg(test)]
pub(super) mod tests;

use std::net::IpAddr;

use librqbit_bencode::ByteBuf;
use serde::{Deserialize, Serialize};

pub(crate) use metadata::UtMetadata;
pub(crate) use pex::{Pex, PexPeer};

use super::{Malformed, bencode};

/// Id of the handshake of the extensions, on both sides.
pub(crate) const HANDSHAKE: u8 = 0;
/// The id under which we want to be sent peers.
pub(crate) const UT_PEX: u8 = 1;
/// The id under which we want to be sent metadata.
pub(crate) const UT_METADATA: u8 = 3;
/// The id under which we want to be told of pieces that are there no more.
pub(crate) const LT_DONTHAVE: u8 = 7;

/// Kind of the message that carries extended ones.
const EXTENDED: Malformed = Malformed(20);
/// Characters of a client's name that are kept.
const NAME: usize = 64;

/// Under which ids a side wants the extensions to be sent; `None` where it has no such one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ExtensionIds {
    /// `lt_donthave` (BEP 54).
    #[serde(default, skip_serializing_if = "Option::is_none", with = "id")]
    pub(crate) lt_donthave: Option<u8>,
    /// `ut_metadata` (BEP 9).
    #[serde(default, skip_serializing_if = "Option::is_none", with = "id")]
    pub(crate) ut_metadata: Option<u8>,
    /// `ut_pex` (BEP 11).
    #[serde(default, skip_serializing_if = "Option::is_none", with = "id")]
    pub(crate) ut_pex: Option<u8>,
}

impl ExtensionIds {
    /// Ours. `pex` is false for private torrents (BEP 27).
    pub(crate) fn ours(pex: bool) -> Self {
        Self {
            lt_donthave: Some(LT_DONTHAVE),
            ut_metadata: Some(UT_METADATA),
            ut_pex: pex.then_some(UT_PEX),
        }
    }
}

/// Ids on the wire: any number, of which 0 says that the extension is off.
mod id {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(id: &Option<u8>, to: S) -> Result<S::Ok, S::Error> {
        id.unwrap_or(0).serialize(to)
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Option<u8>, D::Error> {
        let id = i64::deserialize(from)?;
        Ok(u8::try_from(id).ok().filter(|id| *id != 0))
    }
}

/// What a side says of itself once the connection is open (BEP 10). All of it is optional.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ExtensionHandshake {
    /// Under which ids it wants extended messages.
    pub(crate) ids: ExtensionIds,
    /// Length of the metadata, in bytes (BEP 9). Nothing says yet that it is reasonable.
    pub(crate) metadata_size: Option<u32>,
    /// How many requests it keeps while they are not answered.
    pub(crate) reqq: Option<u32>,
    /// The TCP and uTP port it listens on.
    pub(crate) port: Option<u16>,
    /// Name and version of the client. From a peer it has no control characters, and at most 64.
    pub(crate) version: Option<String>,
    /// The receiver's address, as the sender sees it.
    pub(crate) your_ip: Option<IpAddr>,
    /// Whether it will ask for nothing (BEP 21).
    pub(crate) upload_only: bool,
}

/// The handshake on the wire; fields in the order of their names.
#[derive(Serialize, Deserialize)]
struct Fields<'a> {
    #[serde(default)]
    m: ExtensionIds,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata_size: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reqq: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upload_only: Option<i64>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    v: Option<ByteBuf<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    yourip: Option<ByteBuf<'a>>,
}

impl ExtensionHandshake {
    /// Reads one. Numbers out of range count as not given.
    ///
    /// # Errors
    /// Where it is no dictionary, or a value has another type than it must have.
    pub(crate) fn parse(payload: &[u8]) -> Result<Self, Malformed> {
        let (fields, _) = bencode::parse::<Fields<'_>>(payload).ok_or(EXTENDED)?;
        Ok(Self {
            ids: fields.m,
            metadata_size: number(fields.metadata_size),
            reqq: number(fields.reqq),
            port: number(fields.p).filter(|port| *port != 0),
            version: fields.v.map(|version| name(version.0)),
            your_ip: fields.yourip.and_then(|bytes| address(bytes.0)),
            upload_only: fields.upload_only.is_some_and(|value| value != 0),
        })
    }

    /// As the payload of an extended message of id [`HANDSHAKE`].
    pub(crate) fn encode(&self) -> Vec<u8> {
        let your_ip = self.your_ip.map(|ip| match ip {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        });
        let fields = Fields {
            m: self.ids,
            metadata_size: self.metadata_size.map(i64::from),
            p: self.port.map(i64::from),
            reqq: self.reqq.map(i64::from),
            upload_only: self.upload_only.then_some(1),
            v: self.version.as_deref().map(|v| ByteBuf(v.as_bytes())),
            yourip: your_ip.as_deref().map(ByteBuf),
        };
        let mut payload = Vec::new();
        bencode::write(fields, &mut payload);
        payload
    }
}

fn number<T: TryFrom<i64>>(value: Option<i64>) -> Option<T> {
    value.and_then(|value| value.try_into().ok())
}

fn name(bytes: &[u8]) -> String {
    let bytes = bytes.get(..4 * NAME).unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    text.chars()
        .filter(|character| !character.is_control())
        .take(NAME)
        .collect()
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let sixteen = || <[u8; 16]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| sixteen()).ok()
}

/// A piece that the sender has no more (BEP 54).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DontHave(pub(crate) u32);

impl DontHave {
    /// Reads one.
    ///
    /// # Errors
    /// Where it has not four bytes.
    pub(crate) fn parse(payload: &[u8]) -> Result<Self, Malformed> {
        let bytes = payload.try_into().map_err(|_| EXTENDED)?;
        Ok(Self(u32::from_be_bytes(bytes)))
    }

    /// As the payload of an extended message.
    pub(crate) fn encode(self) -> Vec<u8> {
        self.0.to_be_bytes().to_vec()
    }
}
