//! Commands for the running agent, by its management plane.

mod agent;
mod id;
mod reports;
mod shares;
mod status;
mod table;
mod words;

use std::{
    io::{IsTerminal, stdout},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::Result;
use hyper::Method;
use serde_json::{Value, json};

use self::{
    agent::Agent,
    reports::{Collection, Items, Removed, parsed},
    words::{bytes, count},
};

/// What the agent is asked.
pub(crate) enum Action {
    /// How it is doing.
    Status,
    /// What it keeps.
    Items,
    /// To keep an item.
    Pin(String),
    /// To let an item go when room is needed.
    Unpin(String),
    /// To delete an item.
    Remove(String),
    /// To make room.
    Collect {
        /// The bytes that may be used afterwards.
        upto: Option<u64>,
    },
    /// To share files and folders.
    Share {
        /// Where they lie.
        paths: Vec<PathBuf>,
        /// On which networks; on all where none is named.
        networks: Vec<String>,
    },
    /// To take something back.
    Unshare(String),
    /// What is shared.
    Shares,
}

/// Asks the agent on a data directory; gives what is to be printed.
pub(crate) async fn run(data_dir: &Path, action: &Action, as_json: bool) -> Result<String> {
    let agent = Agent::find(data_dir)?;
    match action {
        Action::Status => status(&agent, as_json).await,
        Action::Items => {
            let items = all_items(&agent).await?;
            if as_json {
                return Ok(line(&items));
            }
            let items: Items = parsed(items)?;
            Ok(table::items(&items.items, now(), width()))
        }
        Action::Pin(named) => set_pin(&agent, named, Method::PUT, "pinned").await,
        Action::Unpin(named) => set_pin(&agent, named, Method::DELETE, "unpinned").await,
        Action::Remove(named) => {
            let item = id::find(&agent, named).await?;
            let answer = agent.call(Method::DELETE, &item.path(), None).await?;
            if as_json {
                return Ok(line(&answer));
            }
            let Removed { freed } = parsed(answer)?;
            Ok(format!("removed {item}: {} freed\n", bytes(freed)))
        }
        Action::Collect { upto } => {
            let body = upto.map(|upto| json!({ "upto": upto }));
            let answer = agent.call(Method::POST, "/collect", body).await?;
            Ok(if as_json {
                line(&answer)
            } else {
                collected(&parsed(answer)?)
            })
        }
        Action::Share { paths, networks } => shares::share(&agent, paths, networks, as_json).await,
        Action::Unshare(named) => shares::unshare(&agent, named).await,
        Action::Shares => shares::list(&agent, as_json).await,
    }
}

/// The address of the dashboard of the agent on a data directory, once it has answered.
pub(crate) async fn dashboard(data_dir: &Path) -> Result<String> {
    let agent = Agent::find(data_dir)?;
    agent.get("/status").await?;
    Ok(agent.dashboard())
}

async fn status(agent: &Agent, as_json: bool) -> Result<String> {
    let answer = agent.get("/status").await?;
    if as_json {
        return Ok(line(&answer));
    }
    let streams = agent.get("/streams").await?;
    Ok(status::text(&parsed(answer)?, &parsed(streams)?, now()))
}

async fn set_pin(agent: &Agent, named: &str, method: Method, done: &str) -> Result<String> {
    let item = id::find(agent, named).await?;
    agent
        .call(method, &format!("{}/pin", item.path()), None)
        .await?;
    Ok(format!("{done} {item}\n"))
}

/// All items as one answer, however many calls that takes.
async fn all_items(agent: &Agent) -> Result<Value> {
    let mut all = Vec::new();
    loop {
        let path = format!("/items?limit=10000&offset={}", all.len());
        let mut answer = agent.get(&path).await?;
        let part = answer["items"].as_array_mut().map(std::mem::take);
        let part = part.unwrap_or_default();
        let ended = part.is_empty();
        all.extend(part);
        if ended || all.len() as u64 >= answer["total"].as_u64().unwrap_or(0) {
            answer["offset"] = json!(0);
            answer["items"] = Value::Array(all);
            return Ok(answer);
        }
    }
}

fn collected(collection: &Collection) -> String {
    if collection.chunks == 0 {
        return "nothing had to go, or what is left is pinned or being read\n".to_owned();
    }
    format!(
        "{} freed: {} of {}\n",
        bytes(collection.freed),
        count(collection.chunks, "chunk"),
        count(collection.items, "item"),
    )
}

/// An answer as one line; nothing where there is none.
fn line(answer: &Value) -> String {
    match answer {
        Value::Null => String::new(),
        answer => format!("{answer}\n"),
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// The width of the terminal in columns, where there is one.
fn width() -> Option<usize> {
    if !stdout().is_terminal() {
        return None;
    }
    #[cfg(unix)]
    let columns = rustix::termios::tcgetwinsize(stdout()).map_or(0, |size| size.ws_col);
    #[cfg(not(unix))]
    let columns = 0;
    Some(if columns == 0 {
        80
    } else {
        usize::from(columns)
    })
}
