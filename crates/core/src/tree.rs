//! All work on paths: following one, listing everything below, finding the largest file.

mod named;

use std::sync::Arc;

use crate::{Dir, EntryKind, Error, Expand, File, NoArchives, Node, Result};
use named::Named;

/// How deep a tree is followed when all of it is listed.
const DEEPEST: usize = 64;

/// How many entries are looked at when all of a tree is listed.
const MOST_ENTRIES: usize = 200_000;

/// Follows a path of decoded segments below a node, into archives too. No segments: the node itself.
///
/// An entry that a directory has wins over any other reading; a file with segments left is opened by
/// `expand`. An archive that the path ends at stays a file. A root that is a file without a name of its
/// own takes the first segment as its name, unless it is an archive with such an entry.
///
/// # Errors
/// [`Error::NotFound`] where an entry is missing or a file that is no archive is used as a directory;
/// whatever kept an archive from being opened.
pub async fn walk(root: Node, path: &[String], expand: &dyn Expand) -> Result<Node> {
    Ok(follow(root, path, expand).await?.node)
}

/// Follows a path as [`walk`] does, and opens the archive that it ends at.
///
/// # Errors
/// As [`walk`]; a file that is no archive is no error and is returned.
pub async fn enter(root: Node, path: &[String], expand: &dyn Expand) -> Result<Node> {
    let mut place = follow(root, path, expand).await?;
    if let Some(inside) = place.inside(expand).await? {
        place.node = Node::Dir(inside);
    }
    Ok(place.node)
}

/// Where a walk has come to.
struct Place {
    node: Node,
    /// The directory that it lies in.
    beside: Option<Arc<dyn Dir>>,
    /// The archives that it lies in.
    depth: usize,
}

impl Place {
    /// The directory in the file here, if it is one that has a directory.
    async fn inside(&self, expand: &dyn Expand) -> Result<Option<Arc<dyn Dir>>> {
        match &self.node {
            Node::File(file) => expand.expand(file, self.beside.as_ref(), self.depth).await,
            Node::Dir(_) => Ok(None),
        }
    }
}

async fn follow(root: Node, path: &[String], expand: &dyn Expand) -> Result<Place> {
    let shown = path;
    let missing = || Error::NotFound {
        what: format!("entry {:?} here", shown.join("/")),
    };
    let mut place = Place {
        node: root,
        beside: None,
        depth: 0,
    };
    let mut path = path.iter();
    if let Some(named) = named(&place, path.as_slice().first(), expand).await? {
        place.node = named;
        path.next();
    }
    for segment in path {
        if let Some(inside) = place.inside(expand).await? {
            place.node = Node::Dir(inside);
            place.depth += 1;
        }
        let Node::Dir(dir) = place.node else {
            return Err(missing());
        };
        place.node = dir.get(segment).await?.ok_or_else(missing)?;
        place.beside = Some(dir);
    }
    Ok(place)
}

/// The file here under the first name that is asked for, where it has none of its own.
async fn named(place: &Place, first: Option<&String>, expand: &dyn Expand) -> Result<Option<Node>> {
    let (Node::File(file), Some(name)) = (&place.node, first) else {
        return Ok(None);
    };
    if !file.meta().name.is_empty() {
        return Ok(None);
    }
    let is_likely = expand.is_likely(name);
    match place.inside(expand).await {
        Ok(Some(inside)) if inside.get(name).await?.is_some() => return Ok(None),
        Ok(Some(_)) if !is_likely => return Ok(None),
        // Nobody has its start, which may not be what is wanted.
        Ok(_)
        | Err(
            Error::NoPeers { .. }
            | Error::NoProviders { .. }
            | Error::NotHeld { .. }
            | Error::Stalled { .. }
            | Error::Unavailable { .. },
        ) => {}
        // What cannot be opened can still be read.
        Err(_) if is_likely => {}
        Err(error) => return Err(error),
    }
    let named = Named::new(Arc::clone(file), name);
    Ok(Some(Node::File(Arc::new(named))))
}

/// A file somewhere below a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile {
    /// The names on the way to it, its own last.
    pub path: Vec<String>,
    /// Its length in bytes.
    pub length: u64,
}

/// Lists every file below a directory, in the order of the directories' own lists.
///
/// Trees deeper than 64 levels or with more than 200,000 entries are listed up to there.
///
/// # Errors
/// Whatever kept a directory from being read.
pub async fn files(root: &Arc<dyn Dir>) -> Result<Vec<FoundFile>> {
    let mut found = Vec::new();
    let mut seen = 0;
    let mut waiting = vec![(Vec::new(), Arc::clone(root))];
    while let Some((path, dir)) = waiting.pop() {
        for entry in dir.list().await? {
            seen += 1;
            if seen > MOST_ENTRIES {
                return Ok(found);
            }
            let below = || {
                path.iter()
                    .cloned()
                    .chain([entry.name.clone()])
                    .collect::<Vec<_>>()
            };
            match entry.kind {
                EntryKind::File { length } => found.push(FoundFile {
                    path: below(),
                    length,
                }),
                EntryKind::Dir if path.len() < DEEPEST => {
                    if let Some(Node::Dir(inner)) = dir.get(&entry.name).await? {
                        waiting.push((below(), inner));
                    }
                }
                EntryKind::Dir => {}
            }
        }
    }
    Ok(found)
}

/// Finds the largest file of a resource: a file itself, else the longest below the directory
/// (the first in byte order of the path among equals).
///
/// # Errors
/// [`Error::NotFound`] where there is no file at all.
pub async fn largest(root: Node) -> Result<Arc<dyn File>> {
    let dir = match root {
        Node::File(file) => return Ok(file),
        Node::Dir(dir) => dir,
    };
    let mut all = files(&dir).await?;
    all.sort_by(|a, b| b.length.cmp(&a.length).then_with(|| a.path.cmp(&b.path)));
    let first = all.into_iter().next();
    let first = first.ok_or_else(|| Error::NotFound {
        what: "file in this resource".into(),
    })?;
    match walk(Node::Dir(dir), &first.path, &NoArchives).await? {
        Node::File(file) => Ok(file),
        Node::Dir(_) => Err(Error::NotFound {
            what: "file in this resource".into(),
        }),
    }
}

#[cfg(test)]
mod tests;
