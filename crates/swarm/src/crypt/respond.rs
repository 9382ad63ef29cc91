//! The side that was connected to.

use librqbit_core::hash_id::Id20;
use tokio::io::AsyncWriteExt;

use super::{
    CONSTANT, Failed, Methods, PADDING, Secured, cipher::Keystream, exchange::KeyPair, length,
    padding, unread::Unread,
};
use crate::net::{Incoming, Outgoing};

/// Most bytes a peer may send along with its offer. Clients send their handshake.
const INITIAL: usize = 4 << 10;

/// Negotiates with a peer that came, of which `first` was read before, for any of `infohashes`. The
/// caller bounds the time.
///
/// # Errors
/// Where the peer does not speak in kind, or came for another torrent.
pub(crate) async fn respond(
    read: Incoming,
    mut write: Outgoing,
    first: &[u8],
    infohashes: impl Fn() -> Vec<Id20>,
    accepted: Methods,
) -> Result<Secured, Failed> {
    let mut unread = Unread::new(read, first);
    let theirs = unread.array().await?;
    let keys = KeyPair::random();
    let secret = keys.secret(&theirs).ok_or(Failed::OtherProtocol)?;
    write
        .write_all(&[&keys.public[..], &padding()].concat())
        .await?;
    write.flush().await?;

    // Which torrent the peer came for: only who knows it can tell.
    unread.skip_past(&secret.mark(), PADDING).await?;
    let named = unread.array::<20>().await?;
    let mut served = infohashes().into_iter();
    let infohash = served.find(|infohash| secret.name_of(*infohash) == named);
    let infohash = infohash.ok_or(Failed::OtherTorrent)?;

    // What it offers, and the first bytes of what follows.
    let mut receiving = Keystream::new(secret.key(b"keyA", infohash));
    let mut offer = unread.array::<14>().await?;
    receiving.apply(&mut offer);
    let Some([a, b, c, d, padding_length @ ..]) = offer.strip_prefix(&CONSTANT) else {
        return Err(Failed::OtherProtocol);
    };
    let offered = Methods(u32::from_be_bytes([*a, *b, *c, *d]));
    let count = part_length(padding_length, PADDING)?;
    receiving.apply(&mut unread.take(count).await?);
    let mut initial_length = unread.array::<2>().await?;
    receiving.apply(&mut initial_length);
    let count = part_length(&initial_length, INITIAL)?;
    let mut initial = unread.take(count).await?;
    receiving.apply(&mut initial);
    let chosen = accepted.choose(offered).ok_or(Failed::NoCommonMethod)?;

    let mut sending = Keystream::new(secret.key(b"keyB", infohash));
    let noise = padding();
    let mut packet = CONSTANT.to_vec();
    packet.extend(chosen.0.to_be_bytes());
    packet.extend(length(&noise));
    packet.extend(noise);
    sending.apply(&mut packet);
    write.write_all(&packet).await?;
    write.flush().await?;
    Ok(Secured::new(
        unread, write, chosen, receiving, sending, initial, infohash,
    ))
}

/// A length the peer gave, if it is no more than `most`.
fn part_length(bytes: &[u8], most: usize) -> Result<usize, Failed> {
    let bytes = bytes.try_into().map_err(|_| Failed::OtherProtocol)?;
    let length = usize::from(u16::from_be_bytes(bytes));
    (length <= most)
        .then_some(length)
        .ok_or(Failed::OtherProtocol)
}
