//! Where the bytes of an entry are that is split over many volumes, without reading all of these.
//!
//! Reading the header of every volume would cost a chunk of each. All volumes of a set but the last are
//! of one length and made alike, so the first two tell how much of the entry every one holds. What was
//! foretold of a volume is compared with its own header when the volume is first read from, and where it
//! was wrong, all headers are read.

use std::{
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::OnceCell;
use universal_p2p_core::{ByteStream, ReadCx, Result};

use super::{
    header::{FileHeader, corrupt},
    join::{self, Joined},
    scan::{self, Part, Reach, Volume},
};
use crate::{
    Limits, Source,
    content::{Content, Segment},
    map,
};

/// From this volume on, the volume's own number takes a byte more in headers of RAR 5: 128 and 16384.
const GROWTH: [usize; 2] = [1 << 7, 1 << 14];

/// Bytes behind an entry's last part in which no other entry's header has room.
const NO_ROOM: u64 = 32;

/// An entry in two or more volumes of which not all were read yet.
pub(crate) struct Predicted {
    /// The volumes that it is in, from the set's first.
    volumes: Vec<Source>,
    limits: Limits,
    /// Its header in the first volume.
    header: FileHeader,
    /// Where the bytes of every volume begin and end in the entry.
    spans: Vec<Range<u64>>,
    /// Its bytes in every volume, once compared.
    known: Mutex<Vec<Option<Segment>>>,
    /// Its bytes in all volumes, once the prediction was wrong.
    indexed: OnceCell<Vec<Segment>>,
}

impl Predicted {
    /// Foretells the one split entry of a set from its first two volumes, or does not dare to.
    pub(super) fn new(
        sources: &[Source],
        first: &Volume,
        second: &Volume,
        limits: &Limits,
    ) -> Option<Self> {
        let [head, next] = [first.parts.last()?, second.parts.first()?];
        let header = &head.header;
        let length = header.length?;
        let fits = header.is_split_after
            && !header.is_split_before
            && !header.is_encrypted
            && header.method == 0
            && next.header.is_split_before
            && next.header.is_split_after
            && next.header.method == 0
            && next.header.name == header.name
            && next.header.length == Some(length);
        let front = next.data.start;
        let each = sources.get(1)?.length();
        let whole = |number: usize| {
            let growth = GROWTH
                .iter()
                .filter(|from| number >= **from && second.is_five)
                .count();
            let length = next.data.end.checked_sub(front)?.checked_sub(growth as u64);
            length.filter(|length| *length > 0)
        };
        let mut spans = Vec::with_capacity(sources.len());
        spans.push(0..head.data.end - head.data.start);
        let (last, middle) = sources.split_last().filter(|_| fits && sources.len() > 2)?;
        for (number, source) in middle.iter().enumerate().skip(1) {
            let at = spans.last()?.end;
            spans.push(at..at.checked_add(whole(number).filter(|_| source.length() == each)?)?);
        }
        let at = spans.last()?.end;
        let rest = length.checked_sub(at).filter(|rest| *rest > 0)?;
        // What the last one has besides may be other entries; these are for the caller to look for.
        last.length().checked_sub(front)?.checked_sub(rest)?;
        spans.push(at..length);
        let mut known = vec![None; sources.len()];
        for (slot, (source, part)) in known.iter_mut().zip(sources.iter().zip([head, next])) {
            *slot = Some(segment(source, part));
        }
        Some(Self {
            volumes: sources.to_vec(),
            limits: limits.clone(),
            header: header.clone(),
            spans,
            known: Mutex::new(known),
            indexed: OnceCell::new(),
        })
    }

    /// Whether the last volume may hold more than the entry's last part.
    pub(super) fn has_room_behind(&self, second: &Volume) -> bool {
        let rest = self.spans.last().map_or(0, |span| span.end - span.start);
        let front = second.parts.first().map_or(0, |part| part.data.start);
        let last = self.volumes.last().map_or(0, Source::length);
        last.saturating_sub(front).saturating_sub(rest) > NO_ROOM
    }

    /// Takes over what the last volume was found to hold; `false` where it was foretold wrongly.
    pub(super) fn confirm_last(&mut self, last: &Volume) -> bool {
        let number = self.volumes.len() - 1;
        let part = last
            .parts
            .first()
            .and_then(|part| self.compare(number, part));
        self.header.checksum = last.parts.first().and_then(|part| part.header.checksum);
        let is_right = part.is_some();
        let known = self.known.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = known.last_mut() {
            *slot = part;
        }
        is_right
    }

    /// Length in bytes.
    pub(super) fn length(&self) -> u64 {
        self.spans.last().map_or(0, |span| span.end)
    }

    /// Its header: of the first part, or of the last where that was read.
    pub(super) fn header(&self) -> &FileHeader {
        &self.header
    }

    /// Opens a range of it.
    ///
    /// # Errors
    /// [`universal_p2p_core::Error::Corrupt`] where the volumes contradict each other; whatever keeps
    /// the first byte away.
    pub(crate) async fn open(
        self: &Arc<Self>,
        range: Range<u64>,
        cx: &ReadCx,
    ) -> Result<ByteStream> {
        if range.is_empty() {
            return Ok(stream::empty().boxed());
        }
        let (entry, cx) = (self.clone(), *cx);
        let (first, then) = entry.clone().piece(range.clone(), &cx).await?;
        let rest = stream::try_unfold(then..range.end, move |left| {
            let entry = entry.clone();
            async move {
                if left.is_empty() {
                    return Ok(None);
                }
                let end = left.end;
                let (bytes, then) = entry.continued(left, &cx).await?;
                Ok(Some((bytes, then..end)))
            }
        });
        Ok(first.chain(rest.try_flatten()).boxed())
    }

    /// The bytes of a range that are in the volume of its first byte, and where they end.
    async fn piece(self: Arc<Self>, range: Range<u64>, cx: &ReadCx) -> Result<(ByteStream, u64)> {
        if let Some(number) = self.number(range.start)
            && let Some(segment) = self.segment(number, cx).await?
            && let Some(span) = self.spans.get(number)
        {
            let end = range.end.min(span.end);
            let within = range.start - span.start..end - span.start;
            return Ok((map::open(&[segment], within, cx).await?, end));
        }
        let segments = self.index_all(cx).await?;
        Ok((map::open(segments, range.clone(), cx).await?, range.end))
    }

    /// The next piece of a range whose bytes up to here were given already.
    ///
    /// Where only now all headers are read, what was given must have ended where this begins.
    async fn continued(
        self: Arc<Self>,
        left: Range<u64>,
        cx: &ReadCx,
    ) -> Result<(ByteStream, u64)> {
        let at = left.start;
        let piece = self.clone().piece(left, cx).await?;
        let agrees = self.indexed.get().is_none_or(|segments| {
            let number = self.number(at).unwrap_or(0);
            let before = segments
                .iter()
                .take(number)
                .map(|part| u128::from(part.length()));
            before.sum::<u128>() == u128::from(at)
        });
        match agrees {
            true => Ok(piece),
            false => Err(corrupt("its volumes are not as its first ones foretold")),
        }
    }

    /// The volume that a byte is in.
    fn number(&self, at: u64) -> Option<usize> {
        let number = self.spans.partition_point(|span| span.end <= at);
        (number < self.spans.len()).then_some(number)
    }

    /// The entry's bytes in a volume; `None` where they were foretold wrongly.
    async fn segment(&self, number: usize, cx: &ReadCx) -> Result<Option<Segment>> {
        if self.indexed.get().is_some() {
            return Ok(None);
        }
        let known = self
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(number)
            .cloned();
        if let Some(Some(segment)) = known {
            return Ok(Some(segment));
        }
        let Some(source) = self.volumes.get(number) else {
            return Ok(None);
        };
        let volume = scan::volume(source, Reach::First, &self.limits, cx).await?;
        let segment = volume
            .parts
            .first()
            .and_then(|part| self.compare(number, part));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = known.get_mut(number) {
            slot.clone_from(&segment);
        }
        Ok(segment)
    }

    /// A volume's part of the entry, if it is as foretold.
    fn compare(&self, number: usize, part: &Part) -> Option<Segment> {
        let (header, span) = (&part.header, self.spans.get(number)?);
        let is_last = number + 1 == self.spans.len();
        let is_right = header.is_split_before
            && header.is_split_after != is_last
            && header.method == 0
            && !header.is_encrypted
            && header.name == self.header.name
            && part.data.end - part.data.start == span.end - span.start;
        is_right.then_some(segment(self.volumes.get(number)?, part))
    }

    /// The entry's bytes in all volumes, from all their headers.
    async fn index_all(&self, cx: &ReadCx) -> Result<&[Segment]> {
        let segments = self.indexed.get_or_try_init(|| async {
            tracing::debug!("the volumes of a rar set are not alike: reading all headers");
            let volumes = super::all(&self.volumes, Vec::new(), &self.limits, cx).await?;
            let mut joined = join::join(&self.volumes, &volumes).into_iter();
            let own = joined.find(|joined: &Joined| joined.last.name == self.header.name);
            let own = own.filter(|own| !own.is_cut && own.last.method == 0);
            let segments = own.map(|own| own.segments).unwrap_or_default();
            if segments
                .iter()
                .map(|part| u128::from(part.length()))
                .sum::<u128>()
                != u128::from(self.length())
            {
                return Err(corrupt("its volumes hold less than they say"));
            }
            Ok(segments)
        });
        segments.await.map(Vec::as_slice)
    }
}

/// As the content of an entry.
impl From<Predicted> for Content {
    fn from(predicted: Predicted) -> Self {
        Self::Predicted(Arc::new(predicted))
    }
}

fn segment(source: &Source, part: &Part) -> Segment {
    Segment {
        source: source.clone(),
        range: part.data.clone(),
    }
}
