//! A recorded image as its validation sees it.

use std::collections::BTreeMap;

use super::dress::{self, RecordedDress};
use crate::release::error::ReleaseError;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::content::tree::TreeNode;
use rcrepro_model::evidence::inspection::ImageInspection;
use rcrepro_model::evidence::release_record::Parts;
use rcrepro_model::plan::release_image::{ImageSettings, ReleaseImage};
use rcrepro_store::{BlobStore, export};

/// One image of one platform. Paths have no `/` before them.
pub(super) struct ImageView {
    pub settings: ImageSettings,
    pub inspection: ImageInspection,
    nodes: BTreeMap<String, (TreeNode, Option<RecordedDress>)>,
}

impl ImageView {
    /// Reads an image's evidence; none where its owners cannot be read.
    ///
    /// # Errors
    /// [`ReleaseError`] when a part is not there.
    pub fn read(
        parts: Parts,
        settings: ImageSettings,
        inspection: ImageInspection,
        store: &dyn BlobStore,
    ) -> Result<Option<Self>, ReleaseError> {
        let Some(mut owners) = dress::texts(&store.get(parts.owners)?) else { return Ok(None) };
        let dressed = export::walk(store, parts.tree)?.into_iter().map(|(path, node)| {
            let dress = owners.remove(path.as_str()).and_then(|text| RecordedDress::parse(&text));
            (path.to_string(), (node, dress))
        });
        let nodes = dressed.collect();
        Ok(Some(Self { settings, inspection, nodes }))
    }

    /// Lists the contents of the regular files in the order of their paths.
    pub fn contents(&self) -> impl Iterator<Item = (&str, Digest)> {
        self.nodes.iter().filter_map(|(path, (node, _))| match node {
            TreeNode::File { digest, .. } => Some((path.as_str(), *digest)),
            TreeNode::Directory { .. } | TreeNode::Symlink { .. } => None,
        })
    }

    /// Gives what is at a path.
    pub fn node(&self, path: &str) -> Option<&TreeNode> {
        self.nodes.get(path).map(|(node, _)| node)
    }

    /// Gives a regular file's content; none where there is none.
    pub fn digest(&self, path: &str) -> Option<Digest> {
        match self.nodes.get(path)? {
            (TreeNode::File { digest, .. }, _) => Some(*digest),
            _ => None,
        }
    }

    /// Gives the mode and owner of a path.
    pub fn dress(&self, path: &str) -> Option<RecordedDress> {
        self.nodes.get(path).and_then(|(_, dress)| *dress)
    }

    /// Lists the set-id files.
    pub fn set_id_files(&self) -> impl Iterator<Item = (&str, RecordedDress)> {
        let set_id = |path: &str| self.dress(path).filter(|dress| dress.is_set_id());
        self.contents().filter_map(move |(path, _)| Some((path, set_id(path)?)))
    }

    /// Finds what was read in files that the image does not have, or said of a locked image that it is not built with.
    pub fn contradiction(&self, image: &ReleaseImage) -> Option<String> {
        let inspection = &self.inspection;
        let files = inspection.keys.keys().chain(inspection.programs.keys());
        let mut files = files.chain(inspection.packages.iter().map(|package| &package.path));
        let files = files.find(|path| self.digest(path).is_none());
        if let Some(other) = files.or_else(|| inspection.of_locked.keys().find(|path| !self.nodes.contains_key(*path)))
        {
            return Some(format!("`/{other}`, which the image does not have"));
        }
        let bases: Vec<&Name> = image.locked_bases().collect();
        let other = inspection.of_locked.values().find(|name| !bases.contains(name))?;
        Some(format!("files of the locked image `{other}`, which the plan does not build it with"))
    }
}
