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

    /// Lists the regular files in the order of their paths, each with its mode and owner.
    pub fn files(&self) -> impl Iterator<Item = (&str, Option<RecordedDress>)> {
        let file = |(path, (node, dress)): (_, &(TreeNode, _))| match node {
            TreeNode::File { .. } => Some((path, *dress)),
            TreeNode::Directory { .. } | TreeNode::Symlink { .. } => None,
        };
        self.nodes.iter().map(|(path, node)| (path.as_str(), node)).filter_map(file)
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
        self.files().filter_map(|(path, dress)| Some((path, dress.filter(|dress| dress.is_set_id())?)))
    }

    /// Finds what was read in files that the image does not have, or said of a locked image that it is not built with.
    pub fn contradiction(&self, image: &ReleaseImage) -> Option<String> {
        let inspection = &self.inspection;
        let mut files = inspection.of_locked.keys();
        if let Some(other) = files.find(|path| self.digest(path).is_none()) {
            return Some(format!("`/{other}`, which is no file of the image"));
        }
        let bases: Vec<&Name> = image.locked_bases().collect();
        let other = inspection.of_locked.values().find(|name| !bases.contains(name))?;
        Some(format!("files of the locked image `{other}`, which the plan does not build it with"))
    }
}
