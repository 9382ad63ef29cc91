//! Running the agent, top to bottom: start, tell, wait, stop.

use std::{io::Write, path::Path, pin::pin};

use anyhow::Result;

use crate::{
    agent::{Agent, Start},
    readiness,
    signals::signals,
};

/// Runs the agent until this process is told to stop.
pub(crate) async fn serve(start: Start, data_dir: &Path) -> Result<()> {
    raise_file_limit();
    // Before anybody is told: whoever reads the line may send the signal at once.
    let mut signalled = pin!(signals()?);
    let agent = tokio::select! {
        started = Agent::start(start, data_dir) => started?,
        () = &mut signalled => return Ok(()),
    };
    announce(agent.content(), agent.management());
    readiness::ready(agent.content());
    let told = async {
        signalled.await;
        tracing::info!("stopping");
        readiness::stopping();
    };
    agent.run(told).await
}

/// Tells on standard output where the agent is, once everything answers.
fn announce(content: &str, management: &str) {
    let mut out = std::io::stdout();
    // Nobody has to be reading: a service runs without.
    let _ = writeln!(out, "listening content={content} management={management}")
        .and_then(|()| out.flush());
}

/// Every connection and every open torrent is a file handle, and the usual soft limit is 1024.
fn raise_file_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::warn!(%error, "the limit of open files stays low");
        }
    }
}
