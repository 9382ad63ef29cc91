//! The side that opened the connection.

use librqbit_core::hash_id::Id20;
use tokio::io::AsyncWriteExt;

use super::{
    CONSTANT, Failed, Methods, PADDING, Secured,
    cipher::{Decrypting, Encrypting, Keystream},
    exchange::KeyPair,
    length, padding,
    unread::Unread,
};
use crate::net::{Incoming, Outgoing};

/// Negotiates with a peer that was connected to, and sends it `initial`, encrypted, at once. The
/// caller bounds the time.
///
/// # Errors
/// Where the peer does not answer in kind.
pub(crate) async fn initiate(
    read: Incoming,
    mut write: Outgoing,
    infohash: Id20,
    offered: Methods,
    initial: &[u8],
) -> Result<Secured, Failed> {
    // Its key, and noise so that the length tells nothing.
    let keys = KeyPair::random();
    write
        .write_all(&[&keys.public[..], &padding()].concat())
        .await?;
    write.flush().await?;
    let mut unread = Unread::new(read, &[]);
    let secret = keys.secret(&unread.array().await?);
    let secret = secret.ok_or(Failed::OtherProtocol)?;

    // Which torrent, what is offered, and the first bytes of what follows.
    let mut sending = Keystream::new(secret.key(b"keyA", infohash));
    let mut packet = [secret.mark(), secret.name_of(infohash)].concat();
    let start = packet.len();
    packet.extend(CONSTANT);
    packet.extend(offered.0.to_be_bytes());
    for part in [&padding(), initial] {
        packet.extend(length(part));
        packet.extend(part);
    }
    sending.apply(&mut packet[start..]);
    write.write_all(&packet).await?;
    write.flush().await?;

    // What the peer chose, after noise of its own.
    let mut receiving = Keystream::new(secret.key(b"keyB", infohash));
    let mut mark = CONSTANT;
    receiving.apply(&mut mark);
    unread.skip_past(&mark, PADDING).await?;
    let mut answer = unread.array::<6>().await?;
    receiving.apply(&mut answer);
    let [a, b, c, d, padding @ ..] = answer;
    let chosen = Methods(u32::from_be_bytes([a, b, c, d]));
    let padding = usize::from(u16::from_be_bytes(padding));
    if padding > PADDING {
        return Err(Failed::OtherProtocol);
    }
    receiving.apply(&mut unread.take(padding).await?);
    if offered.choose(chosen) != Some(chosen) {
        return Err(Failed::NoCommonMethod);
    }
    Ok(Secured::new(
        unread,
        write,
        chosen,
        receiving,
        sending,
        Vec::new(),
        infohash,
    ))
}

impl Secured {
    /// Puts the agreed method over a connection, after `ahead`, which was decrypted before.
    pub(super) fn new(
        unread: Unread,
        write: Outgoing,
        chosen: Methods,
        mut receiving: Keystream,
        sending: Keystream,
        mut ahead: Vec<u8>,
        infohash: Id20,
    ) -> Self {
        let (read, mut rest) = unread.into_parts();
        let encrypted = chosen == Methods::RC4;
        if encrypted {
            receiving.apply(&mut rest);
        }
        ahead.append(&mut rest);
        let receiving = encrypted.then_some(receiving);
        Self {
            read: Box::new(Decrypting::new(read, receiving, ahead)),
            write: if encrypted {
                Box::new(Encrypting::new(write, sending))
            } else {
                write
            },
            encrypted,
            infohash,
        }
    }
}
