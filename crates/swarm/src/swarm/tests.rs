//! The swarm as a whole: its state without sockets, and sessions that meet on this machine.

mod adversity;
mod arrivals;
mod company;
mod extensions;
mod forgetting;
mod fuzz;
mod leaving;
mod memory;
mod messages;
mod nodes;
mod room;
mod scene;
mod sharing;
