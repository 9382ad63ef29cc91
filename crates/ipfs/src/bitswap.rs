//! Bitswap: how peers exchange blocks (bitswap specification, versions 1.0.0 to 1.2.0).

mod client;
mod frame;
mod message;
mod version;
mod wire;
