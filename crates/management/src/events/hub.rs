//! Who listens, and what they are told.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::{
    Mutex, OwnedSemaphorePermit, Semaphore,
    broadcast::{Receiver, Sender},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::watch::{self, Seen};
use crate::{Plane, problem::Problem};

/// Listeners at most.
pub(crate) const LISTENERS: usize = 16;

/// Events that wait for a listener. Who is further behind is let go.
pub(crate) const BEHIND: usize = 32;

/// Something that happened. All listeners share one text of it.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    name: &'static str,
    data: Arc<str>,
}

impl Event {
    /// An event; none for what cannot be written as JSON.
    pub(super) fn new(name: &'static str, data: &impl Serialize) -> Option<Self> {
        let text = serde_json::to_string(data);
        let text = text.inspect_err(|error| tracing::error!(%error, name, "an event was lost"));
        let data = text.ok()?.into();
        Some(Self { name, data })
    }
}

/// Who listens.
pub(crate) struct Hub {
    events: Sender<Event>,
    places: Arc<Semaphore>,
    told: AtomicU64,
    /// Who looks what is new, while somebody listens.
    watch: Mutex<Option<AbortOnDropHandle<()>>>,
    /// Ends all listening.
    pub(crate) stop: CancellationToken,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            events: Sender::new(BEHIND),
            places: Arc::new(Semaphore::new(LISTENERS)),
            told: AtomicU64::new(0),
            watch: Mutex::default(),
            stop: CancellationToken::new(),
        }
    }
}

impl Hub {
    /// The place of one listener, if there is one left.
    pub(super) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// How many listen.
    pub(crate) fn listeners(&self) -> u64 {
        (LISTENERS - self.places.available_permits().min(LISTENERS)) as u64
    }

    /// Begins to listen, and has it watched what is new where nobody did.
    ///
    /// # Errors
    /// What kept the first look from being taken.
    pub(super) async fn join(&self, plane: &Arc<Plane>) -> Result<Receiver<Event>, Problem> {
        let mut watch = self.watch.lock().await;
        let receiver = self.events.subscribe();
        let is_watched = watch.as_ref().is_some_and(|watch| !watch.is_finished());
        if !is_watched {
            // What is new is new since before the listener is told everything.
            let seen = Seen::now(plane).await?;
            let watching = watch::watch(Arc::downgrade(plane), seen);
            #[expect(
                clippy::disallowed_methods,
                reason = "the handle is kept with the hub and aborts with it"
            )]
            let watching = AbortOnDropHandle::new(tokio::spawn(watching));
            *watch = Some(watching);
        }
        Ok(receiver)
    }

    /// Whether nobody listens any more; then whoever watches must end.
    pub(super) async fn is_over(&self) -> bool {
        let mut watch = self.watch.lock().await;
        let is_over = self.events.receiver_count() == 0;
        if is_over && let Some(watch) = watch.take() {
            // It ends by itself: it is who asks.
            drop(watch.detach());
        }
        is_over
    }

    /// Tells all who listen. Costs nothing where nobody does.
    pub(crate) fn tell(&self, name: &'static str, data: &impl Serialize) {
        if self.events.receiver_count() > 0
            && let Some(event) = Event::new(name, data)
        {
            // The last of them may have left at this moment.
            let _ = self.events.send(event);
        }
    }

    /// An event as it is sent, with a number above all before.
    pub(super) fn text(&self, event: &Event) -> Bytes {
        let number = self.told.fetch_add(1, Ordering::Relaxed) + 1;
        let Event { name, data } = event;
        format!("event: {name}\nid: {number}\ndata: {data}\n\n").into()
    }
}
