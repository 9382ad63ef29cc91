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

/// How many read a torrent, and whether anybody has since it was last looked at.
#[derive(Default)]
pub(super) struct Readers(Mutex<(usize, bool)>);

impl Readers {
    fn enter(&self) {
        guard(&self.0).0 += 1;
    }

    fn leave(&self) {
        let mut readers = guard(&self.0);
        *readers = (readers.0 - 1, true);
    }

    /// Whether there were readers and the last has left. Asked again, it is not news any more.
    pub(super) fn all_left(&self) -> bool {
        let mut readers = guard(&self.0);
        readers.0 == 0 && std::mem::take(&mut readers.1)
    }
}

/// The place of one reader.
#[derive(Default)]
struct Place {
    /// Where the file starts in the torrent.
    file_starts: u64,
    at: u64,
    stream: Option<Pin<Box<dyn AsyncSeek + Send>>>,
}

impl Place {
    fn apply(&mut self) {
        if let Some(stream) = &mut self.stream
            && let Err(error) = stream
                .as_mut()
                .start_seek(SeekFrom::Start(self.at - self.file_starts))
        {
            tracing::debug!(%error, "the stream cannot be moved");
        }
    }
}

/// A stream that follows its reader, and the torrent through restarts.
pub(super) struct Fetching {
    readers: Arc<Readers>,
    place: Arc<Mutex<Place>>,
    _following: AbortOnDropHandle<()>,
}

impl Fetching {
    pub(super) fn start(
        readers: &Arc<Readers>,
        mut current: watch::Receiver<Option<Arc<ManagedTorrent>>>,
        (file, file_starts): (usize, u64),
        at: u64,
    ) -> Self {
        readers.enter();
        let place = Arc::new(Mutex::new(Place {
            file_starts,
            at,
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
            readers: Arc::clone(readers),
            place,
            _following: following,
        }
    }
}

impl Drop for Fetching {
    fn drop(&mut self) {
        self.readers.leave();
    }
}

impl Fetch for Fetching {
    fn move_to(&self, at: u64, _: u64) {
        let mut place = guard(&self.place);
        if place.at != at {
            place.at = at;
            place.apply();
        }
    }
}
