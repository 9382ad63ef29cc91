//! A tracker as others run it, which says what it is told.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::support::{Made, file_of_suite, until, with_tracker};

/// How long an announcement may take: a torrent is parked a while after it is idle.
const PATIENCE: Duration = Duration::from_secs(30);

/// A tracker by the npm package `bittorrent-tracker`. It ends with its value.
pub(super) struct Served {
    child: Child,
    http: String,
    udp: String,
    heard: Arc<Mutex<Vec<Value>>>,
}

impl Served {
    /// Starts one that is asked over HTTP and UDP.
    pub(super) fn start() -> Self {
        let mut child = Command::new("node")
            .arg(file_of_suite("support/webtorrent/tracker.mjs"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut lines = output.lines().map_while(Result::ok);
        let first = lines.next().expect("the tracker's message stands above");
        let ports: Value = serde_json::from_str(&first).unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hears = Arc::clone(&heard);
        thread::spawn(move || {
            for line in lines {
                let told = serde_json::from_str(&line).unwrap();
                hears.lock().unwrap().push(told);
            }
        });
        Self {
            child,
            http: format!("http://127.0.0.1:{}/announce", ports["http"]),
            udp: format!("udp://127.0.0.1:{}", ports["udp"]),
            heard,
        }
    }

    /// Its address, by "http" or "udp".
    pub(super) fn url(&self, over: &str) -> &str {
        match over {
            "http" => &self.http,
            "udp" => &self.udp,
            _ => unreachable!("{over} is none of its ways"),
        }
    }

    /// Lets whoever has the .torrent file know of this tracker.
    pub(super) fn name_in(&self, made: &Made, over: &str) {
        let metainfo = std::fs::read(made.metainfo()).unwrap();
        let named = with_tracker(&metainfo, self.url(over));
        std::fs::write(made.metainfo(), named).unwrap();
    }

    /// What it was told of a torrent by whoever takes peers at a port, in order: events and what was missing.
    pub(super) fn told(&self, id: &str, port: u16) -> Vec<(String, u64)> {
        let heard = self.heard.lock().unwrap();
        let of_it = heard
            .iter()
            .filter(|told| told["infohash"] == id && told["port"] == port);
        of_it
            .map(|told| {
                let event = told["event"].as_str().expect("every line has an event");
                (event.to_owned(), told["left"].as_u64().unwrap_or(u64::MAX))
            })
            .collect()
    }

    /// Waits until somebody has joined who is not the one at this port.
    #[track_caller]
    pub(super) fn await_other(&self, id: &str, port: u16) {
        until("the other's announcement", PATIENCE, || {
            let heard = self.heard.lock().unwrap();
            heard
                .iter()
                .any(|told| told["infohash"] == id && told["port"] != port)
        });
    }

    /// Waits until it is told of an event, and gives what is missing then.
    #[track_caller]
    pub(super) fn await_event(&self, id: &str, port: u16, wanted: &str) -> u64 {
        let mut missing = None;
        until(&format!("the announcement {wanted:?}"), PATIENCE, || {
            let told = self.told(id, port);
            missing = told
                .into_iter()
                .rev()
                .find_map(|(event, left)| (event == wanted).then_some(left));
            missing.is_some()
        });
        missing.expect("it came")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // it may be gone already, which is what was wanted
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
