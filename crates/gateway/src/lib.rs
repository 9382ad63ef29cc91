//! The content plane: addresses in, bytes out, over plain HTTP on this machine.
//!
//! It knows no network. A [`Registry`] of backends finds what an address names, and the gateway
//! answers like a static web server: ranges, entity tags, types, listings, playlists. The way of a
//! request is one function, `Gateway::respond` in `request.rs`:
//! `address → guard → canonical → lease → resolve → walk → range → open → track → body`.
//!
//! # What a page can rely on
//! A body is exactly as long as its head says, or the connection breaks. A client that leaves, or
//! that takes no bytes for [`Settings::stall`], frees its fetching at once.
//!
//! # Limitations
//! HTTP/1 only, without TLS: it is made for loopback. A client that sent a second request ahead
//! (pipelining) and then leaves is noticed when the first answer is written, not before.

#![forbid(unsafe_code)]

mod accept;
mod address;
mod answer;
mod asked;
mod beside;
mod blocked;
mod body;
mod conditional;
mod connection;
mod disposition;
mod edge;
mod failure;
mod gateway;
mod guard;
mod headers;
mod held;
mod limits;
mod listing;
mod locate;
mod media_type;
mod multipart;
mod page;
mod playlist;
mod problem;
mod query;
mod range;
mod request;
mod serve;
mod site;
mod source;
mod standard;

pub use blocked::{Ban, Blocked};
pub use gateway::{Gateway, Registry, Settings};

#[cfg(test)]
mod tests;
