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
use crate::{Block, Part as PartOfFile, Urgency, block::LONGEST};
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
    block: Result<Block>,
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
            Part::Disk { cid, end } => {
                let (cid, end) = (*cid, *end);
                let upto = end.min(self.end).min(self.at + PIECE);
                let inside = self.at.saturating_sub(start)..upto.saturating_sub(start);
                let wanted = inside.end - inside.start;
                let read = self.root.sources.local().read(cid.hash(), inside).await?;
                match read.filter(|bytes| !bytes.is_empty() && bytes.len() as u64 <= wanted) {
                    Some(bytes) => {
                        if self.at + bytes.len() as u64 >= end.min(self.end) {
                            self.parts.remove(&start);
                        }
                        return Ok(Some(bytes));
                    }
                    // It was given up meanwhile.
                    None => {
                        let place = Place {
                            base: start,
                            end,
                            depth: 0,
                        };
                        self.parts.insert(start, Part::Link { cid, place });
                        self.ask(start, Urgency::Now, patience, None);
                    }
                }
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
                Part::Link { cid, place } => Some((*start, *cid, place.end)),
                _ => None,
            });
            let Some((start, cid, end)) = next else {
                self.asked_to = self.end;
                return;
            };
            // What is longer than a block only names others, and is needed before they are.
            let is_node = end - start > LONGEST as u64;
            if start >= if is_node { nodes } else { reach } {
                return;
            }
            self.asked_to = start + 1;
            if self.find_at_hand(start) {
                continue;
            }
            let is_first = start <= self.at;
            let bytes = (end - start).min(LONGEST as u64);
            let charge = budget::take(bytes);
            if charge.is_none() && !is_first {
                self.asked_to = start;
                return;
            }
            let is_local = self.root.sources.length_at_hand(&cid).is_some();
            let urgency = if is_first || is_local {
                Urgency::Now
            } else {
                Urgency::Soon
            };
            self.ask(start, urgency, patience, charge);
        }
    }

    /// Takes a raw block that is on disk as it is: it is read when the reader comes to it.
    fn find_at_hand(&mut self, start: u64) -> bool {
        let Some(Part::Link { cid, place }) = self.parts.get(&start) else {
            return false;
        };
        let (cid, place) = (*cid, *place);
        if cid.codec() != RAW || Block::inline(&cid).is_some() {
            return false;
        }
        let Some(length) = self.root.sources.local().length(cid.hash()) else {
            return false;
        };
        let part = if length == place.end - place.base {
            Part::Disk {
                cid,
                end: place.end,
            }
        } else {
            Part::Bad(corrupt(&cid, "it is not as long as its file says"))
        };
        self.parts.insert(start, part);
        true
    }

    /// Fetches the block of a part.
    fn ask(&mut self, start: u64, urgency: Urgency, within: Duration, charge: Option<Charge>) {
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
            let block = root.get(&cid, &want).await;
            Came {
                start,
                place,
                urgency,
                charge,
                block,
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
        let block = match (came.block, came.urgency) {
            (Ok(block), _) => block,
            // What was only wanted soon may still come once it is wanted now.
            (Err(_), Urgency::Soon) => {
                self.parts.insert(start, Part::Link { cid, place });
                return;
            }
            (Err(error), Urgency::Now) => {
                self.parts.insert(start, Part::Bad(error));
                return;
            }
        };
        match Layout::of(&block).and_then(|layout| place.fits(&cid, layout)) {
            Ok(layout) => {
                self.parts.remove(&start);
                let range = self.at.max(start)..self.end;
                expand(
                    &mut self.parts,
                    Some(&cid),
                    &layout,
                    came.charge,
                    &place,
                    &range,
                );
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
