//! What an adapter may look at of a command's input tree.

use std::collections::{BTreeMap, BTreeSet};

/// Reads files of a command's input tree.
pub trait InputFiles {
    /// Looks a file up by its absolute path in the container, such as `/work/go.mod` or `/deps/npm/x`.
    fn look(&self, path: &str) -> Lookup;

    /// Lists a folder by its absolute path.
    fn list(&self, path: &str) -> Listing;

    /// Finds the files below a folder that hold a text.
    fn search(&self, folder: &str, text: &str) -> Search;
}

/// What a look at an input file gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// The file's bytes.
    File(Vec<u8>),
    /// The tree has no such file.
    Absent,
    /// The caller does not have that part of the tree.
    Unavailable,
}

/// What a look at a folder gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listing {
    /// The names in it, each with its kind.
    Folder(BTreeMap<String, InputKind>),
    /// The tree has no such folder.
    Absent,
    /// The caller does not have that part of the tree.
    Unavailable,
}

/// What a name leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputKind {
    /// Regular, executable or not.
    File,
    /// A `Directory` of the tree.
    Folder,
    /// A symbolic link.
    Link,
}

/// What a search through files gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// How many lines hold the text, by the file's path below the folder.
    pub found: BTreeMap<String, usize>,
    /// How many files could not be looked into, because the caller does not have them or they are too large.
    pub unseen: usize,
}

/// Inputs that have nothing: for streams whose input tree is not at hand.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoInputs;

impl InputFiles for NoInputs {
    fn look(&self, _path: &str) -> Lookup {
        Lookup::Unavailable
    }

    fn list(&self, _path: &str) -> Listing {
        Listing::Unavailable
    }

    fn search(&self, _folder: &str, _text: &str) -> Search {
        Search { found: BTreeMap::new(), unseen: 1 }
    }
}

/// How many folders deep files are looked for by their names.
const DEEPEST: usize = 256;

/// Finds the files and links of some names below a folder, and counts the folders that could not be looked into.
pub(crate) fn named(inputs: &dyn InputFiles, folder: &str, names: &[&str]) -> (BTreeSet<String>, usize) {
    let (mut found, mut unseen) = (BTreeSet::new(), 0);
    let mut open = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = open.pop() {
        let entries = match inputs.list(&folder) {
            Listing::Folder(entries) if depth < DEEPEST => entries,
            Listing::Absent => continue,
            Listing::Folder(_) | Listing::Unavailable => {
                unseen += 1;
                continue;
            }
        };
        for (name, kind) in entries {
            let path = format!("{folder}/{name}");
            match kind {
                InputKind::Folder => open.push((path, depth + 1)),
                InputKind::File | InputKind::Link if names.contains(&name.as_str()) => drop(found.insert(path)),
                InputKind::File | InputKind::Link => {}
            }
        }
    }
    (found, unseen)
}

/// Counts the lines of a file that hold a text.
#[must_use]
pub fn lines_with(bytes: &[u8], text: &str) -> usize {
    let holds = |line: &&[u8]| line.windows(text.len()).any(|window| window == text.as_bytes());
    bytes.split(|byte| *byte == b'\n').filter(holds).count()
}
