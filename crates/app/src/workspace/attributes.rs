//! `.gitattributes` in the folders of records and locks: what git must not change on the way in or out.
//!
//! Evidence is compared byte for byte. `text=auto` or `core.autocrlf` would change its line ends, a filter or `ident` its
//! content, `export-ignore` would leave it out of archives. A file in the folder itself outweighs those of the folders above.

use std::io;
use std::path::Path;

use super::files::{own_folder, write_whole};
use rcrepro_store::door;

/// The file's name.
pub(crate) const FILE: &str = ".gitattributes";

/// The line that it must have.
pub const LINE: &str = "* -text -filter -ident !working-tree-encoding -export-subst -export-ignore";

/// The folders that hold records and locks, below a plan's folder.
pub(crate) const FOLDERS: [&str; 6] = ["manifests", "approvals", "scopes", "gates", "today", "lockfiles"];

/// Writes a record or lock whole or not at all, after the line in its folder.
///
/// # Errors
/// Whatever kept one of them from being written.
pub(crate) fn write_record(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    own_folder(folder)?;
    keep(folder)?;
    write_whole(path, bytes)
}

/// Gives the folder of records that a file belongs to, or the one that it lies in.
fn folder_of(path: &Path) -> &Path {
    let named = |folder: &&Path| folder.file_name().is_some_and(|name| FOLDERS.iter().any(|known| name == *known));
    let parent = path.parent().unwrap_or(Path::new("."));
    parent.ancestors().find(named).unwrap_or(parent)
}

/// Lists the folders of records below a plan's folder in which the line is missing. Locks are read from the commit, where
/// their line ends are those that they were written with; only evidence is judged as it lies on disk.
#[must_use]
pub(crate) fn unkept(folder: &Path) -> Vec<&'static str> {
    let open = |name: &&str| folder.join(name).is_dir() && !kept(&folder.join(name)).unwrap_or(false);
    FOLDERS.into_iter().filter(|name| *name != "lockfiles").filter(open).collect()
}

/// Adds the line to a folder's `.gitattributes` if it is missing, below all other lines.
///
/// # Errors
/// Whatever kept the file from being read or written.
pub(crate) fn keep(folder: &Path) -> io::Result<()> {
    if kept(folder)? {
        return Ok(());
    }
    let path = folder.join(FILE);
    let before = match door::read_text(&path, door::RECORD_LIMIT) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        before => before?,
    };
    let end = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    write_whole(&path, format!("{before}{end}{LINE}\n").as_bytes())
}

/// Whether a folder's `.gitattributes` has the line, below everything that could override it.
///
/// # Errors
/// Whatever kept the file from being read.
pub(crate) fn kept(folder: &Path) -> io::Result<bool> {
    match door::read_text(&folder.join(FILE), door::RECORD_LIMIT) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        text => Ok(text?.lines().map(str::trim).rfind(|line| !line.is_empty() && !line.starts_with('#')) == Some(LINE)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_added_once_and_below_what_stands_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let read = || std::fs::read_to_string(folder.path().join(FILE)).expect("there");
        assert!(!kept(folder.path()).expect("readable"));
        keep(folder.path()).expect("writable");
        keep(folder.path()).expect("writable");
        assert_eq!(read(), format!("{LINE}\n"));
        std::fs::write(folder.path().join(FILE), format!("{LINE}\n*.json text # our own")).expect("written");
        assert!(!kept(folder.path()).expect("readable"), "a later line outweighs it");
        keep(folder.path()).expect("writable");
        assert_eq!(read(), format!("{LINE}\n*.json text # our own\n{LINE}\n"));
        assert!(kept(folder.path()).expect("readable"));
    }
}
