//! The written sections of the plan's documents, in the working copy: these documents are not part of the certified source.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use crate::workspace::Workspace;
use crate::workspace::files;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::standing::Standing;
use rcrepro_model::text::hint::Hint;
use rcrepro_pins::documents::sections::{self, SectionsError, StaleSection};
use rcrepro_store::door;

/// Says why sections cannot be written or checked.
#[derive(Debug, thiserror::Error)]
pub enum SectionsIoError {
    /// A document cannot be read or written.
    #[error("cannot {doing} `{path}`")]
    Io {
        /// What was tried, as a verb.
        doing: &'static str,
        /// The document.
        path: TreePath,
        /// The failed read or write.
        #[source]
        source: std::io::Error,
    },
    /// A document that should be written is not there.
    #[error("`{path}` is not there")]
    Gone {
        /// The document.
        path: TreePath,
    },
    /// The document's markers do not fit.
    #[error("{path}: {source}")]
    Sections {
        /// The document.
        path: TreePath,
        /// What is wrong, and in which line.
        source: SectionsError,
    },
}

impl Hint for SectionsIoError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Io { .. } => None,
            Self::Gone { path } => {
                let markers = r"<!-- rcrepro:begin board -->\n<!-- rcrepro:end board -->\n";
                Some(format!("printf '{markers}' > {path}"))
            }
            Self::Sections { .. } => Some("mend the marker in that line".to_owned()),
        }
    }
}

impl From<&SectionsState> for Standing {
    fn from(state: &SectionsState) -> Self {
        match state {
            SectionsState::Current { .. } => Self::Passed,
            SectionsState::Gone | SectionsState::Bare | SectionsState::Stale { .. } => Self::Failed,
        }
    }
}

/// Whether the written sections of a document are current.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum SectionsState {
    /// It is not there.
    Gone,
    /// It has no section: it was named for nothing.
    Bare,
    /// Some of its sections are not what they should be.
    Stale {
        /// Those to be written again.
        sections: Vec<StaleSection>,
    },
    /// All of its sections are what they should be.
    Current {
        /// Their names.
        sections: Vec<String>,
    },
}

/// The documents under `[documents] generated`, as the working copy has them.
#[derive(Debug)]
pub struct Sections {
    folder: PathBuf,
    documents: BTreeMap<TreePath, Option<Document>>,
}

#[derive(Debug)]
struct Document {
    text: String,
    /// Its sections by name, and whether each holds anything.
    sections: BTreeMap<String, bool>,
}

impl Sections {
    /// Reads the documents.
    ///
    /// # Errors
    /// [`SectionsIoError`] when one cannot be read, or its markers do not fit. One that is not there is no error.
    pub(crate) fn read(workspace: &Workspace) -> Result<Self, SectionsIoError> {
        let mut documents = BTreeMap::new();
        for path in &workspace.plan.documents.generated {
            let document = match door::read_text_below(workspace.records_folder(), path.as_str().as_ref()) {
                Ok(text) => {
                    let names = sections::names(&text);
                    let sections = names.map_err(|source| SectionsIoError::Sections { path: path.clone(), source })?;
                    Some(Document { text, sections })
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                Err(source) => return Err(SectionsIoError::Io { doing: "read", path: path.clone(), source }),
            };
            documents.insert(path.clone(), document);
        }
        Ok(Self { folder: workspace.folder.clone(), documents })
    }

    /// Lists what there is: each document's sections by name, and whether each holds anything; none for a document that is
    /// not there.
    pub fn outline(&self) -> impl Iterator<Item = (&TreePath, Option<&BTreeMap<String, bool>>)> {
        self.documents.iter().map(|(path, document)| (path, document.as_ref().map(|document| &document.sections)))
    }

    /// Compares the sections of each document with the texts that they should have.
    ///
    /// # Errors
    /// [`SectionsIoError::Sections`] when a document has a section that `texts` does not name.
    pub fn check(
        &self,
        texts: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<TreePath, SectionsState>, SectionsIoError> {
        let mut found = BTreeMap::new();
        for (path, document) in &self.documents {
            let standing = match document {
                None => SectionsState::Gone,
                Some(document) if document.sections.is_empty() => SectionsState::Bare,
                Some(document) => {
                    let stale = sections::check(&document.text, texts)
                        .map_err(|source| SectionsIoError::Sections { path: path.clone(), source })?;
                    match stale.is_empty() {
                        true => SectionsState::Current { sections: document.sections.keys().cloned().collect() },
                        false => SectionsState::Stale { sections: stale },
                    }
                }
            };
            found.insert(path.clone(), standing);
        }
        Ok(found)
    }

    /// Writes the sections of every document; gives those that changed.
    ///
    /// # Errors
    /// [`SectionsIoError`]; nothing is written unless all documents are there and the markers of all fit.
    pub fn write(&self, texts: &BTreeMap<String, String>) -> Result<Vec<TreePath>, SectionsIoError> {
        let mut changed = Vec::new();
        for (path, document) in &self.documents {
            let document = document.as_ref().ok_or_else(|| SectionsIoError::Gone { path: path.clone() })?;
            let written = sections::replace(&document.text, texts)
                .map_err(|source| SectionsIoError::Sections { path: path.clone(), source })?;
            if written != document.text {
                changed.push((path.clone(), written));
            }
        }
        for (path, written) in &changed {
            let failed = |source| SectionsIoError::Io { doing: "write", path: path.clone(), source };
            files::write_whole(&self.folder.join(path.as_str()), written.as_bytes()).map_err(failed)?;
        }
        Ok(changed.into_iter().map(|(path, _)| path).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(folder: &std::path::Path) -> Workspace {
        let plan = "version = 1\nname = \"x\"\n[images.go]\nbuild = \"go.toml\"\n[[sets.all]]\nid = \"a\"\nrun = \"go\"\n\
                    image = \"go\"\n[packets.RC-05]\ntitle = \"x\"\nsets = [\"all\"]\n[documents]\n\
                    generated = [\"a.md\", \"docs/b.md\"]\n";
        std::fs::write(folder.join("rcrepro.toml"), plan).expect("written");
        Workspace::open(folder).expect("a good plan")
    }

    #[test]
    fn all_documents_are_written_or_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let section = "<!-- rcrepro:begin board -->\n<!-- rcrepro:end board -->\n";
        let workspace = workspace(folder.path());
        let texts = BTreeMap::from([("board".to_owned(), "RC-05 DONE".to_owned())]);
        let write_file = |path: &str, text: &str| {
            files::write_whole(&folder.path().join(path), text.as_bytes()).expect("written");
        };
        let read = || Sections::read(&workspace).expect("good markers");
        write_file("a.md", section);
        assert!(read().write(&texts).expect_err("one is missing").to_string().contains("`docs/b.md` is not there"));
        assert_eq!(
            read().check(&texts).expect("good markers")[&"docs/b.md".parse().expect("a path")],
            SectionsState::Gone
        );
        write_file("docs/b.md", "<!-- rcrepro:begin board -->\n");
        let error = Sections::read(&workspace).expect_err("a bad marker").to_string();
        assert!(error.starts_with("docs/b.md: line 1: section `board` begins"), "{error}");
        write_file("docs/b.md", &section.replace("board", "bored"));
        let error = read().write(&texts).expect_err("an unknown section").to_string();
        assert!(error.starts_with("docs/b.md: line 1: unknown section `bored`"), "{error}");
        assert_eq!(std::fs::read_to_string(folder.path().join("a.md")).expect("there"), section);
        write_file("docs/b.md", "# Nothing\n");
        let found: Vec<SectionsState> = read().check(&texts).expect("good markers").into_values().collect();
        assert!(matches!(&found[..], [SectionsState::Stale { .. }, SectionsState::Bare]), "{found:?}");
        write_file("docs/b.md", section);
        assert_eq!(read().write(&texts).expect("good markers").len(), 2);
        let found = read().check(&texts).expect("good markers");
        assert!(found.values().all(|standing| matches!(standing, SectionsState::Current { .. })), "{found:?}");
        assert!(read().write(&texts).expect("good markers").is_empty(), "nothing is left to write");
    }
}
