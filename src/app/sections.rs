//! The written sections of the plan's documents, in the working copy: these documents are no part of the certified source.

use std::collections::BTreeMap;

use super::files;
use super::workspace::Workspace;
use crate::documents::sections::{self, SectionsError, StaleSection};
use crate::model::name::TreePath;

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
        /// What the system said.
        #[source]
        source: std::io::Error,
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

/// Writes the sections of every document under `[documents] generated`; gives those that changed.
///
/// # Errors
/// [`SectionsIoError`]; nothing is written unless the markers of all documents fit.
pub fn write(workspace: &Workspace, texts: &BTreeMap<String, String>) -> Result<Vec<TreePath>, SectionsIoError> {
    let mut changed = Vec::new();
    for (path, document) in documents(workspace)? {
        let written = sections::replace(&document, texts)
            .map_err(|source| SectionsIoError::Sections { path: path.clone(), source })?;
        if written != document {
            changed.push((path, written));
        }
    }
    for (path, written) in &changed {
        let failed = |source| SectionsIoError::Io { doing: "write", path: path.clone(), source };
        files::write_whole(&workspace.folder.join(path.as_str()), written.as_bytes()).map_err(failed)?;
    }
    Ok(changed.into_iter().map(|(path, _)| path).collect())
}

/// Lists the sections that are not as `texts` says, by document. A document without any section is listed with none: it
/// was named for nothing.
///
/// # Errors
/// [`SectionsIoError`].
pub fn check(
    workspace: &Workspace,
    texts: &BTreeMap<String, String>,
) -> Result<BTreeMap<TreePath, Vec<StaleSection>>, SectionsIoError> {
    let mut stale = BTreeMap::new();
    for (path, document) in documents(workspace)? {
        let failed = |source| SectionsIoError::Sections { path: path.clone(), source };
        let found = sections::check(&document, texts).map_err(failed)?;
        let none = sections::names(&document).map_err(failed)?.is_empty();
        if none || !found.is_empty() {
            stale.insert(path, found);
        }
    }
    Ok(stale)
}

fn documents(workspace: &Workspace) -> Result<Vec<(TreePath, String)>, SectionsIoError> {
    let read = |path: &TreePath| {
        let failed = |source| SectionsIoError::Io { doing: "read", path: path.clone(), source };
        Ok((path.clone(), std::fs::read_to_string(workspace.folder.join(path.as_str())).map_err(failed)?))
    };
    workspace.plan.documents.generated.iter().map(read).collect()
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
        write_file("a.md", section);
        assert!(write(&workspace, &texts).expect_err("one is missing").to_string().contains("docs/b.md"));
        write_file("docs/b.md", "<!-- rcrepro:begin board -->\n");
        let error = write(&workspace, &texts).expect_err("a bad marker").to_string();
        assert!(error.starts_with("docs/b.md: line 1: section `board` begins"), "{error}");
        assert_eq!(std::fs::read_to_string(folder.path().join("a.md")).expect("there"), section);
        write_file("docs/b.md", "# Nothing\n");
        assert_eq!(check(&workspace, &texts).expect("good markers").len(), 2, "one is stale, one is for nothing");
        write_file("docs/b.md", section);
        assert_eq!(write(&workspace, &texts).expect("good markers").len(), 2);
        assert!(check(&workspace, &texts).expect("good markers").is_empty());
        assert!(write(&workspace, &texts).expect("good markers").is_empty(), "nothing is left to write");
    }
}
