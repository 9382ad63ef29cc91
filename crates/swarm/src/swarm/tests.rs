//! The swarm as a whole: its state without sockets, and sessions that meet on this machine.

mod arrivals;
mod extensions;
mod fuzz;
mod memory;
mod messages;
mod nodes;
mod scene;
mod sharing;
