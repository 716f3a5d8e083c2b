//! Reads outputs that are symlinks from an engine whose archives follow them.
//!
//! Podman's archive of a symlink holds what the symlink leads to, and is missing when that is missing: one output would
//! become another, or none. Its answer about a path tells that it is a symlink, with a target that was resolved; as it
//! was written, the target is only in the archive of the directory around it.

use std::io::Read;

use crate::EngineError;
use crate::docker::blocking::{blocking, on_own_thread};
use crate::docker::fault::{call, incomplete};
use crate::docker::libpod::Libpod;
use crate::docker::outputs::archive::{Archive, open_archive};
use crate::docker::pump::PumpHandle;
use rcrepro_archive::tar::MemberKind;
use rcrepro_archive::tar::reader::{TarReadError, TarReader};
use rcrepro_model::content::name::TreePath;
use rcrepro_model::content::tree::TreeNode;
use rcrepro_model::text::causes::with_causes;

/// Reads the symlink at a path of a container; `None` when something else or nothing is there.
///
/// # Errors
/// [`EngineError::Call`] when the engine cannot say what is there, [`EngineError::Output`] for a target that is not
/// UTF-8, [`EngineError::Incomplete`] when the directory's archive does not hold the symlink.
pub(crate) async fn read(
    libpod: &Libpod,
    pump: &PumpHandle,
    container: &str,
    label: &str,
    at: &TreePath,
) -> Result<Option<TreeNode>, EngineError> {
    let asked = libpod.is_symlink(container, &format!("/{at}")).await;
    if !asked.map_err(call(label, "look at the outputs"))? {
        return Ok(None);
    }
    let missing = || incomplete(label, format!("the symlink `/{at}` is not in the archive of its directory"));
    let (directory, name) = at.as_str().rsplit_once('/').ok_or_else(missing)?;
    let around = directory.rsplit('/').next().unwrap_or(directory);
    let wanted = format!("{around}/{name}");
    let Archive::There(archive) = open_archive(pump, container, label, &format!("/{directory}")).await? else {
        return Err(missing());
    };
    let found = blocking(|| on_own_thread(|| target(archive, &wanted)));
    let found = found.map_err(|_| incomplete(label, "the reader of an archive panicked"))?;
    let target =
        found.map_err(|error| incomplete(label, format!("the archive of `/{directory}`: {}", with_causes(&error))))?;
    let target = String::from_utf8(target.ok_or_else(missing)?).map_err(|_| EngineError::Output {
        label: label.to_owned(),
        path: format!("/{at}"),
        reason: "its target is not UTF-8".into(),
    })?;
    Ok(Some(TreeNode::Symlink { target }))
}

/// Finds the target of the symlink at a path of an archive.
fn target(mut archive: impl Read, wanted: &str) -> Result<Option<Vec<u8>>, TarReadError> {
    let mut reader = TarReader::new(&mut archive);
    while let Some(entry) = reader.next_entry()? {
        if entry.kind == MemberKind::Symlink && entry.path == wanted.as_bytes() {
            return Ok(Some(entry.link));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_archive::tar::writer::{MemberAttributes, TarFormat, TarWriter};

    #[test]
    fn targets_stay_as_they_were_written() {
        let long = "x/".repeat(120);
        let mut tar = TarWriter::new(Vec::new(), TarFormat::Gnu);
        for (path, target) in [("work/a", "nowhere//x"), ("work/deep/a", "other"), ("work/long", long.as_str())] {
            tar.symlink(path, target, MemberAttributes::default()).expect("memory");
        }
        let bytes = tar.finish().expect("memory");
        let find = |wanted| target(bytes.as_slice(), wanted).expect("an archive");
        assert_eq!(find("work/a").as_deref(), Some(b"nowhere//x".as_slice()));
        assert_eq!(find("work/long").as_deref(), Some(long.as_bytes()));
        assert_eq!(find("work/b"), None);
    }
}
