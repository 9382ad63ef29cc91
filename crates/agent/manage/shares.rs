//! Sharing from the command line: a bar while it is hashed, then the addresses.

use std::{
    io::{IsTerminal, Write, stderr},
    path::{self, Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use hyper::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    agent::Agent,
    line,
    reports::parsed,
    words::{bytes, count, printable},
};

/// How often it is asked how far hashing is.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Places of the bar.
const BAR: u64 = 30;

/// Something that is shared.
#[derive(Deserialize)]
struct Share {
    job: u64,
    path: String,
    paths: Vec<PathBuf>,
    state: String,
    done: u64,
    total: u64,
    error: Option<String>,
    name: Option<String>,
    files: u64,
    left_out: LeftOut,
    bittorrent: Option<Address>,
    ipfs: Option<Address>,
    snippet: Option<String>,
}

#[derive(Deserialize)]
struct LeftOut {
    hidden: u64,
    links: u64,
}

#[derive(Deserialize)]
struct Address {
    id: String,
    magnet: Option<String>,
    url: String,
}

/// All that is shared.
#[derive(Deserialize)]
struct Shares {
    shares: Vec<Share>,
}

/// Shares paths, and waits until they are hashed.
pub(super) async fn share(
    agent: &Agent,
    paths: &[PathBuf],
    networks: &[String],
    as_json: bool,
) -> Result<String> {
    let paths: Vec<_> = paths
        .iter()
        .map(|path| text(&path::absolute(path)?))
        .collect::<Result<_>>()?;
    let mut body = json!({ "paths": paths });
    if !networks.is_empty() {
        body["networks"] = json!(networks);
    }
    let begun = agent.call(Method::POST, "/share", Some(body)).await?;
    let job = begun["job"].as_u64().context("the agent began no job")?;
    let (answer, share) = hashed(agent, job).await?;
    if share.state == "failed" {
        // The agent keeps failures for those who look later; whoever waited has been told.
        agent
            .call(Method::DELETE, &format!("/shares/{job}"), None)
            .await?;
        bail!("{}", share.error.unwrap_or_default());
    }
    Ok(if as_json {
        line(&answer)
    } else {
        addresses(&share)
    })
}

/// Waits until a job is hashed, and shows how far it is where somebody looks on.
async fn hashed(agent: &Agent, job: u64) -> Result<(Value, Share)> {
    let is_watched = stderr().is_terminal();
    loop {
        let answer = agent.get(&format!("/shares/{job}")).await?;
        let share: Share = parsed(answer.clone())?;
        let is_hashing = share.state == "hashing";
        if is_watched {
            let shown = if is_hashing {
                bar(share.done, share.total)
            } else {
                String::new()
            };
            // The cursor goes back to the start of the line, and what was there is erased.
            let _ = write!(stderr(), "\r\x1b[K{shown}").and_then(|()| stderr().flush());
        }
        if !is_hashing {
            return Ok((answer, share));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn bar(done: u64, total: u64) -> String {
    if total == 0 {
        return "looking for files".to_owned();
    }
    let part = |of: u64| u64::try_from(u128::from(done) * u128::from(of) / u128::from(total));
    let filled = part(BAR).unwrap_or(BAR).min(BAR);
    let bar: String = (0..BAR)
        .map(|place| if place < filled { '#' } else { '.' })
        .collect();
    let percent = part(100).unwrap_or(100).min(100);
    format!("[{bar}] {percent:3} %  {} of {}", bytes(done), bytes(total))
}

/// What others find it by.
fn addresses(share: &Share) -> String {
    let mut text = format!(
        "shared {} ({}, {})\n",
        printable(share.name.as_deref().unwrap_or(&share.path)),
        count(share.files, "file"),
        bytes(share.total)
    );
    let LeftOut { hidden, links } = share.left_out;
    if hidden + links > 0 {
        text += &format!(
            "left out: {}, {}\n",
            count(hidden, "hidden file or folder").replace("folders", "folder"),
            count(links, "symbolic link")
        );
    }
    let mut row = |name: &str, value: &str| text += &format!("{name:9}{}\n", printable(value));
    if let Some(torrent) = &share.bittorrent {
        row("torrent", &torrent.url);
        row("magnet", torrent.magnet.as_deref().unwrap_or(&torrent.id));
    }
    if let Some(ipfs) = &share.ipfs {
        row("ipfs", &ipfs.url);
        row("cid", &ipfs.id);
    }
    if let Some(snippet) = &share.snippet {
        row("html", snippet);
    }
    row("unshare", &format!("universal-p2p unshare {}", share.job));
    text
}

/// Takes back what is named by its number, its address or its path.
pub(super) async fn unshare(agent: &Agent, named: &str) -> Result<String> {
    let all: Shares = parsed(agent.get("/shares").await?)?;
    let path = path::absolute(named).ok();
    let is_named = |share: &&Share| {
        let has_id = |address: &Option<Address>| address.as_ref().is_some_and(|at| at.id == named);
        share.job.to_string() == named
            || has_id(&share.bittorrent)
            || has_id(&share.ipfs)
            || path.as_ref().is_some_and(|path| share.paths.contains(path))
    };
    let Some(share) = all.shares.iter().find(is_named) else {
        bail!("{named} is not shared; `universal-p2p shares` lists what is");
    };
    agent
        .call(Method::DELETE, &format!("/shares/{}", share.job), None)
        .await?;
    Ok(format!(
        "{} is not shared any more\n",
        printable(&share.path)
    ))
}

/// Lists what is shared.
pub(super) async fn list(agent: &Agent, as_json: bool) -> Result<String> {
    let answer = agent.get("/shares").await?;
    if as_json {
        return Ok(line(&answer));
    }
    let Shares { shares } = parsed(answer)?;
    let mut text = String::new();
    for share in &shares {
        let state = match (share.state.as_str(), &share.error) {
            ("hashing", _) => bar(share.done, share.total),
            (_, Some(error)) => printable(error),
            (_, None) => bytes(share.total),
        };
        text += &format!("{:>4}  {}  {state}\n", share.job, printable(&share.path));
        let addresses = [&share.bittorrent, &share.ipfs];
        for address in addresses.into_iter().flatten() {
            text += &format!("      {}\n", printable(&address.url));
        }
    }
    Ok(text + &format!("{} shared\n", count(shares.len() as u64, "path")))
}

fn text(path: &Path) -> Result<String> {
    let text = path.to_str();
    let text = text.with_context(|| format!("{} is not UTF-8; rename it", path.display()))?;
    Ok(text.to_owned())
}
