//! What can be set while the agent runs. What there is to set is the agent's to say.

use std::{collections::BTreeMap, io, sync::Arc};

use axum::{Json, body::Body, extract::State, http::StatusCode};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{Plane, call, problem::Problem};

/// One thing that can be set.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Setting {
    /// Its name, such as `disk.limit`.
    pub key: String,
    /// Its value, in the spelling of the configuration file.
    pub value: Value,
    /// What it is where nobody sets it.
    pub default: Value,
    /// What its value is.
    pub r#type: Kind,
    /// The values that it may have, where they are few; of a list, those of its members.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub choices: Vec<String>,
    /// A paragraph for people.
    pub about: String,
    /// Whether a change takes effect at once, and not only after a restart.
    pub live: bool,
    /// Where the value comes from.
    pub from: Origin,
    /// Whether it can be changed here.
    pub writable: bool,
    /// Whether the value waits for a restart.
    pub pending: bool,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = SettingKind)]
pub enum Kind {
    /// Bytes, such as "20GB".
    Size,
    /// A time, such as "60s".
    Duration,
    /// Yes or no.
    Bool,
    /// A whole number.
    Number,
    /// Any text.
    Text,
    /// Texts.
    List,
    /// One of a few texts.
    Choice,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// The configuration file.
    File,
    /// The environment of the agent.
    Environment,
    /// The command line of the agent.
    Flag,
}

/// What a change did.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Changed {
    /// The settings that were named, as they are now.
    pub settings: Vec<Setting>,
    /// Keys of those that take effect only after a restart.
    pub restart: Vec<String>,
}

/// Why a change was refused. Nothing was changed then.
#[derive(Debug)]
pub enum Refusal {
    /// A key or a value is wrong.
    Bad {
        /// The key.
        key: String,
        /// What is wrong, and what would be right.
        why: String,
    },
    /// Something stronger than the configuration file sets it.
    Overruled {
        /// The key.
        key: String,
        /// What sets it.
        by: Origin,
    },
    /// The configuration file is not one that can be read any more.
    File {
        /// What is wrong.
        why: String,
    },
    /// The file cannot be written.
    Disk(io::Error),
}

/// The configuration of the agent.
pub trait Configuration: Send + Sync {
    /// Everything that can be set.
    fn settings(&self) -> Vec<Setting>;

    /// Sets some by their keys, all or none, and keeps that in the configuration file; null is the
    /// default. Blocks on the disk.
    ///
    /// # Errors
    /// [`Refusal`] where nothing was changed.
    fn change(&self, wanted: &BTreeMap<String, Value>) -> Result<Changed, Refusal>;
}

/// Everything that can be set.
#[derive(Serialize, ToSchema)]
pub(crate) struct Settings {
    settings: Vec<Setting>,
}

/// Everything that can be set, what it is now, and where that comes from.
#[utoipa::path(
    get,
    path = "/api/v0/settings",
    responses((status = 200, description = "All settings", body = Settings))
)]
pub(crate) async fn list(State(plane): State<Arc<Plane>>) -> Result<Json<Settings>, Problem> {
    let configuration = Arc::clone(&plane.configuration);
    let settings = plane.on_disk(move |_| configuration.settings()).await?;
    Ok(Json(Settings { settings }))
}

/// Sets some by their keys, all or none, and keeps that in the configuration file; null is the default.
#[utoipa::path(
    patch,
    path = "/api/v0/settings",
    request_body(
        content = BTreeMap<String, Value>,
        description = "Values by key, in the spelling of the configuration file",
        example = json!({"disk.limit": "30GB"})
    ),
    responses(
        (status = 200, description = "The settings that were named, as they are now", body = Changed),
        (status = 409, description = "The environment, the command line or a broken file stands in the way", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 413, description = "The body is too long", body = crate::problem::Body, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn change(
    State(plane): State<Arc<Plane>>,
    body: Body,
) -> Result<Json<Changed>, Problem> {
    let wanted: BTreeMap<String, Value> = call::whole_body(body).await?;
    let configuration = Arc::clone(&plane.configuration);
    let changed = plane
        .on_disk(move |_| configuration.change(&wanted))
        .await??;
    if !changed.settings.is_empty() {
        plane.events.tell("settings", &changed);
    }
    Ok(Json(changed))
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Bad { key, why } => {
                let detail = format!("{}: {why}", printable(&key));
                Self::new(StatusCode::BAD_REQUEST, "bad-setting", detail)
            }
            Refusal::Overruled { key, by } => {
                let by = match by {
                    Origin::Environment => "the environment of the agent",
                    Origin::Flag => "the command line of the agent",
                    Origin::Default | Origin::File => "something else",
                };
                let detail = format!("{key} is set by {by}; change it there and start it again");
                Self::new(StatusCode::CONFLICT, "overruled", detail)
            }
            Refusal::File { why } => {
                let detail = format!("mend the configuration file first: {why}");
                Self::new(StatusCode::CONFLICT, "bad-file", detail)
            }
            Refusal::Disk(error) => Self::internal("writing the configuration file", error),
        }
    }
}

/// A key as it was named, which may be any text.
fn printable(key: &str) -> String {
    key.chars().take(80).flat_map(char::escape_debug).collect()
}
