//! Reading a file of a torrent: what is on disk from the store, the rest through the engine.

mod ahead;
mod media;

use std::{ops::Range, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tokio::{
    task::spawn_blocking,
    time::{Instant, timeout},
};
use universal_p2p_core::{ByteStream, Error, ReadCx, Result};
use universal_p2p_store::{Held, Window};

use crate::{
    file::Source,
    torrent::{disk_error, removed},
};
use ahead::Ahead;

/// How often a waiting reader looks whether anything comes.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How often the engine is told where a reader is, in bytes read.
const TELL_EVERY: u64 = 256 << 10;

/// A wait may be this many times as long as its limit while bytes of the wanted piece come in, so
/// that a large piece from slow peers arrives, and one that is never right does not wait for ever.
const PATIENCE: u32 = 4;

/// Opens a range of a file and waits for its first byte.
pub(crate) async fn open(
    source: Source,
    file: usize,
    range: Range<u64>,
    cx: &ReadCx,
) -> Result<ByteStream> {
    let offset = source.torrent.metainfo.files[file].offset;
    let start = offset + range.start;
    let mut reader = Reader {
        window: source.torrent.object.window(start),
        reach: 0,
        has_read: false,
        source,
        file,
        at: start,
        end: offset + range.end,
        ahead: None,
        looked: None,
        cx: *cx,
    };
    let Some(first) = reader.next(cx.first_byte).await? else {
        return Ok(stream::empty().boxed());
    };
    let rest = stream::try_unfold(reader, |mut reader| async move {
        let next = reader.next(reader.cx.stall).await?;
        Ok(next.map(|bytes| (bytes, reader)))
    });
    Ok(stream::once(async { Ok(first) }).chain(rest).boxed())
}

/// One open range. Offsets are those of the torrent.
struct Reader {
    source: Source,
    file: usize,
    at: u64,
    end: u64,
    /// What is ahead of the reader is not given up, whether it has to be fetched or is there already.
    window: Window,
    /// How far ahead may be fetched, in bytes.
    reach: u64,
    /// Whether anything was handed out yet.
    has_read: bool,
    /// Held from when something that is wanted soon is missing.
    ahead: Option<Ahead>,
    /// Where it was looked ahead from last.
    looked: Option<u64>,
    cx: ReadCx,
}

impl Reader {
    /// The next bytes, or none at the end of the range.
    async fn next(&mut self, patience: Duration) -> Result<Option<Bytes>> {
        let object = Arc::clone(&self.source.torrent.object);
        let layout = object.layout();
        while self.at < self.end {
            if object.is_gone() {
                return Err(removed());
            }
            let piece = layout.chunk_at(self.at);
            self.look_ahead(piece);
            let upto = layout.bytes_of(piece).end.min(self.end);
            let read = match self.read_lent(piece, upto).await {
                Some(lent) => Some(lent),
                None => {
                    let read = object.read_checked(self.at..upto).await;
                    read.map_err(|error| disk_error("reading a piece", error))?
                }
            };
            if let Some(bytes) = read {
                self.at += bytes.len() as u64;
                self.has_read = true;
                return Ok(Some(bytes));
            }
            match object.held(piece) {
                // It was given up while it was read, and is there again.
                Held::Checked => {}
                Held::Unchecked => {
                    let settled = object.settle_doubt(piece).await;
                    settled.map_err(|error| disk_error("hashing a piece", error))?;
                }
                Held::Absent => self.await_piece(piece, patience).await?,
            }
        }
        Ok(None)
    }

    /// What is next in a piece of the user's own files, which is hashed before anything of it leaves.
    async fn read_lent(&self, piece: u32, upto: u64) -> Option<Bytes> {
        let torrent = &self.source.torrent;
        let share = torrent.share.clone().filter(|_| torrent.is_lent(piece))?;
        let reading = spawn_blocking(move || share.read_piece(piece));
        let bytes = reading.await.ok().flatten()?;
        let start = torrent.object.layout().bytes_of(piece).start;
        let from = usize::try_from(self.at - start).ok()?;
        let upto = usize::try_from(upto - start).ok()?;
        (from <= upto && upto <= bytes.len()).then(|| bytes.slice(from..upto))
    }

    /// Waits until a piece is there, and has the engine fetch it.
    async fn await_piece(&mut self, piece: u32, patience: Duration) -> Result<()> {
        let torrent = Arc::clone(&self.source.torrent);
        let object = &torrent.object;
        let started = Instant::now();
        let mut last_progress = started;
        let mut written = object.written(piece);
        // What somebody waits for gets room before all that is fetched ahead.
        object.reserve(piece);
        let begin = || Ahead::begin(&self.source, self.file, self.at..self.end, self.reach);
        let connected = self.ahead.get_or_insert_with(begin).connected();
        timeout(patience, connected)
            .await
            .map_err(|_| stalled(&self.source, patience))??;
        while timeout(LOOK_EVERY, object.arrival(piece)).await.is_err() {
            let now = object.written(piece);
            if now != written {
                (written, last_progress) = (now, Instant::now());
            }
            let why_no_room = if object.reserve(piece) {
                None
            } else {
                object.out_of_room()
            };
            let is_over =
                last_progress.elapsed() >= patience || started.elapsed() >= patience * PATIENCE;
            match why_no_room {
                // Whoever has got nothing yet is told at once; whoever plays may outlive the lack.
                Some(why) if is_over || !self.has_read => {
                    return Err(Error::NoSpace {
                        why: why.to_string(),
                    });
                }
                None if is_over => return Err(stalled(&self.source, patience)),
                _ => self.source.engine.hurry(&torrent, piece).await?,
            }
        }
        Ok(())
    }

    /// Keeps what lies ahead from being given up, and has the engine fetch what is missing of it
    /// before the reader gets there.
    fn look_ahead(&mut self, piece: u32) {
        let object = &self.source.torrent.object;
        let is_new_piece = self
            .looked
            .is_none_or(|looked| object.layout().chunk_at(looked) != piece);
        let moved = self.looked.map_or(u64::MAX, |looked| self.at - looked);
        if is_new_piece {
            object.touch(piece);
        }
        // Large pieces take long to play: where in them the reader is tells when the next is needed.
        if !is_new_piece && moved < TELL_EVERY {
            return;
        }
        self.looked = Some(self.at);
        let reach = self.window.move_to(self.at);
        self.reach = reach;
        if let Some(ahead) = &mut self.ahead {
            ahead.move_to(self.at, reach);
        } else if is_new_piece
            && ahead::is_something_missing(&self.source.torrent, self.at..self.end, reach)
        {
            let range = self.at..self.end;
            self.ahead = Some(Ahead::begin(&self.source, self.file, range, reach));
        }
    }
}

fn stalled(source: &Source, waited: Duration) -> Error {
    let vitals = source
        .engine
        .vitals(source.torrent.metainfo.infohash)
        .unwrap_or_default();
    match vitals.peers {
        0 => Error::NoPeers {
            waited,
            cure: "name a peer (x.pe=address:port) or a tracker (tr=…) in the address, or try again later".into(),
        },
        peers => Error::Stalled { waited, peers },
    }
}
