//! The release's own images: built on the engine from the certified source, twice, and tried.
//!
//! No command can do that: nothing in our containers reaches the engine, and nothing shall. See
//! `docs/design/release-images.md`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use self::build::Builders;
use self::trial::Trial;
use super::evidence::{self, EvidenceError};
use super::workspace::Workspace;
use crate::run::actions::{ActionError, Resolved};
use crate::run::context::RunContext;
use rcrepro_engine::{EngineError, ImageHost};
use rcrepro_format::records::release_json::{self, ReleaseRecordError};
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::evidence::manifest::CommandEntry;
use rcrepro_model::evidence::release_record::{BuiltEntry, RELEASE_RECORD_VERSION, ReleaseRecord, Released};
use rcrepro_model::plan::PacketId;
use rcrepro_model::plan::release_image::ReleaseImage;
use rcrepro_model::text::hint::Hint;
use rcrepro_store::export::ExportError;
use rcrepro_store::fs::FsStore;
use rcrepro_store::ingest::TarError;
use rcrepro_store::{BlobStore as _, StoreError};

mod build;
pub(crate) mod compare;
mod contents;
mod context;
pub(crate) mod fact;
mod judge;
pub mod latest;
mod read;
mod trial;
pub mod verify;

#[cfg(test)]
mod tests;

/// Why the release's images could not be judged.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A smoke command's action could not be derived.
    #[error(transparent)]
    Action(#[from] ActionError),
    /// A tree could not be read or made.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The engine's export holds something that cannot be kept in a tree.
    #[error("release image `{image}`: its file system cannot be kept")]
    Tar {
        /// Its name in the plan.
        image: Name,
        /// What is wrong.
        #[source]
        source: TarError,
    },
    /// What the engine exported makes no sense.
    #[error("release image `{image}`: the engine's export is not believed: {reason}")]
    Unbelievable {
        /// Its name in the plan.
        image: Name,
        /// What is wrong.
        reason: String,
    },
    /// A temporary file failed.
    #[error("release image `{image}`: cannot keep the engine's export for a moment")]
    Spool {
        /// Its name in the plan.
        image: Name,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The record cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The record is not valid.
    #[error("`{}` is not a valid record of release images", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: ReleaseRecordError,
    },
    /// The evidence cannot be read or written.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Hint for ReleaseError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Engine(error) => error.hint(),
            Self::Record { .. } => Some("git checkout -- manifests".to_owned()),
            _ => None,
        }
    }
}

/// What the images are built and tried with.
#[derive(Clone, Copy)]
pub(crate) struct ReleaseStep<'a> {
    /// What every stage works with.
    pub context: RunContext<'a>,
    /// The plan and its folder.
    pub workspace: &'a Workspace,
    /// The packet whose images are built.
    pub packet: &'a PacketId,
    /// What was resolved for its commands.
    pub resolved: &'a Resolved,
    /// What its commands did; smoke commands may need their outputs.
    pub results: &'a BTreeMap<Name, CommandEntry>,
    /// A folder for large temporary files.
    pub spool: &'a Path,
    /// Whether each image is built a second time.
    pub twice: bool,
}

/// Gives the path of the record that belongs to a manifest file.
#[must_use]
pub(crate) fn record_path(manifest: &Path) -> PathBuf {
    manifest.with_extension("images.json")
}

impl ReleaseStep<'_> {
    /// Builds and tries the packet's images, in the plan's order; none for a packet without any.
    ///
    /// # Errors
    /// [`ReleaseError`] when they cannot be judged. A target that cannot be built, or does not do what it must, is a
    /// finding.
    pub async fn release(&self) -> Result<Option<Released>, ReleaseError> {
        let plan = &self.workspace.plan;
        let images: Vec<(&Name, &ReleaseImage)> =
            plan.packets.get(self.packet).into_iter().flat_map(|packet| plan.released(packet)).collect();
        if images.is_empty() {
            return Ok(None);
        }
        let host = match self.builds() {
            Ok(host) => host,
            Err(reason) => {
                let undecided = |(name, _): &(&Name, _)| {
                    finding(FindingName::ImageUndecided, name, "", "an engine that builds it", &*reason)
                };
                let findings = images.iter().map(undecided).collect();
                return Ok(Some(Released { record: None, findings, written: None }));
            }
        };
        let mut findings = Vec::new();
        let mut built = self.build_and_try(host, &images, &mut findings).await?;
        if self.twice && findings.is_empty() {
            self.build_again(host, &images, &mut built, &mut findings).await?;
        }
        for (name, image) in &images {
            if let Some(entry) = built.get(*name) {
                findings.extend(judge::judge(name, image, entry, &**self.context.store)?);
            }
        }
        let whole = built.len() == images.len();
        let record = whole.then(|| self.record(&images, built));
        Ok(Some(Released { record, findings, written: None }))
    }

    /// Builds each image once and tries it; one that cannot be built becomes a finding and gets no entry.
    async fn build_and_try(
        &self,
        host: &dyn ImageHost,
        images: &[(&Name, &ReleaseImage)],
        findings: &mut Vec<Finding>,
    ) -> Result<BTreeMap<Name, BuiltEntry>, ReleaseError> {
        let mut built = BTreeMap::new();
        let mut builders = Builders::default();
        for &(name, image) in images {
            let made = match self.build(host, name, image, &mut builders).await? {
                Ok(made) => made,
                Err(finding) => {
                    findings.push(finding);
                    continue;
                }
            };
            let parts = self.read(host, name, made.id()).await?;
            let tried = Trial { step: self, host, name, image, id: made.id(), parts }.run().await?;
            findings.extend(tried.findings);
            let entry = BuiltEntry {
                target: image.target.clone(),
                arguments: image.arguments.clone(),
                builders: image.builders.clone(),
                parts,
                again: parts,
                runs: tried.runs,
                smoke: tried.smoke,
            };
            built.insert(name.clone(), entry);
            builders.keep(made);
        }
        Ok(built)
    }

    /// Builds each image from nothing, with builders of its own and no step of the first time, and notes its parts as those of the
    /// second build.
    async fn build_again(
        &self,
        host: &dyn ImageHost,
        images: &[(&Name, &ReleaseImage)],
        built: &mut BTreeMap<Name, BuiltEntry>,
        findings: &mut Vec<Finding>,
    ) -> Result<(), ReleaseError> {
        let mut builders = Builders::default();
        for (name, image) in images {
            match self.build(host, name, image, &mut builders).await? {
                Ok(made) => {
                    let again = self.read(host, name, made.id()).await?;
                    if let Some(entry) = built.get_mut(*name) {
                        entry.again = again;
                    }
                    builders.keep(made);
                }
                Err(finding) => findings.push(finding),
            }
        }
        Ok(())
    }

    /// Gives what builds images; a reason in words where nothing does.
    fn builds(&self) -> Result<&dyn ImageHost, String> {
        let Some(host) = self.context.image_host else {
            return Err(format!("the engine {} keeps no images", self.context.engine.info().name));
        };
        match host.cannot_build() {
            Some(reason) => Err(reason.to_owned()),
            None => Ok(host),
        }
    }

    fn record(&self, images: &[(&Name, &ReleaseImage)], built: BTreeMap<Name, BuiltEntry>) -> ReleaseRecord {
        let of_image = |(_, image): &(&Name, &ReleaseImage)| {
            let smoke = image.smoke.iter();
            let frozen = image.frozen.iter().chain(smoke.clone().flat_map(|spec| &spec.frozen)).cloned();
            let locked = image.builders.values().chain(smoke.map(|spec| &spec.image)).cloned();
            (locked.collect::<Vec<Name>>(), frozen.collect::<Vec<Name>>())
        };
        let (mut locked, mut frozen) = (BTreeMap::new(), BTreeMap::new());
        for (images, inputs) in images.iter().map(of_image) {
            for name in images {
                locked.insert(name.clone(), self.resolved.images[&name].clone());
            }
            for name in inputs {
                frozen.insert(name.clone(), self.resolved.frozen[&name].clone());
            }
        }
        ReleaseRecord {
            version: RELEASE_RECORD_VERSION,
            packet: self.packet.clone(),
            plan: self.workspace.plan_digest(),
            source: self.resolved.source,
            date_epoch: self.resolved.date_epoch,
            isa: self.resolved.isa.clone(),
            locked,
            frozen,
            images: built,
        }
    }
}

/// Writes a record and its evidence beside the manifest that it belongs to.
///
/// # Errors
/// [`ReleaseError`] when a blob is missing or a file cannot be written.
pub(crate) fn write(manifest: &Path, record: &ReleaseRecord, store: &FsStore) -> Result<PathBuf, ReleaseError> {
    let path = record_path(manifest);
    let mut blobs: std::collections::BTreeSet<_> = record.blobs().collect();
    for built in record.images.values() {
        blobs.extend(evidence::directories(store, built.parts.tree)?);
    }
    let (bytes, _) = release_json::encode(record);
    store.put(&bytes)?;
    evidence::write_blobs(&path, &bytes, &blobs, store)?;
    Ok(path)
}

/// Makes a finding of an image; `at` is a place in it.
fn finding(
    name: FindingName,
    image: &Name,
    at: &str,
    expected: impl Into<String>,
    found: impl Into<String>,
) -> Finding {
    let at = if at.is_empty() { format!("images.{image}") } else { format!("images.{image}.{at}") };
    Finding { name, at, expected: expected.into(), found: found.into() }
}
