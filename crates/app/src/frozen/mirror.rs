//! The files of a mirror: a folder, or a zip of one. What is wanted of them is small enough to be held in memory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use rcrepro_archive::zip::{ZipError, ZipReader};

/// The most that one file may have, in bytes.
const FILE_LIMIT: u64 = 64 << 20;
/// The most that all files may have together, in bytes. Go's whole database had 18 MB in August 2026.
const TOTAL_LIMIT: u64 = 1 << 30;

/// Why a mirror cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// Nothing is there.
    #[error("there is nothing at `{}`: expected a folder or a zip", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A file or folder cannot be read.
    #[error("cannot read `{}`", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// A file is too large.
    #[error("`{}` has more than {limit} bytes", path.display())]
    Large {
        /// The file, or the mirror when all of it is too large.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// The zip holds a file twice.
    #[error("the zip `{}` holds a file twice", path.display())]
    Twice {
        /// The zip.
        path: PathBuf,
    },
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> MirrorError {
    let path = path.to_owned();
    move |source| MirrorError::Io { path, source }
}

/// Reads those files that `keep` wants, by their path with `/`; dot files of a folder are left out. A zip's times, modes and
/// order do not matter.
///
/// # Errors
/// [`MirrorError`].
pub fn read(path: &Path, keep: &dyn Fn(&str) -> bool) -> Result<BTreeMap<String, Vec<u8>>, MirrorError> {
    let missing = |_| MirrorError::Missing { path: path.to_owned() };
    let mut files = Files { root: path, keep, found: BTreeMap::new(), total: 0 };
    if std::fs::metadata(path).map_err(missing)?.is_dir() {
        files.folder(path, "")?;
    } else {
        files.zip()?;
    }
    Ok(files.found)
}

struct Files<'a> {
    root: &'a Path,
    keep: &'a dyn Fn(&str) -> bool,
    found: BTreeMap<String, Vec<u8>>,
    total: u64,
}

impl Files<'_> {
    #[expect(clippy::disallowed_methods, reason = "a mirror that the user names")]
    fn folder(&mut self, folder: &Path, prefix: &str) -> Result<(), MirrorError> {
        for entry in std::fs::read_dir(folder).map_err(io_error(folder))? {
            let entry = entry.map_err(io_error(folder))?;
            let name = entry.file_name();
            // `keep` never asks for a name that is not UTF-8.
            let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
            let (path, at) = (entry.path(), format!("{prefix}{name}"));
            let kind = std::fs::metadata(&path).map_err(io_error(&path))?;
            if kind.is_dir() {
                // A link to a folder could lead round in a circle.
                if !entry.file_type().map_err(io_error(&path))?.is_symlink() {
                    self.folder(&path, &format!("{at}/"))?;
                }
            } else if kind.is_file() && (self.keep)(&at) {
                let file = File::open(&path).map_err(io_error(&path))?;
                self.add(&path, at, file)?;
            }
        }
        Ok(())
    }

    #[expect(clippy::disallowed_methods, reason = "a mirror that the user names")]
    fn zip(&mut self) -> Result<(), MirrorError> {
        let root = self.root;
        let wrap = |error| match error {
            ZipError::Twice { .. } => MirrorError::Twice { path: root.to_owned() },
            ZipError::TooLarge { limit, .. } => MirrorError::Large { path: root.to_owned(), limit },
            other => io_error(root)(other.into()),
        };
        let file = File::open(root).map_err(io_error(root))?;
        let archive = ZipReader::open(file).map_err(wrap)?;
        archive.each(TOTAL_LIMIT, wrap, &mut |member, content| match member.is_file && (self.keep)(&member.name) {
            true => self.add(&root.join(&member.name), member.name.clone(), content),
            false => Ok(()),
        })
    }

    fn add(&mut self, shown: &Path, at: String, from: impl io::Read) -> Result<(), MirrorError> {
        let mut bytes = Vec::new();
        let size = from.take(FILE_LIMIT + 1).read_to_end(&mut bytes).map_err(io_error(shown))? as u64;
        self.total += size;
        for (path, found, limit) in [(shown, size, FILE_LIMIT), (self.root, self.total, TOTAL_LIMIT)] {
            if found > limit {
                return Err(MirrorError::Large { path: path.to_owned(), limit });
            }
        }
        self.found.insert(at, bytes);
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use rcrepro_archive::zip;

    /// Packs files as a zip, in the given order.
    pub fn pack(path: &Path, files: &[(&str, &str)]) {
        let files = files.iter().map(|(name, text)| (*name, text.as_bytes()));
        std::fs::write(path, zip::deflated(files).expect("a zip")).expect("written");
    }

    #[test]
    fn folder_and_zip_give_the_same_files() {
        let scene = tempfile::tempdir().expect("a folder");
        let folder = scene.path().join("db");
        std::fs::create_dir_all(folder.join("index")).expect("made");
        for (name, text) in [("index/a.json", "1"), ("b.json", "2"), (".c.json", "3"), ("d.txt", "4")] {
            std::fs::write(folder.join(name), text).expect("written");
        }
        let zip = scene.path().join("db.zip");
        pack(&zip, &[("index/a.json", "1"), ("d.txt", "4"), ("b.json", "2")]);
        let keep = |path: &str| path.ends_with(".json");
        let found = read(&folder, &keep).expect("a folder");
        assert_eq!(found.keys().map(String::as_str).collect::<Vec<_>>(), ["b.json", "index/a.json"]);
        assert_eq!(read(&zip, &keep).expect("a zip"), found);
        assert!(matches!(read(&scene.path().join("none"), &keep), Err(MirrorError::Missing { .. })));
        assert!(matches!(read(&folder.join("d.txt"), &keep), Err(MirrorError::Io { .. })));
    }
}
