//! The sources of the workspace, read and parsed once.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::error::HouseError;
use crate::syntax;
use crate::workspace::{self, WorkspaceMember};

/// With fewer files than this, something other than the repository was read.
const LEAST_FILES: usize = 300;
/// Where cargo looks for Rust in a package.
const RUST: [&str; 4] = ["src", "tests", "benches", "build.rs"];
/// Where people look for prose.
const PROSE: [&str; 4] = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs"];

/// Everything that is measured.
pub struct Repository {
    /// Read from the root manifest.
    pub packages: Vec<WorkspaceMember>,
    /// Below `src`, `tests` and `benches` of each package, and build scripts.
    pub rust: Vec<RustFile>,
    /// Documents in Markdown, in the repository and in packages.
    pub documents: Vec<Markdown>,
}

/// A parsed Rust file.
pub struct RustFile {
    /// The name of its package.
    pub package: String,
    /// Relative to the repository.
    pub path: String,
    /// As read.
    pub text: String,
    /// As parsed, with places.
    pub syntax: syn::File,
    /// Whether the file is compiled for tests only.
    pub test: bool,
}

/// A document in Markdown.
pub struct Markdown {
    /// Relative to the repository.
    pub path: String,
    /// As read.
    pub text: String,
}

impl Repository {
    /// Reads the repository at `root`.
    ///
    /// # Errors
    /// A file that could not be read or parsed, or next to no files.
    pub fn read(root: &Path) -> Result<Self, HouseError> {
        let packages = workspace::packages(root)?;
        let mut rust = Vec::new();
        for package in &packages {
            for path in RUST.iter().map(|name| Path::new(&package.folder).join(name)) {
                for (path, text) in files(root, &path, "rs")? {
                    rust.push(RustFile::parse(&package.name, &path, text)?);
                }
            }
        }
        if rust.len() < LEAST_FILES {
            return Err(HouseError::Hollow { found: rust.len(), expected: LEAST_FILES });
        }
        mark_tests(&mut rust);
        let documents = PROSE.iter().map(|path| files(root, Path::new(path), "md")).collect::<Result<Vec<_>, _>>()?;
        let documents = documents.into_iter().flatten().map(|(path, text)| Markdown { path, text }).collect();
        Ok(Self { packages, rust, documents })
    }

    /// The Rust files that are part of a program or a library.
    pub fn code(&self) -> impl Iterator<Item = &RustFile> {
        self.rust.iter().filter(|file| !file.test)
    }
}

impl RustFile {
    /// Parses the text of one file.
    ///
    /// # Errors
    /// Text that is not valid Rust.
    pub fn parse(package: &str, path: &str, text: String) -> Result<Self, HouseError> {
        let syntax = syn::parse_file(&text).map_err(|source| HouseError::Rust {
            path: path.to_owned(),
            line: source.span().start().line,
            source,
        })?;
        Ok(Self { package: package.to_owned(), path: path.to_owned(), text, syntax, test: is_test_path(path) })
    }

    /// The folder in which child modules of the file lie.
    #[must_use]
    pub fn children_folder(&self) -> PathBuf {
        let path = Path::new(&self.path);
        let folder = path.parent().unwrap_or(Path::new(""));
        match path.file_stem().and_then(|stem| stem.to_str()) {
            Some("mod" | "lib" | "main") | None => folder.to_owned(),
            Some(stem) => folder.join(stem),
        }
    }
}

/// Every file with this extension at or below `path`, in order; none where `path` does not exist.
fn files(root: &Path, path: &Path, extension: &str) -> Result<Vec<(String, String)>, HouseError> {
    let start = root.join(path);
    if !start.exists() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in WalkDir::new(start).sort_by_file_name() {
        let entry = entry?;
        if entry.file_type().is_file() && entry.path().extension().is_some_and(|found| found == extension) {
            let path = entry.path().strip_prefix(root).unwrap_or(entry.path()).to_owned();
            let text =
                fs::read_to_string(entry.path()).map_err(|source| HouseError::Read { path: path.clone(), source })?;
            found.push((path.to_string_lossy().into_owned(), text));
        }
    }
    Ok(found)
}

/// Whether the name of a file or of a folder around it says that it holds tests.
fn is_test_path(path: &str) -> bool {
    let path = Path::new(path);
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    stem == "tests" || stem.ends_with("_tests") || path.components().any(|part| part.as_os_str() == "tests")
}

/// Marks the files of modules that are declared `#[cfg(test)] mod name;`, and those below them.
fn mark_tests(files: &mut [RustFile]) {
    let mut roots = BTreeSet::new();
    for file in files.iter() {
        let declared = file.syntax.items.iter().filter_map(|item| match item {
            syn::Item::Mod(module) if module.content.is_none() && syntax::is_test(&module.attrs) => Some(module),
            _ => None,
        });
        roots.extend(declared.map(|module| file.children_folder().join(module.ident.to_string())));
    }
    for file in files {
        let path = Path::new(&file.path);
        file.test |= roots.iter().any(|root| path.starts_with(root) || path.with_extension("") == *root);
    }
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;

    /// Repository made of `(path, text)`, all of one package.
    pub(crate) fn rust(files: &[(&str, &str)]) -> Repository {
        let parse = |(path, text): &(&str, &str)| RustFile::parse("sample", path, (*text).to_owned()).unwrap();
        let mut rust: Vec<RustFile> = files.iter().map(parse).collect();
        mark_tests(&mut rust);
        Repository { packages: Vec::new(), rust, documents: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_tests_are_told_apart() {
        let sources = samples::rust(&[
            ("src/a/mod.rs", "#[cfg(test)] mod properties; mod tested;"),
            ("src/a/properties.rs", ""),
            ("src/a/properties/deep.rs", ""),
            ("src/a/tested.rs", ""),
            ("src/a/b_tests.rs", ""),
            ("tests/cli/main.rs", ""),
        ]);
        let code: Vec<&str> = sources.code().map(|file| file.path.as_str()).collect();
        assert_eq!(code, ["src/a/mod.rs", "src/a/tested.rs"]);
    }

    #[test]
    fn invalid_rust_names_its_place() {
        let error = RustFile::parse("sample", "src/a.rs", "\nfn (".into()).map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), "invalid Rust in src/a.rs, line 2");
    }
}
