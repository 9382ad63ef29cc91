//! Trees written by another implementation, and trees that lie, read in ranges.

mod directories;
mod lies;
mod ranges;
pub(crate) mod trees;
