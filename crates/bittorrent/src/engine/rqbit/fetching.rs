//! Telling librqbit where a reader is.
//!
//! Its streams are opened and moved but never read: the position alone makes it fetch the pieces
//! from there onwards, 32 MiB ahead, and the arrival is seen in the store.

use std::{
    io::SeekFrom,
    pin::Pin,
    sync::{Arc, Mutex},
};

use librqbit::ManagedTorrent;
use tokio::{io::AsyncSeek, sync::watch};
use tokio_util::task::AbortOnDropHandle;

use crate::{engine::Fetch, torrent::guard};

/// The place of one reader.
#[derive(Default)]
struct Place {
    offset: u64,
    stream: Option<Pin<Box<dyn AsyncSeek + Send>>>,
}

impl Place {
    fn apply(&mut self) {
        if let Some(stream) = &mut self.stream
            && let Err(error) = stream.as_mut().start_seek(SeekFrom::Start(self.offset))
        {
            tracing::debug!(%error, "the stream cannot be moved");
        }
    }
}

/// A stream that follows its reader, and the torrent through restarts.
pub(super) struct Fetching {
    place: Arc<Mutex<Place>>,
    _following: AbortOnDropHandle<()>,
}

impl Fetching {
    pub(super) fn start(
        mut current: watch::Receiver<Option<Arc<ManagedTorrent>>>,
        file: usize,
        offset: u64,
    ) -> Self {
        let place = Arc::new(Mutex::new(Place {
            offset,
            stream: None,
        }));
        let followed = Arc::clone(&place);
        let following = async move {
            loop {
                let torrent = current.borrow_and_update().clone();
                guard(&followed).stream = None;
                if let Some(torrent) = torrent {
                    match torrent.stream(file).await {
                        Ok(stream) => {
                            let mut place = guard(&followed);
                            place.stream = Some(Box::pin(stream));
                            place.apply();
                        }
                        Err(error) => tracing::debug!(%error, "no stream"),
                    }
                }
                if current.changed().await.is_err() {
                    return;
                }
            }
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "the handle is kept with the place and aborts with it"
        )]
        let following = AbortOnDropHandle::new(tokio::spawn(following));
        Self {
            place,
            _following: following,
        }
    }
}

impl Fetch for Fetching {
    fn move_to(&self, offset: u64) {
        let mut place = guard(&self.place);
        if place.offset != offset {
            place.offset = offset;
            place.apply();
        }
    }
}
