//! Reading a range of a file: a window of wanted blocks that follows the reader.

mod budget;
mod parts;

use std::{collections::BTreeMap, ops::Range, sync::Arc, time::Duration};

use bytes::Bytes;
use cid::Cid;
use futures_util::{
    FutureExt, StreamExt,
    future::BoxFuture,
    stream::{self, FuturesUnordered},
};
use universal_p2p_core::{ByteStream, Error, ReadCx, Result};

use super::{RAW, Root, corrupt, layout::Layout};
use crate::{Block, Part as PartOfFile, Stored, Urgency, block::LONGEST, sources::Opened};
use budget::Charge;
use parts::{Part, Place, expand};

/// How far ahead of a reader is fetched at first and at most, in bytes.
const FIRST_REACH: u64 = 2 << 20;
const LONGEST_REACH: u64 = 16 << 20;

/// Blocks that one reader fetches at the same time.
const MOST_COMING: usize = 64;

/// How much is read from disk at once, in bytes.
const PIECE: u64 = 256 << 10;

/// Opens a range of a file and waits for its first byte. Dropping the stream takes back all that was
/// wanted for it.
pub(super) async fn open(
    root: Arc<Root>,
    file: Cid,
    layout: Arc<Layout>,
    range: Range<u64>,
    cx: &ReadCx,
) -> Result<ByteStream> {
    let mut reader = Reader::new(root, file, &layout, range, *cx);
    let Some(first) = reader.next(cx.first_byte).await? else {
        return Ok(stream::empty().boxed());
    };
    let rest = stream::try_unfold(reader, |mut reader| async move {
        let next = reader.next(reader.cx.stall).await?;
        Ok(next.map(|bytes| (bytes, reader)))
    });
    Ok(stream::once(async { Ok(first) }).chain(rest).boxed())
}

/// What became of a block that was asked for.
struct Came {
    /// Where its part starts.
    start: u64,
    place: Place,
    urgency: Urgency,
    charge: Option<Charge>,
    found: Result<Opened>,
}

/// One open range.
struct Reader {
    root: Arc<Root>,
    file: Cid,
    /// What is to come, by where it starts in the file: it covers the rest of the range without gaps.
    parts: BTreeMap<u64, Part>,
    coming: FuturesUnordered<BoxFuture<'static, Came>>,
    at: u64,
    end: u64,
    /// How far ahead is fetched, in bytes.
    reach: u64,
    /// Bytes handed out.
    read: u64,
    /// Everything before this was asked for.
    asked_to: u64,
    cx: ReadCx,
}

impl Reader {
    fn new(root: Arc<Root>, file: Cid, layout: &Layout, range: Range<u64>, cx: ReadCx) -> Self {
        let mut parts = BTreeMap::new();
        let here = Place {
            base: 0,
            end: layout.length,
            depth: 0,
        };
        expand(&mut parts, None, layout, None, &here, &range);
        Self {
            root,
            file,
            parts,
            coming: FuturesUnordered::new(),
            at: range.start,
            end: range.end,
            reach: FIRST_REACH,
            read: 0,
            asked_to: 0,
            cx,
        }
    }

    /// The next bytes, or none at the end of the range.
    async fn next(&mut self, patience: Duration) -> Result<Option<Bytes>> {
        while self.at < self.end {
            // Whatever came meanwhile makes room for more.
            while let Some(Some(came)) = self.coming.next().now_or_never() {
                self.settle(came);
            }
            self.look_ahead(patience);
            if let Some(bytes) = self.step(patience).await? {
                self.at += bytes.len() as u64;
                self.read += bytes.len() as u64;
                if self.read >= self.reach {
                    self.reach = (self.reach * 2).min(LONGEST_REACH);
                }
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }

    /// Does what the part at the front needs, and returns its bytes once they are there.
    async fn step(&mut self, patience: Duration) -> Result<Option<Bytes>> {
        let Some(front) = self.parts.first_entry() else {
            return Err(gap());
        };
        let start = *front.key();
        match front.get() {
            Part::Bad(error) => return Err(error.clone()),
            Part::Here(bytes, _) => {
                let skip = usize::try_from(self.at.saturating_sub(start)).unwrap_or(usize::MAX);
                let upto = usize::try_from(self.end - start).unwrap_or(usize::MAX);
                let upto = upto.min(bytes.len());
                if start > self.at || skip >= upto {
                    return Err(gap());
                }
                let bytes = bytes.slice(skip..upto);
                front.remove();
                return Ok(Some(bytes));
            }
            Part::Disk { cid, place, kept } => {
                let (cid, place, kept) = (*cid, *place, Arc::clone(kept));
                let is_raw = cid.codec() == RAW;
                if is_raw && let Some(bytes) = self.read(start, &place, &*kept).await {
                    return Ok(Some(bytes));
                }
                if !is_raw && let Some(bytes) = kept.read_all().await {
                    self.unfold(start, &place, None, &Block::held(cid, bytes));
                    return Ok(None);
                }
                // It was given up meanwhile, or the disk fails.
                self.parts.insert(start, Part::Link { cid, place });
                self.fetch(start, Urgency::Now, patience, None, u64::MAX);
            }
            Part::Link { .. } => self.ask(start, Urgency::Now, patience, None),
            Part::Coming {
                cid,
                is_urgent: false,
                ..
            } => {
                let cid = *cid;
                self.root.sources.hurry(&cid);
                if let Some(Part::Coming { is_urgent, .. }) = self.parts.get_mut(&start) {
                    *is_urgent = true;
                }
            }
            Part::Coming { .. } => {
                let came = self.coming.next().await.ok_or_else(gap)?;
                self.settle(came);
            }
        }
        Ok(None)
    }

    /// Asks for what comes next, as far as the window reaches.
    fn look_ahead(&mut self, patience: Duration) {
        let reach = self.at.saturating_add(self.reach);
        let nodes = reach.saturating_add(self.reach);
        while self.coming.len() < MOST_COMING {
            let from = self.asked_to;
            let mut ahead = self.parts.range(from..);
            let next = ahead.find_map(|(start, part)| match part {
                Part::Link { place, .. } => Some((*start, place.end)),
                _ => None,
            });
            let Some((start, end)) = next else {
                self.asked_to = self.end;
                return;
            };
            // What is longer than a block only names others, and is needed before they are.
            let is_node = end - start > LONGEST as u64;
            if start >= if is_node { nodes } else { reach } {
                return;
            }
            self.asked_to = start + 1;
            let is_first = start <= self.at;
            let bytes = (end - start).min(LONGEST as u64);
            let charge = budget::take(bytes);
            if charge.is_none() && !is_first {
                self.asked_to = start;
                return;
            }
            let urgency = if is_first {
                Urgency::Now
            } else {
                Urgency::Soon
            };
            self.ask(start, urgency, patience, charge);
        }
    }

    /// Reads the next bytes of a raw block on disk; none where it is gone.
    async fn read(&mut self, start: u64, place: &Place, kept: &dyn Stored) -> Option<Bytes> {
        let end = place.end.min(self.end);
        let upto = end.min(self.at + PIECE) - start;
        let inside = self.at.saturating_sub(start)..upto;
        let wanted = inside.end - inside.start;
        let bytes = kept.read(inside).await?;
        let is_some = !bytes.is_empty() && bytes.len() as u64 <= wanted;
        if self.at + bytes.len() as u64 >= end {
            self.parts.remove(&start);
        }
        is_some.then_some(bytes)
    }

    /// Finds the block of a part, or fetches it.
    fn ask(&mut self, start: u64, urgency: Urgency, within: Duration, charge: Option<Charge>) {
        if let Some(Part::Link { place, .. }) = self.parts.get(&start) {
            let covers = place.end - place.base;
            self.fetch(start, urgency, within, charge, covers);
        }
    }

    /// The same; what is on disk is read at once where it is not as long as this.
    fn fetch(
        &mut self,
        start: u64,
        urgency: Urgency,
        within: Duration,
        charge: Option<Charge>,
        covers: u64,
    ) {
        let Some(part) = self.parts.get_mut(&start) else {
            return;
        };
        let Part::Link { cid, place } = part else {
            return;
        };
        let (cid, place) = (*cid, *place);
        *part = Part::Coming {
            cid,
            is_urgent: urgency == Urgency::Now,
        };
        let root = Arc::clone(&self.root);
        let part = PartOfFile {
            file: self.file,
            bytes: start.max(self.at.min(place.end))..place.end,
            upto: self.end,
        };
        let fetch = async move {
            let mut want = root.want(urgency, within);
            want.part = Some(part);
            let found = root.open(&cid, covers, &want).await;
            Came {
                start,
                place,
                urgency,
                charge,
                found,
            }
        };
        self.coming.push(fetch.boxed());
    }

    /// Puts what came in its place.
    fn settle(&mut self, came: Came) {
        let Came { start, place, .. } = came;
        let Some(Part::Coming { cid, .. }) = self.parts.get(&start) else {
            return;
        };
        let cid = *cid;
        let part = match (came.found, came.urgency) {
            (Ok(Opened::Here(block)), _) => {
                return self.unfold(start, &place, came.charge, &block);
            }
            (Ok(Opened::OnDisk(kept)), _) => {
                if cid.codec() == RAW && kept.length() != place.end - place.base {
                    Part::Bad(corrupt(&cid, "it is not as long as its file says"))
                } else {
                    Part::Disk { cid, place, kept }
                }
            }
            // What was only wanted soon may still come once it is wanted now.
            (Err(_), Urgency::Soon) => Part::Link { cid, place },
            (Err(error), Urgency::Now) => Part::Bad(error),
        };
        self.parts.insert(start, part);
    }

    /// Puts what is in a block in its place.
    fn unfold(&mut self, start: u64, place: &Place, charge: Option<Charge>, block: &Block) {
        let cid = block.cid();
        match Layout::of(block).and_then(|layout| place.fits(cid, layout)) {
            Ok(layout) => {
                self.parts.remove(&start);
                let range = self.at.max(start)..self.end;
                expand(&mut self.parts, Some(cid), &layout, charge, place, &range);
                self.asked_to = self.asked_to.min(start);
            }
            Err(error) => {
                self.parts.insert(start, Part::Bad(error));
            }
        }
    }
}

/// Parts that were checked cover their range: where they do not, this program is wrong.
fn gap() -> Error {
    Error::internal("reading a file of blocks", "its parts leave a gap")
}
