//! How an image of the release differs from the one that an earlier release recorded, by the two records alone.

use std::path::Path;

use self::side::{OfPlatform, Side};
use super::Publishing;
use super::error::PublishError;
use crate::release::compare::read;
use crate::release::error::ReleaseError;
use crate::workspace::release_commit::lay_out;
use crate::workspace::{Workspace, WorkspaceError};
use rcrepro_format::records::release_json;
use rcrepro_model::content::name::{Name, TreePath};
use rcrepro_model::evidence::image_delta::{ImageDelta, changed, changed_files};
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::plan::PacketId;
use rcrepro_model::text::unknown::UnknownName;
use rcrepro_store::git::history::GitHistory;

mod side;

impl Publishing<'_> {
    /// Compares an image in the record beside the plan with the record of an earlier release: of `since`, else of the nearest tag
    /// before HEAD; where no tag is, the newest commit before it whose record is of another source. Neither record is judged.
    ///
    /// # Errors
    /// [`PublishError`] when one of the two has no record of the image, or none of the platform.
    pub fn delta(
        &self,
        image: &Name,
        since: Option<&str>,
        platform: Option<ImagePlatform>,
    ) -> Result<ImageDelta, PublishError> {
        let plan = &self.workspace.plan;
        if !plan.release_images.contains_key(image) {
            return Err(UnknownName::new("the plan", "release image", image, plan.release_images.keys()).into());
        }
        let after = self.recorded_now(image)?;
        let (name, commit) = self.release_before(&after, since)?;
        let before = self.recorded_at(image, &after.packet, name, &commit)?;
        let wanted = platform.map_or_else(|| after.machine(), |asked| asked.to_string());
        let (one, other) = (before.of_platform(image, &wanted)?, after.of_platform(image, &wanted)?);
        Ok(compare(image, wanted, (&before, one), (&after, other)))
    }

    /// Reads the record beside the plan.
    fn recorded_now(&self, image: &Name) -> Result<Side, PublishError> {
        let packets = self.packets(image);
        for packet in &packets {
            let manifest = self.workspace.manifest_path(packet);
            if let Some((record, _)) = read(&manifest)?.filter(|(record, _)| record.images.contains_key(image)) {
                return Side::open("HEAD".to_owned(), record, &manifest, self.store.root(), None);
            }
        }
        let packet = packets.first().ok_or_else(|| PublishError::NoPacket { image: image.clone() })?;
        Err(PublishError::NoRecord { image: image.clone(), packet: (*packet).clone(), revision: "HEAD".to_owned() })
    }

    /// Finds the release before: its name and its commit.
    fn release_before(&self, after: &Side, since: Option<&str>) -> Result<(String, String), PublishError> {
        let failed = WorkspaceError::from;
        let (repository, below) = self.workspace.repository()?;
        let history = GitHistory::open(&repository).map_err(failed)?;
        if let Some(since) = since {
            return Ok((since.to_owned(), history.commit(since).map_err(failed)?.commit));
        }
        let head = history.commit(self.workspace.revision()).map_err(failed)?;
        if let Some((tag, commit)) = history.tag_before(&head).map_err(failed)? {
            return Ok((tag, commit.commit));
        }
        let none = || PublishError::NoEarlier { packet: after.packet.clone() };
        let path: TreePath = format!("manifests/{}.images.json", after.packet).parse().map_err(|_| none())?;
        let path = below.map_or_else(|| path.clone(), |below| below.join(&path));
        let is_other = |bytes: &[u8]| release_json::decode(bytes).is_ok_and(|one| one.source != after.record.source);
        for found in history.commits_with(&path, &is_other).map_err(failed)? {
            let commit = history.commit(&found.id).map_err(failed)?;
            if history.is_ancestor(&commit, &head).map_err(failed)? {
                return Ok((found.id.get(..12).unwrap_or(&found.id).to_owned(), found.id));
            }
        }
        Err(none())
    }

    /// Reads the record of an earlier commit: that of the packet that records the image now, else of another one that builds it.
    fn recorded_at(
        &self,
        image: &Name,
        packet: &PacketId,
        revision: String,
        commit: &str,
    ) -> Result<Side, PublishError> {
        let earlier = Workspace::at(&self.workspace.folder, commit)?;
        let builds = earlier.plan.packets.iter().filter(|(_, one)| one.release_images.contains(image));
        let mut packets: Vec<&PacketId> = builds.map(|(id, _)| id).collect();
        packets.sort_by_key(|id| *id != packet);
        for packet in packets {
            let failed = |source| ReleaseError::Read { path: Path::new("manifests").join(packet.to_string()), source };
            let folder = tempfile::Builder::new().prefix("rcrepro-release-").tempdir().map_err(failed)?;
            if !lay_out(&earlier, packet, folder.path()).map_err(failed)? {
                continue;
            }
            let manifest = folder.path().join(format!("{packet}.json"));
            if let Some((record, _)) = read(&manifest)?.filter(|(record, _)| record.images.contains_key(image)) {
                return Side::open(revision, record, &manifest, self.store.root(), Some(folder));
            }
        }
        Err(PublishError::NoRecord { image: image.clone(), packet: packet.clone(), revision })
    }
}

/// Compares the two images of one platform. What one side does not have is not compared, and noted.
fn compare(image: &Name, platform: String, before: (&Side, OfPlatform), after: (&Side, OfPlatform)) -> ImageDelta {
    let mut notes = Vec::new();
    let one = before.0.contents(before.1, &mut notes);
    let other = after.0.contents(after.1, &mut notes);
    ImageDelta {
        image: image.clone(),
        platform,
        files: one.files.zip(other.files).map(|(one, other)| changed_files(&one, &other)),
        settings: one.settings.zip(other.settings).map(|(one, other)| changed(&one, &other)),
        packages: one.packages.zip(other.packages).map(|(one, other)| changed(&one, &other)),
        before: one.said,
        after: other.said,
        notes,
    }
}
