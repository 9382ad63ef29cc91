//! Streams that are open.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Serialize;
use universal_p2p_core::{Id, Item, Vitals};
use universal_p2p_store::{StreamReport, Waiting};
use utoipa::ToSchema;

use crate::{Plane, problem::Problem};

/// Streams that are open, the oldest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Streams {
    pub(crate) streams: Vec<Stream>,
}

/// A stream that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Stream {
    #[serde(flatten)]
    report: StreamReport,
    /// Peers connected for its item.
    peers: u64,
    /// What it waits for; null while it flows.
    waits_for: Option<WaitsFor>,
}

/// What a stream waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WaitsFor {
    /// What was asked for is being looked for.
    Metadata,
    /// Nobody is connected who may have it.
    Peers,
    /// Bytes from its network.
    Data,
    /// Room on disk.
    Room,
    /// Its client takes no more.
    Client,
    /// What is packed is being unpacked.
    Decoder,
}

impl Plane {
    /// The streams that are open.
    pub(crate) async fn streams(&self) -> Result<Vec<Stream>, Problem> {
        let reports = self.on_disk(|store| store.streams()).await?;
        Ok(reports
            .into_iter()
            .map(|report| self.stream(report))
            .collect())
    }

    fn stream(&self, report: StreamReport) -> Stream {
        let item = Id::new(&report.id).ok().map(|id| Item {
            protocol: report.protocol,
            id,
        });
        let vitals = item.as_ref().and_then(|item| self.vitals(item));
        let coming = item.map_or(0, |item| self.coming(&item, vitals));
        Stream {
            peers: vitals.map_or(0, |vitals| vitals.peers),
            waits_for: waits_for(&report, vitals, coming > 0),
            report,
        }
    }
}

/// What a stream waits for, by whose turn it is and how its item is doing.
fn waits_for(report: &StreamReport, vitals: Option<Vitals>, is_coming: bool) -> Option<WaitsFor> {
    match report.waiting {
        Waiting::Nothing => None,
        Waiting::Finding => Some(WaitsFor::Metadata),
        Waiting::Room => Some(WaitsFor::Room),
        Waiting::Client => Some(WaitsFor::Client),
        Waiting::Source => Some(match vitals {
            Some(Vitals { peers: 0, .. }) if !is_coming => WaitsFor::Peers,
            // Nothing comes, and nobody is missing: what is there is being worked on.
            _ if report.is_unpacked && !is_coming => WaitsFor::Decoder,
            _ => WaitsFor::Data,
        }),
    }
}

/// Streams that are open, for whom, how far they are and what they wait for.
#[utoipa::path(
    get,
    path = "/api/v0/streams",
    responses((status = 200, description = "The streams that are open", body = Streams))
)]
pub(crate) async fn list(State(plane): State<Arc<Plane>>) -> Result<Json<Streams>, Problem> {
    let streams = plane.streams().await?;
    Ok(Json(Streams { streams }))
}

#[cfg(test)]
mod tests {
    use universal_p2p_core::Evidence;

    use super::*;

    fn report(waiting: Waiting, is_unpacked: bool) -> StreamReport {
        StreamReport {
            number: 1,
            protocol: "fake",
            id: "a".into(),
            name: None,
            path: String::new(),
            length: None,
            position: None,
            speed: 0,
            site: String::new(),
            evidence: Evidence::Unknown,
            since: 0,
            served: 0,
            is_unpacked,
            waiting,
        }
    }

    #[test]
    fn what_is_waited_for_follows_from_who_is_there() {
        let peers = |peers| Some(Vitals { peers, speed: None });
        for (waiting, unpacked, vitals, coming, wants) in [
            (Waiting::Nothing, false, peers(0), false, None),
            (
                Waiting::Finding,
                false,
                None,
                false,
                Some(WaitsFor::Metadata),
            ),
            (Waiting::Room, true, peers(3), true, Some(WaitsFor::Room)),
            (
                Waiting::Client,
                false,
                peers(0),
                false,
                Some(WaitsFor::Client),
            ),
            (
                Waiting::Source,
                false,
                peers(0),
                false,
                Some(WaitsFor::Peers),
            ),
            (
                Waiting::Source,
                true,
                peers(0),
                false,
                Some(WaitsFor::Peers),
            ),
            (
                Waiting::Source,
                false,
                peers(3),
                false,
                Some(WaitsFor::Data),
            ),
            (Waiting::Source, false, None, false, Some(WaitsFor::Data)),
            (Waiting::Source, true, peers(3), true, Some(WaitsFor::Data)),
            (
                Waiting::Source,
                true,
                peers(3),
                false,
                Some(WaitsFor::Decoder),
            ),
            (Waiting::Source, true, None, false, Some(WaitsFor::Decoder)),
        ] {
            let told = waits_for(&report(waiting, unpacked), vitals, coming);
            assert_eq!(told, wants, "{waiting:?} {unpacked} {vitals:?} {coming}");
        }
    }
}
