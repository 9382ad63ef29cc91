//! The whole job at work on one machine: an agent and a peer that are thrown away, and a site that embeds what the
//! peer shares. Nothing leaves the machine, and nothing of the user's own agent is touched.

mod agents;
mod files;
mod links;
mod pictures;
mod png;
mod site;
mod volumes;

use std::{future::pending, io::Write, path::Path, pin::pin};

use anyhow::{Context, Result};
use tokio_util::sync::CancellationToken;

use self::{agents::Peer, links::Links, site::Site};
use crate::{arguments::Demo, browser, signals::signals};

/// What the folder is called in which everything lies.
const FOLDER: &str = "universal-p2p-demo-";

/// Shows it until this process is told to stop, and leaves nothing behind.
///
/// # Errors
/// What kept it from starting, or from removing its folder.
pub(crate) async fn demo(options: &Demo) -> Result<()> {
    // Before there is anything that could be left behind.
    let signalled = signals()?;
    let folder = tempfile::Builder::new().prefix(FOLDER).tempdir();
    let folder = folder.context("making a folder for temporary files")?;
    let shown = Box::pin(show(folder.path(), options, signalled)).await;
    let removed = folder.close().context("removing the temporary files");
    shown.and(removed)
}

/// Starts everything in a folder, and runs it until `signalled` ends.
async fn show(folder: &Path, options: &Demo, signalled: impl Future<Output = ()>) -> Result<()> {
    let shared = agents::folder_to_share(folder)?;
    files::write(&shared)?;
    let (agent, giver) = tokio::try_join!(
        agents::start(folder, "agent"),
        agents::start(folder, "peer"),
    )?;
    let peer = Peer::of(&giver);
    let (content, dashboard) = (agent.content().to_owned(), agent.management().to_owned());

    // Whichever ends first ends the others, as they are closed properly by that alone.
    let stop = CancellationToken::new();
    let presenting = async {
        let _ends = stop.clone().drop_guard();
        let presented = async {
            let links = Links {
                addresses: peer.share(shared).await?,
                content,
                dashboard,
            };
            present(&links, options).await
        };
        let mut presented = pin!(presented);
        tokio::select! {
            ended = &mut presented => ended,
            () = signalled => Ok(()),
            () = stop.cancelled() => Ok(()),
        }
    };
    let running = |agent: crate::agent::Agent| async {
        let _ends = stop.clone().drop_guard();
        agent.run(stop.cancelled()).await
    };
    let (presented, agent, giver) = tokio::join!(presenting, running(agent), running(giver));
    presented.and(agent).and(giver)
}

/// Serves the site, tells where everything is, and opens the page.
async fn present(links: &Links, options: &Demo) -> Result<()> {
    let site = Site::bind(links).await?;
    let page = site.url()?;
    let told = async {
        // Nobody has to be reading.
        let mut out = std::io::stdout();
        let _ = write!(out, "{}", links.text(&page)).and_then(|()| out.flush());
        if !options.no_open
            && let Err(error) = browser::open(&page).await
        {
            let _ = writeln!(std::io::stderr(), "{error:#}; open the page by its address");
        }
        pending().await
    };
    tokio::select! {
        served = site.serve() => served,
        never = told => never,
    }
}
