//! A message on a stream: its length in base 128, then its bytes.

use std::{io, time::Duration};

use bytes::Bytes;
use futures_util::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::wire::put_number;

/// How long a message that has begun may take.
const WHOLE: Duration = Duration::from_secs(60);

/// Waits for the next message and reads its length; none where the stream ends before it.
///
/// # Errors
/// Where the stream fails, or the length is more than `longest`.
pub(crate) async fn read_length(
    stream: &mut (impl AsyncRead + Unpin),
    longest: usize,
) -> io::Result<Option<usize>> {
    let (mut length, mut byte) = (0, [0]);
    for shift in (0..).step_by(7) {
        if stream.read(&mut byte).await? == 0 {
            let clean = shift == 0;
            return if clean {
                Ok(None)
            } else {
                Err(io::ErrorKind::UnexpectedEof.into())
            };
        }
        length |= usize::from(byte[0] & 0x7f) << shift;
        if length > longest || shift > 21 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a message is too long",
            ));
        }
        if byte[0] & 0x80 == 0 {
            break;
        }
    }
    Ok(Some(length))
}

/// Reads the bytes of a message.
///
/// # Errors
/// Where the stream fails or ends, or the message takes more than a minute.
pub(crate) async fn read_body(
    stream: &mut (impl AsyncRead + Unpin),
    length: usize,
) -> io::Result<Bytes> {
    let mut bytes = vec![0; length];
    timeout(WHOLE, stream.read_exact(&mut bytes)).await??;
    Ok(bytes.into())
}

/// Writes a message.
///
/// # Errors
/// Where the stream fails, or the peer takes more than a minute to read it.
pub(crate) async fn write(
    stream: &mut (impl AsyncWrite + Unpin),
    message: &[u8],
) -> io::Result<()> {
    let mut head = Vec::with_capacity(8);
    put_number(&mut head, message.len() as u64);
    let writing = async {
        stream.write_all(&head).await?;
        stream.write_all(message).await?;
        stream.flush().await
    };
    timeout(WHOLE, writing).await?
}

#[cfg(test)]
mod tests {
    use futures_util::io::Cursor;

    use super::*;

    async fn read(bytes: &[u8], longest: usize) -> io::Result<Option<Bytes>> {
        let mut stream = Cursor::new(bytes);
        match read_length(&mut stream, longest).await? {
            Some(length) => read_body(&mut stream, length).await.map(Some),
            None => Ok(None),
        }
    }

    #[tokio::test]
    async fn a_message_is_read_as_it_was_written() {
        for length in [0, 1, 127, 128, 70_000] {
            let message = vec![7; length];
            let mut out = Cursor::new(Vec::new());
            write(&mut out, &message).await.unwrap();
            let read = read(&out.into_inner(), 70_000).await.unwrap();
            assert_eq!(read.as_deref(), Some(&message[..]));
        }
        assert_eq!(read(&[], 10).await.unwrap(), None);
    }

    #[tokio::test]
    async fn what_is_too_long_is_refused_before_it_is_read() {
        let error = read(&[11, 0], 10).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        let error = read(&[0xff; 20], usize::MAX).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        let error = read(&[5, 1], 10).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
