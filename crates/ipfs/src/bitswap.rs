//! Bitswap: how peers exchange blocks (bitswap specification, versions 1.0.0 to 1.2.0).

mod bans;
mod behaviour;
mod client;
mod frame;
mod handler;
mod message;
mod server;
mod version;
mod wire;

pub(crate) use behaviour::{Bitswap, Outcome};
pub(crate) use client::Failure;
pub(crate) use message::Hash;

/// What a peer in a test says that keeps to no rule.
#[cfg(test)]
pub(crate) mod wild {
    pub(crate) use super::{
        frame::{read_body, read_length, write},
        message::{Ask, Entry, Message, Payload},
        version::{Negotiation, Version},
    };
}
