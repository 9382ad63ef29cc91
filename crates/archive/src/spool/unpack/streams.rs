//! Streams of one packing, one behind the other, and what a file is padded with behind the last of
//! them, which gzip and bzip2 jump over too.

use std::io::{self, BufRead, Chain, Cursor, Read};

use bzip2::bufread::BzDecoder;
use flate2::bufread::GzDecoder;

/// A stream of which the first bytes were read already.
type Begun<R> = Chain<Cursor<Vec<u8>>, R>;

/// A decoder of one stream.
pub(super) trait Single<R>: Read {
    /// What a stream begins with.
    const MARK: [u8; 2];

    fn begin(from: Begun<R>) -> Self;

    /// What it read from, behind the end of the stream.
    fn end(self) -> Begun<R>;
}

impl<R: BufRead> Single<R> for GzDecoder<Begun<R>> {
    const MARK: [u8; 2] = [0x1f, 0x8b];

    fn begin(from: Begun<R>) -> Self {
        Self::new(from)
    }

    fn end(self) -> Begun<R> {
        self.into_inner()
    }
}

impl<R: BufRead> Single<R> for BzDecoder<Begun<R>> {
    const MARK: [u8; 2] = *b"BZ";

    fn begin(from: Begun<R>) -> Self {
        Self::new(from)
    }

    fn end(self) -> Begun<R> {
        self.into_inner()
    }
}

/// Streams of gzip.
pub(super) type Gzip<R> = Streams<R, GzDecoder<Begun<R>>>;

/// Streams of bzip2.
pub(super) type Bzip2<R> = Streams<R, BzDecoder<Begun<R>>>;

/// All streams of a file. A decoder that fails is let go: asked once more, the one of bzip2 panics where
/// nobody can catch it.
pub(super) enum Streams<R, S> {
    First(R),
    Within(S),
    Between(R),
    Over,
    Broken,
}

impl<R: BufRead, S: Single<R>> Streams<R, S> {
    pub(super) fn new(from: R) -> Self {
        Self::First(from)
    }

    /// The stream that begins here. Whatever comes first is taken for one.
    fn begin(mut from: R, is_first: bool) -> io::Result<Self> {
        let mut mark = Vec::new();
        from.by_ref().take(2).read_to_end(&mut mark)?;
        if mark != S::MARK && !is_first {
            return Ok(Self::Over);
        }
        Ok(Self::Within(S::begin(Cursor::new(mark).chain(from))))
    }
}

impl<R: BufRead, S: Single<R>> Read for Streams<R, S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            match std::mem::replace(self, Self::Broken) {
                Self::First(from) => *self = Self::begin(from, true)?,
                Self::Between(from) => *self = Self::begin(from, false)?,
                Self::Within(mut stream) => {
                    let read = stream.read(into)?;
                    if read > 0 {
                        *self = Self::Within(stream);
                        return Ok(read);
                    }
                    *self = Self::Between(stream.end().into_inner().1);
                }
                Self::Over => {
                    *self = Self::Over;
                    return Ok(0);
                }
                Self::Broken => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use bzip2::write::BzEncoder;
    use flate2::write::GzEncoder;

    use crate::magic::Packing;

    fn packed(packing: Packing, bytes: &[u8]) -> Vec<u8> {
        if packing == Packing::Gzip {
            let mut packer = GzEncoder::new(Vec::new(), flate2::Compression::fast());
            packer.write_all(bytes).expect("in memory");
            return packer.finish().expect("in memory");
        }
        let mut packer = BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        packer.write_all(bytes).expect("in memory");
        packer.finish().expect("in memory")
    }

    fn unpacked(packing: Packing, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut all = Vec::new();
        let ration = crate::testing::ration(16 << 20);
        let mut decoder = packing.decoder(bytes, &ration).expect("enough memory");
        let read = decoder.read_to_end(&mut all);
        if read.is_err() {
            assert!(decoder.read(&mut [0]).is_err(), "it stays so");
        }
        read.ok().map(|_| all)
    }

    #[test]
    fn what_follows_the_last_stream_is_jumped_over() {
        for packing in [Packing::Gzip, Packing::Bzip2] {
            let streams = [packed(packing, b"one "), packed(packing, b"two")].concat();
            for padding in [&b""[..], b"\0\0\0\0", b"text", b"B", &[0x1f]] {
                let bytes = [&streams, padding].concat();
                assert_eq!(unpacked(packing, &bytes).as_deref(), Some(&b"one two"[..]));
            }
            for length in [0, 1, 5, streams.len() / 2 + 5, streams.len() - 1] {
                assert_eq!(unpacked(packing, &streams[..length]), None, "{length}");
            }
            assert_eq!(unpacked(packing, b"something else"), None);
        }
    }
}
