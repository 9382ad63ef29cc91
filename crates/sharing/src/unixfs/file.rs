//! The nodes of one file: a balanced tree over its leaves, made while they come in.

use super::{
    Linked, WIDTH,
    encode::{self, put},
};
use crate::{Refused, Sink};

/// The nodes of a file that are not complete yet: those of each level, leaves first.
#[derive(Default)]
pub(crate) struct FileNodes {
    levels: Vec<Vec<(String, Linked)>>,
}

impl FileNodes {
    /// Takes the next leaf.
    pub(crate) fn push(&mut self, leaf: Linked, sink: &mut impl Sink) -> Result<(), Refused> {
        self.push_at(0, leaf, sink)
    }

    /// The root; none where no leaf came.
    pub(crate) fn finish(mut self, sink: &mut impl Sink) -> Result<Option<Linked>, Refused> {
        let mut level = 0;
        while let Some(links) = self.levels.get_mut(level).map(std::mem::take) {
            let is_top = level + 1 == self.levels.len();
            if let ([(_, only)], true) = (links.as_slice(), is_top) {
                return Ok(Some(*only));
            }
            let node = node(&links, sink)?;
            level += 1;
            self.push_at(level, node, sink)?;
        }
        Ok(None)
    }

    fn push_at(
        &mut self,
        mut level: usize,
        mut next: Linked,
        sink: &mut impl Sink,
    ) -> Result<(), Refused> {
        loop {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let links = &mut self.levels[level];
            // A full node is made only when one more comes: it may be the root.
            if links.len() < WIDTH {
                links.push((String::new(), next));
                return Ok(());
            }
            let full = std::mem::replace(links, vec![(String::new(), next)]);
            next = node(&full, sink)?;
            level += 1;
        }
    }
}

fn node(parts: &[(String, Linked)], sink: &mut impl Sink) -> Result<Linked, Refused> {
    let length = parts.iter().map(|(_, part)| part.length).sum();
    put(parts, &encode::file(parts, length), length, sink)
}
