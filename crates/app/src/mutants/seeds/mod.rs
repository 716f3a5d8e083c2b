//! Seeds: what is changed for a mutant, and what its gate's evidence has to show then. Each is a pure function of the tracked
//! files; names of seeded files and tests begin with a marker that no honest file has.

use std::collections::{BTreeMap, BTreeSet};

use rcrepro_model::content::name::{Name, NameError, TreePath};
use rcrepro_model::plan::mutant::PlanMutant;

pub mod go;
pub(crate) mod go_module;
pub(crate) mod npm_package;
pub mod promises;
pub mod script;
pub(crate) mod secret;

/// Reads the tracked files of the certified source, by their paths from the plan's folder.
pub(crate) trait SourceFiles {
    /// Lists the regular files.
    fn paths(&self) -> &BTreeSet<String>;
    /// Reads a text file; none when it is not there or no UTF-8.
    fn text(&self, path: &str) -> Option<String>;
}

/// A change of the source, and the texts by which a gate shows that it saw it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SeededChange {
    /// The files that come or change, from the plan's folder.
    pub(crate) files: BTreeMap<TreePath, Vec<u8>>,
    /// Files that come or change in the trees of frozen inputs.
    pub(crate) frozen: BTreeMap<Name, BTreeMap<TreePath, Vec<u8>>>,
    /// The texts that the red gate's evidence must hold, and that of the unchanged source must not.
    pub(crate) shows: Vec<String>,
}

impl SeededChange {
    fn file(path: &str, text: &str, shows: &str) -> Result<Self, SeedError> {
        let files = std::iter::once((path.parse()?, text.as_bytes().to_vec())).collect();
        Ok(Self { files, shows: vec![shows.to_owned()], ..Self::default() })
    }
}

/// Says why a mutant cannot be made of this source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SeedError {
    /// There is no file beside which the seed could be placed.
    #[error("there is no {what} below `{at}`")]
    NoPlace {
        /// What was looked for.
        what: &'static str,
        /// The folder, or the patterns of packages, that were searched.
        at: String,
    },
    /// The line does not say where its tool works.
    #[error("the line does not say in which folder `{tool}` works")]
    Folder {
        /// The name of its program, such as `gitleaks`.
        tool: String,
    },
    /// No name of a test fits.
    #[error("no seeded test can have a name that `-run {pattern}` asks for")]
    Pattern {
        /// The value of the option, a regular expression.
        pattern: String,
    },
    /// The command lacks a frozen input that the seed changes.
    #[error("the command uses no frozen input of kind `{kind}`")]
    NoInput {
        /// The kind's name.
        kind: &'static str,
    },
    /// The frozen advisory data has no entry that a seed could be made vulnerable by.
    #[error("the frozen input `{name}` has no entry for a seed: {wanted}")]
    NoAdvisory {
        /// The input.
        name: Name,
        /// What an entry would have to be.
        wanted: &'static str,
    },
    /// The file does not have the text to replace, or has it more than once.
    #[error("the text to find stands {found} times in `{file}`: expected once")]
    Find {
        /// Relative to the plan's folder.
        file: String,
        /// How often.
        found: usize,
    },
    /// A file that is needed is not there.
    #[error("`{file}` is not tracked, or no text of the expected shape")]
    File {
        /// Relative to the plan's folder.
        file: String,
    },
    /// Nothing lies outside of a scope.
    #[error("the scope of the packet takes in `{path}`: nothing outside of it could be edited")]
    InScope {
        /// The path that was tried.
        path: String,
    },
    /// No reference to a pinned toolchain can be changed.
    #[error("no tracked file names version {version} of a pinned toolchain in a line that could be changed")]
    NoReference {
        /// The pinned version.
        version: String,
    },
    /// A path is not one that a tree can have.
    #[error(transparent)]
    Path(#[from] NameError),
}

/// Makes the change that a plan states.
///
/// # Errors
/// [`SeedError`] unless the file has the text to find exactly once.
pub(crate) fn stated(mutant: &PlanMutant, files: &dyn SourceFiles) -> Result<SeededChange, SeedError> {
    let path = mutant.file.as_str();
    let text = files.text(path).ok_or_else(|| SeedError::File { file: path.to_owned() })?;
    let found = text.matches(&mutant.find).count();
    if found != 1 {
        return Err(SeedError::Find { file: path.to_owned(), found });
    }
    SeededChange::file(path, &text.replacen(&mutant.find, &mutant.replace, 1), &mutant.shows)
}

/// Puts a file's name into a folder; the folder `` is the source's root.
fn within(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// Gives the folder of a path; `` for the source's root.
fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Tells whether a path lies in a folder or below it.
fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
pub(super) mod memory {
    use super::*;

    /// Holds files in memory.
    pub struct Memory {
        paths: BTreeSet<String>,
        files: BTreeMap<String, String>,
    }

    impl Memory {
        pub fn new(files: &[(&str, &str)]) -> Self {
            let files: BTreeMap<String, String> =
                files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
            Self { paths: files.keys().cloned().collect(), files }
        }
    }

    impl SourceFiles for Memory {
        fn paths(&self) -> &BTreeSet<String> {
            &self.paths
        }

        fn text(&self, path: &str) -> Option<String> {
            self.files.get(path).cloned()
        }
    }

    /// Gives the one file of a change, as text.
    pub fn only(change: &SeededChange) -> (String, String) {
        assert_eq!(change.files.len(), 1, "{:?}", change.files.keys());
        let (path, bytes) = change.files.first_key_value().expect("one file");
        (path.to_string(), String::from_utf8(bytes.clone()).expect("text"))
    }
}

#[cfg(test)]
mod tests {
    use super::memory::{Memory, only};
    use super::*;

    #[test]
    fn a_stated_text_must_stand_once() {
        let mutant = PlanMutant {
            id: "m".parse().expect("a name"),
            says: "wrong".into(),
            gate: "pins".parse().expect("a gate"),
            file: "a/b.txt".parse().expect("a path"),
            find: "clean()".into(),
            replace: String::new(),
            shows: "FAIL".into(),
        };
        let change = stated(&mutant, &Memory::new(&[("a/b.txt", "x\nclean()\n")])).expect("a change");
        assert_eq!(only(&change), ("a/b.txt".to_owned(), "x\n\n".to_owned()));
        assert_eq!(change.shows, ["FAIL"]);
        for (text, found) in [("clean() clean()", 2), ("", 0)] {
            let error = stated(&mutant, &Memory::new(&[("a/b.txt", text)])).expect_err(text);
            assert_eq!(error, SeedError::Find { file: "a/b.txt".into(), found });
        }
        assert!(matches!(stated(&mutant, &Memory::new(&[])), Err(SeedError::File { .. })));
    }
}
