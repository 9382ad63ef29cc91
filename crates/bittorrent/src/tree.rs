//! The files of a torrent as a tree of directories.

use std::{collections::BTreeMap, sync::Arc};

use crate::metainfo::FileInfo;

/// One directory: its entries by name.
#[derive(Debug, Default)]
pub(crate) struct Branch {
    entries: BTreeMap<String, Leaf>,
}

/// What a name stands for.
#[derive(Clone, Debug)]
pub(crate) enum Leaf {
    /// A file, by its number in the torrent.
    File(usize),
    /// A directory.
    Dir(Arc<Branch>),
}

impl Branch {
    /// Builds the tree of all files that may be reached. Of two files that want the same place the
    /// first has it.
    pub(crate) fn of(files: &[FileInfo]) -> Arc<Self> {
        let paths = files
            .iter()
            .enumerate()
            .filter_map(|(number, file)| Some((number, file.path.as_deref()?)));
        Self::build(paths.collect())
    }

    fn build(paths: Vec<(usize, &[String])>) -> Arc<Self> {
        let mut entries = BTreeMap::new();
        let mut below: BTreeMap<&String, Vec<(usize, &[String])>> = BTreeMap::new();
        for (number, path) in paths {
            match path {
                [name] if !below.contains_key(name) => {
                    entries.entry(name.clone()).or_insert(Leaf::File(number));
                }
                [name, rest @ ..] if !rest.is_empty() && !entries.contains_key(name) => {
                    below.entry(name).or_default().push((number, rest));
                }
                _ => {}
            }
        }
        for (name, paths) in below {
            entries.insert(name.clone(), Leaf::Dir(Self::build(paths)));
        }
        Arc::new(Self { entries })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Leaf> {
        self.entries.get(name)
    }

    /// All entries in byte order of their names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Leaf)> {
        self.entries
            .iter()
            .map(|(name, leaf)| (name.as_str(), leaf))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(paths: &[Option<&str>]) -> Arc<Branch> {
        let file = |path: &Option<&str>| FileInfo {
            path: path.map(|path| path.split('/').map(str::to_owned).collect()),
            offset: 0,
            length: 1,
            names: Vec::new(),
            padding: false,
        };
        Branch::of(&paths.iter().map(file).collect::<Vec<_>>())
    }

    #[test]
    fn the_first_file_has_the_place() {
        let root = tree(&[
            Some("a"),
            Some("a"),
            Some("a/b"),
            None,
            Some("d/e/f"),
            Some("d"),
            Some("d/e/g"),
        ]);
        assert!(matches!(root.get("a"), Some(Leaf::File(0))));
        let Some(Leaf::Dir(d)) = root.get("d") else {
            panic!("d is a directory")
        };
        let Some(Leaf::Dir(e)) = d.get("e") else {
            panic!("e is a directory")
        };
        assert_eq!(
            e.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            ["f", "g"]
        );
        assert_eq!(root.iter().count(), 2);
    }
}
