//! The gateway from outside, over backends that live in memory.

mod answers;
mod connections;
mod fakes;
mod forms;
mod listings;
mod safety;
mod standard;
mod support;
