//! A file of the working copy as git would store it: what prepares a commit reads the bytes that the commit will have.

use std::io;
use std::path::{Path, PathBuf};

use super::status::configure;
use crate::ingest::git::open;

/// Gives the bytes that a commit would have for a file of the working copy, whose bytes on disk these are: with the line ends,
/// encoding and keywords that git's attributes and the user's `core.autocrlf` make of them. A file in no repository stays as it is.
/// No program is started: where a `filter` names one, the bytes are those before it.
///
/// # Errors
/// Whatever kept the repository from being read, or the file from being stored by git.
pub fn as_stored(path: &Path, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    // Nothing else can change on the way in, and most files need no repository.
    if bytes.iter().all(|byte| byte.is_ascii() && !matches!(byte, b'\r' | b'$' | 0)) {
        return Ok(bytes);
    }
    let Some((root, below)) = place(path) else { return Ok(bytes) };
    let mut repository = open(&root).map_err(io::Error::other)?;
    configure(&mut repository).map_err(io::Error::other)?;
    let (mut filters, index) = repository.filter_pipeline(None).map_err(io::Error::other)?;
    let mut stored = Vec::with_capacity(bytes.len());
    let mut reader = filters.convert_to_git(bytes.as_slice(), &below, &index).map_err(io::Error::other)?;
    io::copy(&mut reader, &mut stored)?;
    Ok(stored)
}

/// Finds the work tree that a file lies in, and its path there.
fn place(path: &Path) -> Option<(PathBuf, PathBuf)> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.canonicalize().ok()?;
    let root = folder.ancestors().find(|folder| folder.join(".git").exists())?;
    let below = folder.strip_prefix(root).ok()?.join(path.file_name()?);
    Some((root.to_owned(), below))
}
