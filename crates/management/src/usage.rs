//! What takes the room, by protocol, by item or by site.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use universal_p2p_store::{ItemReport, SiteReport};
use utoipa::ToSchema;

use crate::{
    Plane,
    call::{Parameters, parameters},
    problem::Problem,
};

/// The most rows in an answer, largest first: the rest is small.
const MOST: usize = 10_000;

/// What is counted together.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum By {
    Protocol,
    Item,
    Site,
}

/// How the room is to be divided.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    #[param(inline)]
    by: By,
}

/// The room, divided.
#[derive(Serialize, ToSchema)]
pub(crate) struct Usage {
    by: By,
    /// Number of rows there are; an answer has the 10,000 largest.
    total: usize,
    rows: Vec<Row>,
}

/// What one protocol, item or site takes.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = UsageRow)]
pub(crate) enum Row {
    Protocol {
        protocol: &'static str,
        items: u64,
        disk: u64,
        served: u64,
    },
    Item {
        protocol: &'static str,
        id: String,
        name: Option<String>,
        disk: u64,
        served: u64,
    },
    Site(SiteReport),
}

/// What takes the room, the largest first.
#[utoipa::path(
    get,
    path = "/api/v0/usage",
    params(Wanted),
    responses(
        (status = 200, description = "The room, divided", body = Usage),
    )
)]
pub(crate) async fn usage(
    State(plane): State<Arc<Plane>>,
    wanted: Parameters<Wanted>,
) -> Result<Json<Usage>, Problem> {
    let Wanted { by } = parameters(wanted)?;
    let rows = plane.on_disk(move |store| match by {
        By::Protocol => Ok(by_protocol(&store.items())),
        By::Item => Ok(store.items().into_iter().map(Row::from).collect()),
        By::Site => store
            .sites()
            .map(|sites| sites.into_iter().map(Row::Site).collect()),
    });
    let mut rows: Vec<Row> = rows.await??;
    let total = rows.len();
    rows.sort_by_key(|row| std::cmp::Reverse(row.size()));
    rows.truncate(MOST);
    Ok(Json(Usage { by, total, rows }))
}

fn by_protocol(reports: &[ItemReport]) -> Vec<Row> {
    let mut sums = BTreeMap::<_, (u64, u64, u64)>::new();
    for report in reports {
        let (items, disk, served) = sums.entry(report.protocol).or_default();
        *items += 1;
        *disk = disk.saturating_add(report.disk);
        *served = served.saturating_add(report.served);
    }
    let row = |(protocol, (items, disk, served))| Row::Protocol {
        protocol,
        items,
        disk,
        served,
    };
    sums.into_iter().map(row).collect()
}

impl From<ItemReport> for Row {
    fn from(report: ItemReport) -> Self {
        let ItemReport {
            protocol,
            id,
            name,
            disk,
            served,
            ..
        } = report;
        Self::Item {
            protocol,
            id,
            name,
            disk,
            served,
        }
    }
}

impl Row {
    /// What it is sorted by.
    fn size(&self) -> (u64, u64) {
        match self {
            Self::Protocol { disk, served, .. } | Self::Item { disk, served, .. } => {
                (*disk, *served)
            }
            Self::Site(site) => (site.disk, site.served),
        }
    }
}
