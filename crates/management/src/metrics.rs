//! Figures for Prometheus, by its conventions of names and units.

use std::{collections::BTreeMap, fmt, sync::Arc};

use axum::{
    extract::State,
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, text},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::{Registry, Unit},
};
use universal_p2p_store::{DiskUse, Traffic};

use crate::{Plane, problem::Problem, status::Network};

/// The form of the answer.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All figures at one moment.
#[derive(Debug)]
struct Figures {
    version: &'static str,
    started: u64,
    disk: DiskUse,
    /// Items and their bytes on disk, by network.
    items: BTreeMap<&'static str, (u64, u64)>,
    networks: Vec<Network>,
    traffic: Vec<Traffic>,
    opened: u64,
    collections: u64,
    collected: u64,
    listeners: u64,
}

/// Figures for Prometheus (OpenMetrics 1.0).
#[utoipa::path(
    get,
    path = "/metrics",
    responses((status = 200, description = "All figures", body = String, content_type = "application/openmetrics-text"))
)]
pub(crate) async fn metrics(State(plane): State<Arc<Plane>>) -> Result<Response, Problem> {
    let figures = Figures::now(&plane).await?;
    let mut registry = Registry::with_prefix("universal_p2p");
    registry.register_collector(Box::new(figures));
    let mut answer = String::new();
    text::encode(&mut answer, &registry).map_err(|error| Problem::internal("metrics", error))?;
    Ok(([(CONTENT_TYPE, OPEN_METRICS)], answer).into_response())
}

impl Figures {
    async fn now(plane: &Plane) -> Result<Self, Problem> {
        let on_disk = plane.on_disk(|store| {
            let mut items = BTreeMap::<_, (u64, u64)>::new();
            for item in store.items() {
                let (count, bytes) = items.entry(item.protocol).or_default();
                *count += 1;
                *bytes = bytes.saturating_add(item.disk);
            }
            let (collections, collected) = store.collected();
            (
                store.disk_use(),
                items,
                store.traffic(),
                store.streams_opened(),
                collections,
                collected,
            )
        });
        let (disk, items, traffic, opened, collections, collected) = on_disk.await?;
        Ok(Self {
            version: plane.facts.version,
            started: plane.started(),
            disk,
            items,
            networks: plane.networks(),
            traffic,
            opened,
            collections,
            collected,
            listeners: plane.events.listeners(),
        })
    }

    /// What has one value.
    fn single(&self, writer: &mut Writer<'_, '_>) -> fmt::Result {
        let disk = &self.disk;
        for (name, help, value) in [
            ("disk_limit", "Most that may be kept on disk", disk.limit),
            ("disk_used", "Allocated in the data directory", disk.used),
            ("disk_free", "Free on the file system", disk.free),
            (
                "disk_keep_free",
                "What stays free on the file system",
                disk.keep_free,
            ),
            ("disk_pinned", "Used by items that are pinned", disk.pinned),
            (
                "disk_in_use",
                "Used by other items that are read",
                disk.in_use,
            ),
            ("disk_documents", "Used by metadata", disk.documents),
            ("disk_own", "Used by the index and by networks", disk.own),
        ] {
            writer.gauge(name, help, Some(&Unit::Bytes), value)?;
        }
        writer.gauge(
            "start_time",
            "When it was ready, since 1970",
            Some(&Unit::Seconds),
            self.started,
        )?;
        writer.gauge("streams", "Streams that are open", None, disk.streams)?;
        writer.gauge(
            "event_listeners",
            "Who listens to events",
            None,
            self.listeners,
        )?;
        writer.counter(
            "streams_opened",
            "Streams that were opened",
            None,
            self.opened,
        )?;
        writer.counter(
            "collections",
            "Times that room was made",
            None,
            self.collections,
        )?;
        let freed = "Freed to make room";
        writer.counter("collected", freed, Some(&Unit::Bytes), self.collected)
    }

    /// What has a value for each network.
    fn by_network(&self, writer: &mut Writer<'_, '_>) -> fmt::Result {
        let items = |value: fn(&(u64, u64)) -> u64| {
            let rows = self.items.iter();
            rows.map(|(protocol, sums)| (*protocol, value(sums)))
                .collect::<Vec<_>>()
        };
        let gauge = MetricType::Gauge;
        writer.family(
            "items",
            "Items that are known",
            None,
            gauge,
            &items(|sums| sums.0),
        )?;
        let bytes = Some(&Unit::Bytes);
        writer.family(
            "items_disk",
            "On disk of items",
            bytes,
            gauge,
            &items(|sums| sums.1),
        )?;
        let networks = |value: fn(&Network) -> u64| {
            let rows = self.networks.iter();
            rows.map(|network| (network.protocol, value(network)))
                .collect::<Vec<_>>()
        };
        let peers = networks(|network| network.peers);
        writer.family("peers", "Peers that are connected", None, gauge, &peers)?;
        let enabled = networks(|network| u64::from(network.enabled));
        let help = "Whether a network is switched on";
        writer.family("network_enabled", help, None, gauge, &enabled)?;
        let traffic = |value: fn(&Traffic) -> u64| {
            let rows = self.traffic.iter();
            rows.map(|traffic| (traffic.protocol, value(traffic)))
                .collect::<Vec<_>>()
        };
        let counter = MetricType::Counter;
        let served = traffic(|traffic| traffic.served);
        writer.family("served", "Handed out to clients", bytes, counter, &served)?;
        let fetched = traffic(|traffic| traffic.fetched);
        writer.family("fetched", "Came from the network", bytes, counter, &fetched)
    }
}

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut info =
            encoder.encode_descriptor("build", "This program", None, MetricType::Info)?;
        info.encode_info(&[("version", self.version)])?;
        let mut writer = Writer(&mut encoder);
        self.single(&mut writer)?;
        self.by_network(&mut writer)
    }
}

/// Writes figures one by one.
struct Writer<'a, 'b>(&'a mut DescriptorEncoder<'b>);

impl Writer<'_, '_> {
    fn gauge(&mut self, name: &str, help: &str, unit: Option<&Unit>, value: u64) -> fmt::Result {
        let gauge = ConstGauge::new(value);
        let encoder = self
            .0
            .encode_descriptor(name, help, unit, gauge.metric_type())?;
        gauge.encode(encoder)
    }

    fn counter(&mut self, name: &str, help: &str, unit: Option<&Unit>, value: u64) -> fmt::Result {
        let counter = ConstCounter::new(value);
        let encoder = self
            .0
            .encode_descriptor(name, help, unit, counter.metric_type())?;
        counter.encode(encoder)
    }

    fn family(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        kind: MetricType,
        rows: &[(&'static str, u64)],
    ) -> fmt::Result {
        let is_counter = matches!(kind, MetricType::Counter);
        let mut encoder = self.0.encode_descriptor(name, help, unit, kind)?;
        for (protocol, value) in rows {
            let labels = [("protocol", *protocol)];
            let encoder = encoder.encode_family(&labels)?;
            if is_counter {
                ConstCounter::new(*value).encode(encoder)?;
            } else {
                ConstGauge::new(*value).encode(encoder)?;
            }
        }
        Ok(())
    }
}
