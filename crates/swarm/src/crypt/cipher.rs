//! Streams under RC4.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use rc4::{KeyInit, Rc4, StreamCipher};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes of the keystream that are thrown away: its beginning tells of the key.
const DROPPED: usize = 1024;
/// Most bytes that are encrypted at once.
const CHUNK: usize = 16 << 10;

/// The keystream of one direction.
pub(super) struct Keystream(Rc4);

impl Keystream {
    pub(super) fn new(key: [u8; 20]) -> Self {
        let cipher = Rc4::new_from_slice(&key).expect("RC4 takes keys of up to 256 bytes");
        let mut keystream = Self(cipher);
        keystream.apply(&mut [0; DROPPED]);
        keystream
    }

    /// Encrypts or decrypts what comes next.
    pub(super) fn apply(&mut self, bytes: &mut [u8]) {
        self.0.apply_keystream(bytes);
    }
}

/// A stream that is decrypted as it is read, after what was read of it before.
pub(super) struct Decrypting<R> {
    reader: R,
    keystream: Option<Keystream>,
    ahead: Vec<u8>,
    taken: usize,
}

impl<R> Decrypting<R> {
    /// Gives `ahead`, which is decrypted already, and then what comes from `reader`. Without a
    /// keystream that is in the clear.
    pub(super) fn new(reader: R, keystream: Option<Keystream>, ahead: Vec<u8>) -> Self {
        Self {
            reader,
            keystream,
            ahead,
            taken: 0,
        }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Decrypting<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let ahead = this.ahead.get(this.taken..).unwrap_or_default();
        if !ahead.is_empty() {
            let count = ahead.len().min(into.remaining());
            into.put_slice(&ahead[..count]);
            this.taken += count;
            if this.taken == this.ahead.len() {
                this.ahead = Vec::new();
                this.taken = 0;
            }
            return Poll::Ready(Ok(()));
        }
        let before = into.filled().len();
        ready!(Pin::new(&mut this.reader).poll_read(context, into))?;
        if let Some(keystream) = &mut this.keystream {
            keystream.apply(&mut into.filled_mut()[before..]);
        }
        Poll::Ready(Ok(()))
    }
}

/// A stream that is encrypted as it is written. It holds nothing back: what the writer below does
/// not take was not written.
pub(super) struct Encrypting<W> {
    writer: W,
    keystream: Keystream,
    /// Of the keystream, what was made but not used yet.
    unused: Vec<u8>,
    encrypted: Vec<u8>,
}

impl<W> Encrypting<W> {
    pub(super) fn new(writer: W, keystream: Keystream) -> Self {
        Self {
            writer,
            keystream,
            unused: Vec::new(),
            encrypted: Vec::new(),
        }
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for Encrypting<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let bytes = &bytes[..bytes.len().min(CHUNK)];
        let made = this.unused.len();
        if made < bytes.len() {
            this.unused.resize(bytes.len(), 0);
            this.keystream.apply(&mut this.unused[made..]);
        }
        let masked = bytes.iter().zip(&this.unused);
        this.encrypted.clear();
        this.encrypted
            .extend(masked.map(|(byte, mask)| byte ^ mask));
        let written = ready!(Pin::new(&mut this.writer).poll_write(context, &this.encrypted))?;
        this.unused.drain(..written.min(this.unused.len()));
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_shutdown(context)
    }
}
