//! One stretch of a file in one answer.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use tokio::time::Instant;
use universal_p2p_core::Error;

use super::{
    car::Car,
    link::{self, Link, Question},
    stretch::Stretch,
};

/// How long an archive may take to begin. Blocks that wait for one are then asked for by themselves.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether blocks come twice is left to the gateway: some refuse to be asked.
const ACCEPT: &str = "application/vnd.ipld.car; version=1; order=dfs";

/// Fetches a stretch and hands over its blocks as they arrive. False where the gateway has no archives,
/// or none to be relied on.
pub(super) async fn fetch(link: &Link, stretch: &Stretch) -> bool {
    let path = format!("ipfs/{}", stretch.file);
    // The last byte belongs to it.
    let bytes = format!("{}:{}", stretch.bytes.start, stretch.bytes.end - 1);
    let question = Question {
        path: &path,
        query: &[
            ("format", "car"),
            ("dag-scope", "entity"),
            ("entity-bytes", &bytes),
        ],
        accept: ACCEPT,
        within: PATIENCE,
    };
    let mut answer = match link.ask(&question).await {
        Ok(answer) => answer,
        Err(failed) => return !failed.is_deaf,
    };
    let media_type = link::text(answer.headers(), CONTENT_TYPE.as_str()).unwrap_or_default();
    if !media_type.starts_with("application/vnd.ipld.car") {
        return false;
    }
    let mut car = Car::default();
    loop {
        let began = Instant::now();
        let chunk = match link.chunk(&mut answer).await {
            Ok(chunk) => chunk,
            Err(error) => {
                // One that has not got a block can only break off there, and may have others.
                if matches!(error, Error::Stalled { .. }) {
                    link.rest().failed(began, Instant::now());
                }
                return true;
            }
        };
        let Some(chunk) = chunk else {
            link.rest().answered();
            return car.end().is_ok();
        };
        car.push(&chunk);
        loop {
            match car.next() {
                Ok(Some(block)) => {
                    // It sends more than was asked for.
                    if !stretch.keep(block) {
                        return false;
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::debug!(gateway = %link.base(), %error, "an archive is not read on");
                    let now = Instant::now();
                    link.rest().failed(now, now);
                    return false;
                }
            }
        }
    }
}
