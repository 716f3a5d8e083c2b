//! Judges an image of the release by its record, as the board does, and says what was checked.

use super::Publishing;
use super::checks::RecordedView;
use super::error::PublishError;
use crate::board::fact_sources::FactSources;
use crate::evidence::evidence_set::EvidenceSet;
use crate::evidence::record_file::RecordFile;
use crate::evidence::recorded;
use crate::release::compare::read;
use crate::release::error::ReleaseError;
use crate::release::fact;
use crate::release::step::record_path;
use crate::release::verify::VerifiedImages;
use rcrepro_format::images::image_settings;
use rcrepro_model::content::name::Name;
use rcrepro_model::decision::board::Fact;
use rcrepro_model::evidence::release_record::ReleaseRecord;
use rcrepro_model::evidence::validated_image::{CheckOutcome, ImageCheck, RecordedImage, ValidatedImage};
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::plan::PacketId;
use rcrepro_model::plan::release_image::ReleaseImage;
use rcrepro_model::standing::Standing;
use rcrepro_model::text::plural::counted;
use rcrepro_store::BlobStore as _;

impl Publishing<'_> {
    /// Judges an image by the record of each packet that builds it. Neither its blobs nor an engine are needed; what the records cannot
    /// confirm is told.
    ///
    /// # Errors
    /// [`PublishError`] for an image that the plan does not have or that no packet builds, and when the source cannot be read. What is wrong
    /// with a record is in what is returned.
    pub fn validate(&self, image: &Name) -> Result<Vec<ValidatedImage>, PublishError> {
        self.with_facts(image, |sources| {
            let packets = self.packets(image);
            if packets.is_empty() {
                return Err(PublishError::NoPacket { image: image.clone() });
            }
            Ok(packets.into_iter().map(|packet| validated(sources, packet, image)).collect())
        })
    }
}

/// Judges the record of one packet.
fn validated(sources: &FactSources<'_>, packet: &PacketId, image: &Name) -> ValidatedImage {
    let (standing, says) = match fact::image(sources, packet, image) {
        Fact::Holds { says, .. } => (Standing::Passed, says),
        Fact::Fails { why } => (Standing::Failed, why),
        Fact::Tampered { why } => (Standing::Tampered, why),
        Fact::Undecided { why } | Fact::Waits { why } => (Standing::Undecided, why),
    };
    let mut validated = ValidatedImage {
        image: image.clone(),
        packet: packet.clone(),
        standing,
        says,
        record: None,
        checks: Vec::new(),
        untied: Vec::new(),
    };
    let judged = read(&sources.workspace.manifest_path(packet)).ok().flatten().and_then(|(record, _)| {
        let judged = fact::judged(sources, packet, image, &record).ok()?;
        Some((record, judged))
    });
    match judged {
        Some((record, judged)) => add(&mut validated, sources, &record, judged),
        // There is nothing to look at but what the board says.
        None => validated.checks.push(of_record(standing, validated.says.clone())),
    }
    validated
}

fn of_record(standing: Standing, says: String) -> ImageCheck {
    ImageCheck { name: "record", outcome: CheckOutcome::Judged(standing), says, findings: Vec::new() }
}

/// Adds what a record says, and each check with what was found.
fn add(validated: &mut ValidatedImage, sources: &FactSources<'_>, record: &ReleaseRecord, judged: VerifiedImages) {
    let VerifiedImages { evidence, findings, untied, .. } = judged;
    let (standing, image) = (validated.standing, validated.image.clone());
    let is_whole = evidence.present == evidence.named;
    let mut checks = vec![of_record(Standing::Passed, record_says(record, evidence.named))];
    let platforms = record.images.get(&image).map(|entry| {
        let machine = ImagePlatform::of_isa(&record.isa).map_or_else(|| record.isa.clone(), |one| one.to_string());
        let all = entry
            .builds()
            .map(|(platform, parts, _)| (platform.map_or_else(|| machine.clone(), str::to_owned), parts.manifest));
        all.collect::<Vec<_>>()
    });
    if let Some(entry) = record.images.get(&image)
        && let Some((planned, view)) = recorded_view(sources, &validated.packet, &image, record)
    {
        let platforms = platforms.iter().flatten().map(|(platform, _)| platform.clone()).collect();
        let view = RecordedView { is_whole, platforms, ..view };
        checks.extend(view.checks(&planned, entry));
    }
    for finding in findings {
        let name = super::checks::check_of(&image, record.images.get(&image), &finding);
        let index = checks.iter().position(|check| check.name == name).unwrap_or_default();
        checks[index].findings.push(finding);
    }
    for check in checks.iter_mut().filter(|check| !check.findings.is_empty()) {
        check.outcome = CheckOutcome::Judged(Standing::worst(&check.findings));
    }
    // What no finding says, the board does: a record of another source, a run since that failed.
    let is_told =
        checks.iter().any(|check| check.outcome == CheckOutcome::Judged(standing) && !check.findings.is_empty());
    if standing != Standing::Passed && !is_told {
        checks[0].outcome = CheckOutcome::Judged(standing);
        checks[0].says.clone_from(&validated.says);
    }
    validated.record =
        Some(RecordedImage { version: record.version, platforms: platforms.unwrap_or_default(), evidence });
    validated.checks = checks;
    validated.untied = untied;
}

fn record_says(record: &ReleaseRecord, blobs: usize) -> String {
    format!("version {}, of this source and these locks; {} of evidence", record.version, counted(blobs, "blob"))
}

/// Reads what the record's checks went by: the image as the plan of that time has it, and what it is.
fn recorded_view(
    sources: &FactSources<'_>,
    packet: &PacketId,
    image: &Name,
    record: &ReleaseRecord,
) -> Option<(ReleaseImage, RecordedView)> {
    let path = sources.workspace.manifest_path(packet);
    let set = EvidenceSet::open(&path, Some(sources.store.root())).ok()?;
    let plan = recorded::plan(&set.manifest().ok()?, set.blobs())?;
    let planned = plan.release_images.get(image)?.clone();
    let at = record_path(&path);
    let failed = |source| ReleaseError::Read { path: at.clone(), source };
    let file = RecordFile::open(&at, Some(sources.store.root())).map_err(failed).ok()?;
    let config = file.blobs().get(record.images.get(image)?.parts.config).ok();
    let settings = config.and_then(|bytes| image_settings::decode(&bytes).ok()).unwrap_or_default();
    Some((planned, RecordedView { version: record.version, settings, is_whole: true, platforms: Vec::new() }))
}
