//! Files of the user's repository, written whole or not at all.

use std::fs::{self, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Writes a file beside its place, syncs it and puts it there, so that a crash leaves the old one or the new one. Folders
/// above it come into being; the mode stays what it was, or is 0644.
///
/// # Errors
/// What the system said.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mode = fs::metadata(path).map_or(0o644, |meta| meta.permissions().mode() & 0o777);
    write_with(path, mode, &mut &*bytes)
}

/// Writes a file of any size as [`write_whole`] does, with this mode.
///
/// # Errors
/// What the system said, or the reader.
pub(crate) fn write_with(path: &Path, mode: u32, content: &mut dyn Read) -> io::Result<()> {
    part(path, mode, content)?.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Makes a folder and those above it. Those that come into being have mode 0755, whatever the umask.
///
/// # Errors
/// What the system said.
pub(crate) fn make_folders(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        make_folders(above)?;
    }
    match fs::create_dir(folder) {
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        result => result.and_then(|()| fs::set_permissions(folder, Permissions::from_mode(0o755))),
    }
}

/// Finds out whether files can be written into a folder, or could be once it is made. Leaves nothing behind.
///
/// # Errors
/// What the system said.
pub(crate) fn try_folder(folder: &Path) -> io::Result<()> {
    own_folder(folder)?;
    let there = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
    let there = if there.as_os_str().is_empty() { Path::new(".") } else { there };
    tempfile::tempfile_in(there).map(drop)
}

/// Refuses a folder that is a symbolic link: what is written there would lie wherever a commit points to.
///
/// # Errors
/// An error that names the link and where it leads.
pub(crate) fn own_folder(folder: &Path) -> io::Result<()> {
    match fs::read_link(folder) {
        Ok(to) => Err(io::Error::other(format!(
            "`{}` is a symbolic link to `{}`: expected a folder of its own",
            folder.display(),
            to.display()
        ))),
        Err(_) => Ok(()),
    }
}

/// Writes a synced file beside its place. The mode is set after it was made, so that no umask takes from it.
fn part(path: &Path, mode: u32, content: &mut dyn Read) -> io::Result<tempfile::NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_folders(folder)?;
    let mut part = tempfile::Builder::new().prefix(".rcrepro-").tempfile_in(folder)?;
    io::copy(content, &mut part)?;
    part.as_file().set_permissions(Permissions::from_mode(mode))?;
    part.as_file().sync_all()?;
    Ok(part)
}

/// Writes the command that brings a committed file back as it was, from whatever folder it is run.
pub(crate) fn restore(path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!("if it was committed, bring it back: git -C {} checkout -- {name}", folder.display())
}

/// Writes a file that is not there yet, whole or not at all.
///
/// # Errors
/// What the system said; `AlreadyExists` when there is a file or folder of that name.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    part(path, 0o644, &mut &*bytes)?.persist_noclobber(path).map_err(|error| error.error)?;
    Ok(())
}

/// Writes a file that is not there yet and that its owner alone may read, whole or not at all.
///
/// # Errors
/// As [`write_new`].
pub(crate) fn write_new_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    part(path, 0o600, &mut &*bytes)?.persist_noclobber(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_with_its_mode_and_nothing_stays_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a/b.lock");
        write_whole(&path, b"one").expect("written");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("our own file");
        write_whole(&path, b"two").expect("written again");
        assert_eq!(fs::read(&path).expect("there"), b"two");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path().join("a")).expect("a folder").count(), 1);
        assert!(write_whole(&path.join("below a file"), b"").is_err());
    }
}
