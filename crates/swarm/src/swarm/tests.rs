//! The swarm as a whole: its state without sockets, and sessions that meet on this machine.

mod arrivals;
mod extensions;
mod memory;
mod messages;
mod scene;
