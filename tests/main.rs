//! The agent seen from outside: the program itself, foreign peers, a client that sees every byte.
#![forbid(unsafe_code)]
#![cfg(test)]

mod archives;
mod browser;
mod conformance;
mod dashboard;
mod demo;
mod deployment;
mod discovery;
mod disk;
mod failure;
mod guard;
mod hostile;
mod ids;
mod interop;
mod ipfs;
mod lifecycle;
mod limits;
mod management;
mod manual;
mod multi_file;
mod players;
mod private;
mod service;
mod sharing;
mod sources;
mod start;
mod stream;
mod support;
mod swarm;
mod upload;
mod warm;
