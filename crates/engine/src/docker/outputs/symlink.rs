//! Reads outputs that are symlinks from an engine whose archives follow them.
//!
//! Podman's archive of a symlink holds what the symlink leads to, and is missing when that is missing: one output would
//! become another, or none. Its answer about a path tells that it is a symlink, with a target that was resolved; as it
//! was written, the target is only in the archive of the directory around it.

use std::io;

use tar::{Archive, EntryType};

use crate::EngineError;
use crate::docker::blocking::{blocking, on_own_thread};
use crate::docker::fault::{call, incomplete};
use crate::docker::libpod::Libpod;
use crate::docker::outputs::archive::open_archive;
use crate::docker::pump::PumpHandle;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::content::tree::TreeNode;

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
    let archive = open_archive(pump, container, label, &format!("/{directory}")).await?.ok_or_else(missing)?;
    let found = blocking(|| on_own_thread(|| target(archive, &wanted)));
    let found = found.map_err(|_| incomplete(label, "the reader of an archive panicked"))?;
    let target = found.map_err(|error| incomplete(label, format!("the archive of `/{directory}`: {error}")))?;
    let target = String::from_utf8(target.ok_or_else(missing)?).map_err(|_| EngineError::Output {
        label: label.to_owned(),
        path: format!("/{at}"),
        reason: "its target is not UTF-8".into(),
    })?;
    Ok(Some(TreeNode::Symlink { target }))
}

/// Finds the target of the symlink at a path of an archive.
fn target(reader: impl io::Read, wanted: &str) -> io::Result<Option<Vec<u8>>> {
    for entry in Archive::new(reader).entries()? {
        let entry = entry?;
        if entry.header().entry_type() == EntryType::Symlink && *entry.path_bytes() == *wanted.as_bytes() {
            return Ok(entry.link_name_bytes().map(|target| target.into_owned()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_stay_as_they_were_written() {
        let long = "x/".repeat(120);
        let mut builder = tar::Builder::new(Vec::new());
        for (path, target) in [("work/a", "nowhere//x"), ("work/deep/a", "other"), ("work/long", long.as_str())] {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(EntryType::Symlink);
            header.set_size(0);
            header.set_link_name_literal(target.get(..100).unwrap_or(target)).expect("it is short");
            if target.len() > 100 {
                let mut name = tar::Header::new_gnu();
                name.set_entry_type(EntryType::GNULongLink);
                name.set_size(target.len() as u64 + 1);
                name.set_cksum();
                builder.append_data(&mut name, "././@LongLink", format!("{target}\0").as_bytes()).expect("memory");
            }
            builder.append_data(&mut header, path, io::empty()).expect("memory");
        }
        let bytes = builder.into_inner().expect("memory");
        let find = |wanted| target(bytes.as_slice(), wanted).expect("an archive");
        assert_eq!(find("work/a").as_deref(), Some(b"nowhere//x".as_slice()));
        assert_eq!(find("work/long").as_deref(), Some(long.as_bytes()));
        assert_eq!(find("work/b"), None);
    }
}
