//! The bill of materials of an image that was certified, by what was read in its files when it was built.

use super::Publishing;
use super::error::PublishError;
use crate::evidence::record_file::RecordFile;
use crate::release::compare::read;
use crate::release::error::ReleaseError;
use crate::release::step::record_path;
use rcrepro_format::records::inspection_json;
use rcrepro_model::content::name::Name;
use rcrepro_model::image::bom::FoundBom;
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::standing::Standing;
use rcrepro_store::BlobStore as _;

impl Publishing<'_> {
    /// Gathers what an image holds, for a platform that it was built for; without one, that of the machine. Neither its blobs nor
    /// an engine are needed.
    ///
    /// # Errors
    /// [`PublishError`] unless the record is good, and of a version that has what was read.
    pub fn bill(&self, image: &Name, platform: Option<ImagePlatform>) -> Result<FoundBom, PublishError> {
        let certified = self.certified(image)?;
        let undecided = |why: String| PublishError::NotCertified {
            image: image.clone(),
            packet: certified.packet.clone(),
            standing: Standing::Undecided,
            why,
        };
        let manifest = self.workspace.manifest_path(&certified.packet);
        let record = read(&manifest)?.map(|(record, _)| record);
        let record = record.ok_or_else(|| undecided("its record is gone".to_owned()))?;
        let entry = record.images.get(image).ok_or_else(|| undecided("it is not in the record".to_owned()))?;
        let wanted = platform.unwrap_or(certified.machine);
        let place = if wanted == certified.machine { String::new() } else { wanted.to_string() };
        let old = format!(
            "its record of version {} does not say what was read in its files for {wanted}: rcrepro run {}",
            record.version, certified.packet
        );
        let found = entry.inspections().find(|(platform, ..)| *platform == place);
        let (_, parts, inspection) = found.ok_or_else(|| undecided(old))?;
        let at = record_path(&manifest);
        let failed = |source| ReleaseError::Read { path: at.clone(), source };
        let file = RecordFile::open(&at, Some(self.store.root())).map_err(failed)?;
        let inspection = inspection_json::decode(&file.blobs().get(inspection)?).map_err(undecided)?;
        Ok(FoundBom {
            image: image.clone(),
            platform: wanted,
            manifest: parts.manifest,
            tree: parts.tree,
            date_epoch: record.date_epoch,
            packages: inspection.packages,
        })
    }
}
