//! Every key there is, and what its value may be.

use confique::{
    Config as _,
    meta::{FieldKind, Meta},
};
use serde_json::Value;
use universal_p2p_management::Kind;

use crate::config::Config;

/// A key.
pub(super) struct Row {
    /// Its name, such as `disk.limit`.
    pub(super) key: String,
    /// The variable of the environment that sets it too.
    pub(super) env: Option<&'static str>,
    /// What it is, in a paragraph.
    pub(super) about: String,
}

/// Every key, in the order of the configuration file.
pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    add(&Config::META, "", &mut rows);
    rows
}

fn add(meta: &Meta, section: &str, rows: &mut Vec<Row>) {
    for field in meta.fields {
        let key = format!("{section}{}", field.name);
        match &field.kind {
            FieldKind::Nested { meta } => add(meta, &format!("{key}."), rows),
            FieldKind::Leaf { env, .. } => {
                let lines: Vec<_> = field.doc.iter().map(|line| line.trim()).collect();
                rows.push(Row {
                    key,
                    env: *env,
                    about: lines.join(" "),
                });
            }
        }
    }
}

/// What the value of a key is, and which values it may have where they are few.
pub(super) fn kind(key: &str, default: &Value) -> (Kind, &'static [&'static str]) {
    match key {
        "disk.limit" | "disk.keep_free" | "archive.decoded_entry" | "archive.memory" => {
            (Kind::Size, &[])
        }
        "timeouts.metadata"
        | "timeouts.first_byte"
        | "timeouts.stall"
        | "bittorrent.park_after" => (Kind::Duration, &[]),
        "network.scope" => (Kind::Choice, &["internet", "loopback"]),
        "disk.policy" => (Kind::Choice, &["lru", "gdsf"]),
        "bittorrent.engine" => (Kind::Choice, &["streaming", "librqbit"]),
        "bittorrent.encryption" => (Kind::Choice, &["off", "allow", "prefer", "require"]),
        "ipfs.source" => (Kind::List, &["embedded", "kubo", "gateway"]),
        "log.level" => (Kind::Choice, &["error", "warn", "info", "debug", "trace"]),
        "log.format" => (Kind::Choice, &["text", "json"]),
        _ => match default {
            Value::Bool(_) => (Kind::Bool, &[]),
            Value::Number(_) => (Kind::Number, &[]),
            Value::Array(_) => (Kind::List, &[]),
            Value::Null | Value::String(_) | Value::Object(_) => (Kind::Text, &[]),
        },
    }
}
