//! Advisory data as a frozen input: taken from its mirror or from a folder beside the plan, or recorded into that folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{FrozenError, FrozenStep, go, npm, prune};
use crate::workspace::files::write_whole;
use rcrepro_format::plan::frozen_toml::FrozenData;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::tree::{TreeBuilder, TreeNode};
use rcrepro_model::plan::FrozenKind;

/// By path.
type Files = BTreeMap<String, Vec<u8>>;

impl FrozenStep<'_> {
    /// Stores the data of the mirror or of the recorded folder; gives the tree's root, and the data's date and number of entries.
    pub(super) fn mirrored(&self) -> Result<(Digest, Option<FrozenData>), FrozenError> {
        let path = self.mirror_path();
        let (files, data) = match self.input.kind {
            FrozenKind::NpmAdvisories => npm::advisories::read(&path)
                .and_then(npm::advisories::files)
                .map_err(|source| self.no_cassette(source))?,
            _ => self.vulndb()?,
        };
        Ok((self.tree(files)?, Some(data)))
    }

    /// Stores the data of today, which no lock names: that of the mirror, or what the registry answers now. A cassette that is
    /// recorded for this is kept nowhere else.
    ///
    /// # Errors
    /// [`FrozenError`] when there is no such data, or the registry does not answer.
    pub async fn today(&self) -> Result<(Digest, FrozenData), FrozenError> {
        let (files, data) = match self.input.kind {
            FrozenKind::NpmAdvisories => self.recorded().await.map(|(_, files, data)| (files, data))?,
            _ => self.vulndb()?,
        };
        Ok((self.tree(files)?, data))
    }

    fn vulndb(&self) -> Result<(Files, FrozenData), FrozenError> {
        go::vulndb::files(&self.mirror_path()).map_err(|source| FrozenError::Vulndb { name: self.name.clone(), source })
    }

    /// Records a cassette through the network and writes it to its folder beside the plan, in the place of an earlier one.
    pub(super) async fn record(&self) -> Result<(Digest, Option<FrozenData>), FrozenError> {
        let (cassette, files, data) = self.recorded().await?;
        let root = self.tree(files)?;
        let folder = self.mirror_path();
        write_folder(&folder, &cassette).map_err(|source| FrozenError::Write { path: folder, source })?;
        Ok((root, Some(data)))
    }

    /// Records a cassette through the network: its own files, and those of the tree that it becomes.
    async fn recorded(&self) -> Result<(Files, Files, FrozenData), FrozenError> {
        let step =
            self.step(npm::advisories::LINE, npm::advisories::OUTPUT, &npm::advisories::RECORDER, self.transport()?);
        let mut cassette = BTreeMap::new();
        if let Some(root) = step.await? {
            for (path, digest) in prune::files(self.store, root)? {
                cassette.insert(path, self.store.get(digest)?);
            }
        }
        let (files, data) = npm::advisories::files(cassette.clone()).map_err(|source| self.no_cassette(source))?;
        Ok((cassette, files, data))
    }

    fn no_cassette(&self, source: npm::advisories::CassetteError) -> FrozenError {
        FrozenError::Cassette { name: self.name.clone(), source }
    }

    /// Gives the path of the data: the plan's, or one beside the lock.
    pub(super) fn mirror_path(&self) -> PathBuf {
        match &self.input.path {
            Some(path) => self.folder.join(path),
            None => self.folder.join("lockfiles").join(format!("{}.cassette", self.name)),
        }
    }

    fn tree(&self, files: Files) -> Result<Digest, FrozenError> {
        for bytes in files.values() {
            self.store.put(bytes)?;
        }
        Ok(builder(&files)?.finish(&mut |_, bytes| self.store.put(&bytes).map(drop))?)
    }
}

/// Gives the root that a tree of these files has; nothing is stored.
///
/// # Errors
/// [`FrozenError`] when a path is not valid in a tree.
pub(super) fn root_of(files: &Files) -> Result<Digest, FrozenError> {
    let Ok(root) = builder(files)?.finish(&mut |_, _| Ok::<(), std::convert::Infallible>(()));
    Ok(root)
}

/// Puts a tree together; files in its `bin` are executable.
fn builder(files: &Files) -> Result<TreeBuilder, FrozenError> {
    let mut builder = TreeBuilder::default();
    for (path, bytes) in files {
        let node = TreeNode::File { digest: Digest::of(bytes), executable: path.starts_with("bin/") };
        builder.insert(&path.parse()?, node)?;
    }
    Ok(builder)
}

/// Makes a cassette's folder hold exactly these files; its head comes last.
fn write_folder(folder: &Path, files: &BTreeMap<String, Vec<u8>>) -> std::io::Result<()> {
    let exchanges = folder.join("exchanges");
    if exchanges.exists() {
        std::fs::remove_dir_all(&exchanges)?;
    }
    for (path, bytes) in files.iter().rev() {
        write_whole(&folder.join(path), bytes)?;
    }
    Ok(())
}
