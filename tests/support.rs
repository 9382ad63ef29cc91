//! What the tests stand on: a running agent, a foreign seeder, a client that sees every byte.

mod agent;
mod client;
mod clients;
mod contents;
mod disk_meter;
mod gossip;
mod hostile_peer;
mod ids;
#[expect(dead_code, reason = "what tests of the node itself ask of a peer")]
mod ipfs_peer;
mod isolation;
mod line;
mod lossy_line;
mod made;
mod management;
mod memory;
mod seeder;
mod silent_peer;
mod small_disk;
mod spec;
mod tools;
mod tracker;
mod wait;
mod web_seed;

pub(crate) use agent::{Agent, Setup};
pub(crate) use client::{Answer, Connection, Request, encoded};
pub(crate) use clients::{
    Client, acquaintance_at, agent_on_lan, leech_at, libtorrent_at, peer_of_agent,
};
pub(crate) use contents::{assert_same, noise, noise_file, position};
pub(crate) use disk_meter::{DiskMeter, allocated};
pub(crate) use gossip::Gossip;
pub(crate) use hostile_peer::{HostilePeer, Manner};
pub(crate) use ids::{base32, cid_in, cid_of};
pub(crate) use ipfs_peer::IpfsPeer;
pub(crate) use isolation::{LAN, isolated};
pub(crate) use line::Line;
pub(crate) use lossy_line::lossy_line;
pub(crate) use made::Made;
pub(crate) use management::number;
pub(crate) use memory::most_memory;
pub(crate) use seeder::{Seeder, Seeding};
pub(crate) use silent_peer::SilentPeer;
pub(crate) use small_disk::SmallDisk;
pub(crate) use spec::Spec;
pub(crate) use tools::{ffmpeg, file_of_suite, folder, node, output_of, python};
pub(crate) use tracker::{Tracker, with_tracker};
pub(crate) use wait::{pause, until};
pub(crate) use web_seed::WebSeed;

/// The usual piece length: small, so that small files have many pieces.
pub(crate) const PIECE: u64 = 64 << 10;

/// A mebibyte.
pub(crate) const MIB: usize = 1 << 20;

/// How long an agent may take to stop: the five seconds it promises, and what a loaded machine adds.
pub(crate) const STOPPING: std::time::Duration = std::time::Duration::from_secs(20);
