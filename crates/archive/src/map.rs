//! Reading entries that lie in outer files as they are.

use std::{collections::VecDeque, ops::Range};

use futures_util::{StreamExt, stream};
use universal_p2p_core::{ByteStream, ReadCx, Result};

use crate::content::Segment;

/// Opens a range of what the segments make up together.
///
/// The first segment is opened at once, the others when the reader gets there, so that a jump into
/// the last volume of many asks for that one alone.
pub(crate) async fn open(
    segments: &[Segment],
    range: Range<u64>,
    cx: &ReadCx,
) -> Result<ByteStream> {
    let mut waiting = parts(segments, range);
    let Some(first) = waiting.pop_front() else {
        return Ok(stream::empty().boxed());
    };
    let (cx, first) = (*cx, first.source.open(first.range, cx).await?);
    let rest = stream::iter(waiting).then(move |part| async move {
        let opened = part.source.open(part.range, &cx).await;
        opened.unwrap_or_else(|error| stream::once(async { Err(error) }).boxed())
    });
    Ok(first.chain(rest.flatten()).boxed())
}

/// The parts of the segments that a range is in.
fn parts(segments: &[Segment], range: Range<u64>) -> VecDeque<Segment> {
    let mut parts = VecDeque::new();
    let mut at = 0;
    for segment in segments {
        // Headers may claim more than there can be; reading that is refused by the source.
        let (start, end) = (at, u64::saturating_add(at, segment.length()));
        at = end;
        let (from, upto) = (range.start.max(start), range.end.min(end));
        if from < upto {
            let first = segment.range.start + (from - start);
            parts.push_back(Segment {
                source: segment.source.clone(),
                range: first..first + (upto - from),
            });
        }
    }
    parts
}

#[cfg(test)]
mod fuzz;
