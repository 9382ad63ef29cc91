//! Fetching ahead of a reader: the swarm is joined before the reader comes to what is missing.

use std::ops::Range;

use futures_util::FutureExt;
use tokio_util::task::AbortOnDropHandle;
use universal_p2p_core::{Error, Result};
use universal_p2p_store::Held;
use universal_p2p_swarm::Need;

use super::media::{self, Edge};
use crate::{
    engine::{Fetch, Wish},
    file::Source,
    torrent::{Torrent, Visit},
};

/// How far ahead it is looked whether anything is missing, in bytes: seconds of a film.
const SIGHT: u64 = 16 << 20;

/// Whether a piece of this range is missing that will be wanted soon and is within reach.
pub(super) fn is_something_missing(torrent: &Torrent, range: Range<u64>, reach: u64) -> bool {
    let sight = SIGHT.min(reach);
    let sight = range.start..range.end.min(range.start.saturating_add(sight));
    let layout = torrent.object.layout();
    layout
        .chunks_of(&sight)
        .any(|piece| torrent.held(piece) == Held::Absent)
}

/// The fetching for one reader. It ends when this is dropped. Offsets are those of the torrent.
pub(super) struct Ahead {
    source: Source,
    at: u64,
    reach: u64,
    state: State,
    _visit: Visit,
}

enum State {
    Joining(AbortOnDropHandle<Result<Fetching>>),
    Fetching(Fetching),
    Failed(Error),
}

struct Fetching {
    here: Box<dyn Fetch>,
    /// What is fetched at the edges of a media file while its head is read.
    edges: Vec<Edge>,
}

impl Ahead {
    /// Begins to join the swarm and to fetch a range of a file that is about to be read.
    pub(super) fn begin(source: &Source, file: usize, range: Range<u64>, reach: u64) -> Self {
        let visit = source.torrent.visit();
        let (joined, at) = (source.clone(), range.start);
        let joining = async move {
            joined.engine.join(&joined.torrent).await?;
            let wish = Wish {
                need: Need::Now,
                reach,
            };
            let here = joined
                .engine
                .fetch(&joined.torrent, file, range.clone(), wish);
            Ok(Fetching {
                here,
                edges: media::edges(&joined, file, range, reach),
            })
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "the handle is kept and aborts with the reader"
        )]
        let joining = AbortOnDropHandle::new(tokio::spawn(joining));
        Self {
            source: source.clone(),
            at,
            reach,
            state: State::Joining(joining),
            _visit: visit,
        }
    }

    /// Says where the reader is now, and how far ahead may be fetched.
    pub(super) fn move_to(&mut self, at: u64, reach: u64) {
        (self.at, self.reach) = (at, reach);
        if let State::Joining(joining) = &mut self.state
            && let Some(joined) = joining.now_or_never()
        {
            self.joined(joined);
        }
        if let State::Fetching(fetching) = &mut self.state {
            fetching.here.move_to(at, reach);
            media::drop_arrived(&mut fetching.edges, &self.source.torrent);
        }
    }

    /// Waits until the swarm is joined.
    pub(super) async fn connected(&mut self) -> Result<()> {
        if let State::Joining(joining) = &mut self.state {
            let joined = joining.await;
            self.joined(joined);
        }
        match &self.state {
            State::Failed(error) => Err(error.clone()),
            State::Joining(_) | State::Fetching(_) => Ok(()),
        }
    }

    fn joined(&mut self, joined: std::result::Result<Result<Fetching>, tokio::task::JoinError>) {
        let joined = joined.map_err(|error| Error::internal("joining a swarm", error));
        self.state = match joined.and_then(|joined| joined) {
            Ok(fetching) => {
                fetching.here.move_to(self.at, self.reach);
                State::Fetching(fetching)
            }
            Err(error) => State::Failed(error),
        };
    }
}
