//! A second opinion: diffoscope, when it is installed. Nothing here depends on it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::WhyError;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::compare::Part;
use rcrepro_model::evidence::manifest::{OutputEntry, ReproManifest};
use rcrepro_model::why::Why;
use rcrepro_store::export::{CheckoutOptions, Contents, checkout};
use rcrepro_store::{BlobStore, StoreError};

/// The longest text that is attached, in characters.
const LIMIT: usize = 200_000;

/// Finds the program in a list of folders, such as `PATH`.
#[must_use]
pub fn find(folders: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
    folders.into_iter().map(|folder| folder.join("diffoscope")).find(|path| path.is_file())
}

/// Asks it about every output that differs, and attaches what it says.
///
/// # Errors
/// [`WhyError`] when an output cannot be written out; a failure of the program is attached instead.
pub fn attach(why: &mut Why, program: &Path, store: &dyn BlobStore) -> Result<(), WhyError> {
    let [left, right] = [why.sides[0].manifest.clone(), why.sides[1].manifest.clone()];
    for part in &mut why.parts {
        let Part::Output(path) = &part.part else { continue };
        let (Some(l), Some(r)) = (output(&left, &part.command, path), output(&right, &part.command, path)) else {
            continue;
        };
        let folder = tempfile::tempdir().map_err(|source| StoreError::Io {
            doing: "make",
            path: "a temporary folder".into(),
            source,
        })?;
        let (a, b) = (folder.path().join("first"), folder.path().join("second"));
        if write_out(&l, &a, store)? && write_out(&r, &b, store)? {
            part.diffoscope = Some(ask(program, &a, &b));
        }
    }
    Ok(())
}

fn output(manifest: &ReproManifest, command: &Name, path: &str) -> Option<OutputEntry> {
    let entry = manifest.command(command)?;
    entry.outputs.iter().find(|(at, _)| at.as_str() == path).map(|(_, output)| output.clone())
}

/// Writes an output to a path; `false` when it is a link, or a blob of it is missing.
fn write_out(output: &OutputEntry, to: &Path, store: &dyn BlobStore) -> Result<bool, WhyError> {
    match output {
        OutputEntry::File { raw, .. } => write_file(*raw, to, store),
        OutputEntry::Directory { raw, .. } => {
            let options = CheckoutOptions { owner: None, mtime: 0, contents: Contents::Copy };
            if !rcrepro_store::export::is_whole(store, *raw)? {
                return Ok(false);
            }
            checkout(store, *raw, to, &options)?;
            Ok(true)
        }
        OutputEntry::Symlink { .. } => Ok(false),
    }
}

fn write_file(digest: Digest, to: &Path, store: &dyn BlobStore) -> Result<bool, WhyError> {
    if !store.contains(digest)? {
        return Ok(false);
    }
    let io = |source| StoreError::Io { doing: "write", path: to.to_owned(), source };
    let mut file = std::fs::File::create(to).map_err(io)?;
    std::io::copy(&mut store.reader(digest)?, &mut file).map_err(io)?;
    Ok(true)
}

fn ask(program: &Path, left: &Path, right: &Path) -> String {
    let asked =
        Command::new(program).args(["--text", "-", "--no-progress"]).arg(left).arg(right).stdin(Stdio::null()).output();
    match asked {
        // 1 says that they differ; everything else is trouble.
        Ok(output) if output.status.code() == Some(1) => {
            String::from_utf8_lossy(&output.stdout).chars().take(LIMIT).collect()
        }
        Ok(output) => {
            format!("diffoscope failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim())
        }
        Err(error) => format!("diffoscope could not be started: {error}"),
    }
}
