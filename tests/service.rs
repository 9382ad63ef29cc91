//! The agent as a service: its files, the sockets it is given, and what it tells.

mod activation;
mod session;
mod telling;
mod units;

use std::{
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
};

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// A file that is shipped.
fn shipped(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("config/systemd").join(name)
}
