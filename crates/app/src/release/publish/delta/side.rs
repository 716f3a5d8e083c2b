//! An image in one record, for one platform, as far as it is at hand.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tempfile::TempDir;

use super::super::error::PublishError;
use crate::evidence::record_file::RecordFile;
use crate::release::contents::settings_of;
use crate::release::error::ReleaseError;
use crate::release::step::record_path;
use crate::release::validation::dress;
use rcrepro_format::images::oci_document::{self, Document};
use rcrepro_format::images::oci_json::MANIFEST_TYPE;
use rcrepro_format::records::inspection_json;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::{Name, TreePath};
use rcrepro_model::content::tree::TreeNode;
use rcrepro_model::evidence::finding::Note;
use rcrepro_model::evidence::image_delta::{RecordedFile, RecordedSide};
use rcrepro_model::evidence::inspection::FoundPackage;
use rcrepro_model::evidence::release_record::{Parts, ReleaseRecord};
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::plan::PacketId;
use rcrepro_model::text::causes::causes;
use rcrepro_store::layered::Layered;
use rcrepro_store::{BlobStore as _, export};

/// What a link's content begins with, which is not a digest.
const LINK: &str = "-> ";

/// The parts of an image, and what was read in its files.
pub(super) type OfPlatform = (Parts, Option<Digest>);

/// A record of one of the two releases.
pub(super) struct Side {
    pub revision: String,
    pub packet: PacketId,
    pub record: ReleaseRecord,
    blobs: Layered,
    /// Where the record of a commit is laid out for as long as it is read.
    _folder: Option<TempDir>,
}

/// What a side holds; none of what is not at hand.
pub(super) struct Contents {
    pub said: RecordedSide,
    pub files: Option<BTreeMap<String, RecordedFile>>,
    /// By key, each value as JSON.
    pub settings: Option<BTreeMap<String, String>>,
    /// By type and name, the versions.
    pub packages: Option<BTreeMap<String, BTreeSet<String>>>,
}

impl Side {
    /// Opens the evidence of a record that belongs to a manifest file; `store` is the folder of a store that may have more of it.
    ///
    /// # Errors
    /// [`PublishError`] when the record's file cannot be read.
    pub fn open(
        revision: String,
        record: ReleaseRecord,
        manifest: &Path,
        store: &Path,
        folder: Option<TempDir>,
    ) -> Result<Self, PublishError> {
        let path = record_path(manifest);
        let failed = |source| ReleaseError::Read { path: path.clone(), source };
        let blobs = RecordFile::open(&path, Some(store)).map_err(failed)?.into_blobs();
        Ok(Self { revision, packet: record.packet.clone(), record, blobs, _folder: folder })
    }

    /// Names the platform of the machine that the record was made on.
    pub fn machine(&self) -> String {
        ImagePlatform::of_isa(&self.record.isa).map_or_else(|| self.record.isa.clone(), |platform| platform.to_string())
    }

    /// Gives what is recorded of an image for a platform.
    ///
    /// # Errors
    /// [`PublishError::OtherPlatform`].
    pub fn of_platform(&self, image: &Name, wanted: &str) -> Result<OfPlatform, PublishError> {
        let all = self.record.images.get(image).into_iter().flat_map(|entry| {
            let others = entry.platforms.iter().map(|(name, one)| (name.clone(), (one.parts, one.inspection)));
            [(self.machine(), (entry.parts, entry.inspection))].into_iter().chain(others)
        });
        let all: Vec<(String, OfPlatform)> = all.collect();
        let found = all.iter().find(|(platform, _)| platform == wanted).map(|(_, of)| *of);
        found.ok_or_else(|| PublishError::OtherPlatform {
            image: image.clone(),
            packet: self.packet.clone(),
            recorded: all.into_iter().map(|(platform, _)| platform).collect(),
            asked: wanted.to_owned(),
        })
    }

    /// Reads what is at hand of an image; what is not is a note.
    pub fn contents(&self, (parts, inspection): OfPlatform, notes: &mut Vec<Note>) -> Contents {
        let mut kept = |what: &str, missing: String| {
            notes
                .push(Note { at: format!("{} {what}", self.revision), says: format!("cannot be compared: {missing}") });
        };
        let files = self.files(parts).map_err(|missing| kept("files", missing)).ok();
        let settings = self.settings(parts).map_err(|missing| kept("settings", missing)).ok();
        let packages = self.packages(inspection).map_err(|missing| kept("packages", missing)).ok();
        Contents { said: self.said(parts, files.as_ref()), files, settings, packages }
    }

    fn said(&self, parts: Parts, files: Option<&BTreeMap<String, RecordedFile>>) -> RecordedSide {
        let manifest = parts.manifest.and_then(|manifest| self.blobs.get(manifest).ok());
        let layers = manifest.and_then(|bytes| match oci_document::document(MANIFEST_TYPE, &bytes).ok()? {
            Document::Manifest { layers, .. } => {
                Some((layers.iter().map(|layer| layer.digest.size).sum::<u64>(), layers.len()))
            }
            Document::Index(_) => None,
        });
        let sizes = files.map(|files| {
            let regular = files.values().filter(|file| !file.content.starts_with(LINK));
            regular.fold((0_u64, 0), |(bytes, count), file| (bytes.saturating_add(file.size), count + 1))
        });
        RecordedSide {
            revision: self.revision.clone(),
            packet: self.packet.clone(),
            version: self.record.version,
            manifest: parts.manifest,
            layers,
            files: sizes,
        }
    }

    /// Lists the files and links of a tree, whose directories travel with the record.
    fn files(&self, parts: Parts) -> Result<BTreeMap<String, RecordedFile>, String> {
        let tree = export::walk(&self.blobs, parts.tree).map_err(|error| whole(&error))?;
        let owners = self.blobs.get(parts.owners).map_err(|error| whole(&error))?;
        let mut owners = dress::texts(&owners).ok_or("its modes and owners cannot be read")?;
        let file = |(path, node): (TreePath, TreeNode)| {
            let (content, size) = match node {
                TreeNode::File { digest, .. } => (digest.to_string(), digest.size),
                TreeNode::Symlink { target } => (format!("{LINK}{target}"), 0),
                TreeNode::Directory { .. } => return None,
            };
            let dress = owners.remove(path.as_str()).unwrap_or_default();
            Some((format!("/{path}"), RecordedFile { content, size, dress }))
        };
        Ok(tree.into_iter().filter_map(file).collect())
    }

    fn packages(&self, inspection: Option<Digest>) -> Result<BTreeMap<String, BTreeSet<String>>, String> {
        let old = || format!("a record of version {} does not name packages", self.record.version);
        let bytes = self.blobs.get(inspection.ok_or_else(old)?).map_err(|error| whole(&error))?;
        let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for FoundPackage { purl, .. } in inspection_json::decode(&bytes)?.packages {
            all.entry(format!("{} {}", purl.kind(), purl.name())).or_default().insert(purl.version().to_owned());
        }
        Ok(all)
    }

    fn settings(&self, parts: Parts) -> Result<BTreeMap<String, String>, String> {
        let digest = settings_of(parts, &self.blobs).map_err(|error| whole(&error))?;
        let bytes = self.blobs.get(digest).map_err(|error| whole(&error))?;
        let settings: BTreeMap<String, serde_json::Value> =
            serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
        Ok(settings.into_iter().map(|(key, value)| (key, value.to_string())).collect())
    }
}

/// Writes an error with its causes.
fn whole(error: &dyn std::error::Error) -> String {
    causes(error).fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
