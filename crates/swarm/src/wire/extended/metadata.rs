//! Metadata in exchange between peers (BEP 9).

use serde::{Deserialize, Serialize};

use super::{EXTENDED, Malformed, bencode};
use crate::BLOCK;

/// A message about one piece of the metadata, which are of 16 KiB but for the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UtMetadata<'a> {
    /// Asks for a piece.
    Request(u32),
    /// A piece. When parsed, number and length fit the total.
    Data {
        /// Its number.
        piece: u32,
        /// Length of the whole metadata, in bytes.
        total_size: u32,
        /// Its bytes.
        data: &'a [u8],
    },
    /// The sender does not have the piece, or does not want to send it.
    Reject(u32),
    /// A message of a kind not known here, which is to be ignored.
    Unknown,
}

#[derive(Serialize, Deserialize)]
struct Fields {
    msg_type: i64,
    piece: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_size: Option<i64>,
}

impl<'a> UtMetadata<'a> {
    /// Reads one: a dictionary, which the bytes of a piece follow.
    ///
    /// # Errors
    /// Where it is not so, or a piece does not fit the total.
    pub(crate) fn parse(payload: &'a [u8]) -> Result<Self, Malformed> {
        let (fields, data) = bencode::parse::<Fields>(payload).ok_or(EXTENDED)?;
        let piece = u32::try_from(fields.piece).map_err(|_| EXTENDED)?;
        match fields.msg_type {
            0 => Ok(Self::Request(piece)),
            1 => {
                let total_size = fields.total_size.and_then(|size| size.try_into().ok());
                let message = total_size.map(|total_size| Self::Data {
                    piece,
                    total_size,
                    data,
                });
                message.filter(Self::fits).ok_or(EXTENDED)
            }
            2 => Ok(Self::Reject(piece)),
            _ => Ok(Self::Unknown),
        }
    }

    fn fits(&self) -> bool {
        let &Self::Data {
            piece,
            total_size,
            data,
        } = self
        else {
            return true;
        };
        let start = u64::from(piece) * u64::from(BLOCK);
        let left = u64::from(total_size).saturating_sub(start);
        left > 0 && left.min(BLOCK.into()) == data.len() as u64
    }

    /// As the payload of an extended message.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let (msg_type, piece, total_size, data) = match *self {
            Self::Request(piece) => (0, piece, None, &[][..]),
            Self::Data {
                piece,
                total_size,
                data,
            } => (1, piece, Some(total_size.into()), data),
            Self::Reject(piece) => (2, piece, None, &[][..]),
            Self::Unknown => (3, 0, None, &[][..]),
        };
        let fields = Fields {
            msg_type,
            piece: piece.into(),
            total_size,
        };
        let mut payload = Vec::with_capacity(data.len() + 64);
        bencode::write(fields, &mut payload);
        payload.extend(data);
        payload
    }
}
