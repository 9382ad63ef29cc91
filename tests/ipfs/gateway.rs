//! Standard addresses, by the tables of ipfs/gateway-conformance (those that came with IPIP-523, 524 and
//! 548): its expectations, over content that Helia and others made of its recipes.

mod archives;
mod bans;
mod blocks;
mod data;
mod files;
mod names;
mod scene;
mod tapes;
mod uris;

pub(super) use scene::{Scene, scene};
