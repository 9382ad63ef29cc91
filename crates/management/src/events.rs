//! What happens, as it happens: server-sent events.
//!
//! Nothing is watched while nobody listens. The first listener has one task started that looks at
//! everything once a second and tells all listeners what is new; it ends with the last of them. Each
//! listener is first told everything. Who is too far behind is let go, and begins anew.

mod hub;
mod shares;
mod watch;

use std::{convert::Infallible, sync::Arc, time::Duration, vec};

use axum::{
    body::Body,
    extract::State,
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use tokio::{
    sync::{OwnedSemaphorePermit, broadcast::Receiver},
    time::sleep,
};
use utoipa::ToSchema;

use crate::{Plane, problem::Problem};
use hub::Event;
pub(crate) use hub::Hub;

/// How long a listener hears nothing.
const BEAT: Duration = Duration::from_secs(15);

/// An event as a listener reads it.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "only its description is used: it is written as text"
)]
pub(crate) struct Told {
    /// `status`, `streams`, `items`, `collection`, `settings` or `share`; later versions may tell of more.
    event: String,
    /// A number above those of all events before.
    id: String,
    /// What is told, as JSON.
    data: String,
}

/// Somebody who listens.
struct Listener {
    plane: Arc<Plane>,
    /// What it is told first.
    first: vec::IntoIter<Event>,
    events: Receiver<Event>,
    _place: OwnedSemaphorePermit,
}

/// Server-sent events: first everything, then what changes.
///
/// `status`, `streams` and `items` come first and whenever they changed, at most once a second, of items
/// only those that changed; `collection` and `settings` when something happens; `share` when a share
/// is new or changed, with `"state":"gone"` when it is shared no more. A comment comes every 15
/// seconds. At most 16 may listen; who reads too slowly is let go.
#[utoipa::path(
    get,
    path = "/api/v0/events",
    responses(
        (status = 200, description = "Events, until either side ends it", body = Told, content_type = "text/event-stream"),
    )
)]
pub(crate) async fn events(State(plane): State<Arc<Plane>>) -> Result<Response, Problem> {
    let Some(place) = plane.events.place() else {
        let detail = "16 listeners are connected already; close one of them";
        let refused = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail);
        return Err(refused.with(RETRY_AFTER, HeaderValue::from_static("5")));
    };
    // Before everything is told, so that what changes meanwhile is told after it.
    let events = plane.events.join(&plane).await?;
    let first = watch::everything(&plane).await?.into_iter();
    let listener = Listener {
        plane,
        first,
        events,
        _place: place,
    };
    let texts = stream::unfold(listener, |mut listener| async move {
        let text = listener.next().await?;
        Some((Ok::<_, Infallible>(text), listener))
    });
    let media_type = [(CONTENT_TYPE, "text/event-stream")];
    Ok((media_type, Body::from_stream(texts)).into_response())
}

impl Listener {
    /// The next it hears; none where it is let go.
    async fn next(&mut self) -> Option<Bytes> {
        let hub = &self.plane.events;
        if let Some(event) = self.first.next() {
            return Some(hub.text(&event));
        }
        tokio::select! {
            biased;
            () = hub.stop.cancelled() => None,
            event = self.events.recv() => Some(hub.text(&event.ok()?)),
            () = sleep(BEAT) => Some(Bytes::from_static(b": still here\n\n")),
        }
    }
}
