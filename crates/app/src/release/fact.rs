//! What a criterion that rests on an image of the release follows from: the record beside the packet's manifest.

#![warn(clippy::expect_used)]

use super::compare::read;
use super::latest::failure;
use super::verify::VerifiedImages;
use crate::board::fact_sources::FactSources;
use crate::evidence::currency::{digest_of, image_lock};
use crate::evidence::evidence_set::{EvidenceSet, EvidenceSetError};
use crate::evidence::history::History;
use crate::frozen::lock_path;
use rcrepro_model::content::name::Name;
use rcrepro_model::decision::board::Fact;
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::evidence::release_record::ReleaseRecord;
use rcrepro_model::plan::PacketId;
use rcrepro_model::standing::Standing;
use rcrepro_model::text::plural::counted;

/// Finds out whether an image of a packet was built, twice the same, from this source, and does what the plan says.
#[must_use]
pub fn image(facts: &FactSources<'_>, packet: &PacketId, name: &Name) -> Fact {
    found(facts, packet, name).unwrap_or_else(|why| Fact::Undecided { why })
}

fn found(facts: &FactSources<'_>, packet: &PacketId, name: &Name) -> Result<Fact, String> {
    let manifest = facts.workspace.manifest_path(packet);
    let waits = |why: &str| Ok(Fact::Waits { why: format!("{why}: rcrepro run {packet}") });
    let recorded = match read(&manifest) {
        // As `rcrepro verify` judges it: bytes that are no record were not written by a run.
        Err(error) if error.is_tampering() => return Ok(Fact::Tampered { why: whole(error) }),
        recorded => recorded.map_err(whole)?,
    };
    let history = History::open(facts.store.root()).map_err(whole)?;
    let failed = failure(&history, packet, (facts.source, recorded.is_some())).map_err(|error| error.line())?;
    let Some((record, digest)) = recorded else {
        return failed.map_or_else(|| waits("it has not been built"), |why| Ok(Fact::Fails { why }));
    };
    if record.packet != *packet {
        return Ok(Fact::Fails { why: format!("the record is that of {}", record.packet) });
    }
    if let Some(why) = failed {
        return Ok(Fact::Fails { why });
    }
    if let Some(why) = outdated(facts, &record) {
        return waits(&why);
    }
    let (Some(_), Some(entry)) = (facts.workspace.plan.release_images.get(name), record.images.get(name)) else {
        return waits("it is not among the images that were built");
    };
    let findings = judged(facts, packet, name, &record)?.findings;
    let standing = Standing::worst(&findings);
    let worst: Vec<&Finding> = findings.iter().filter(|finding| finding.name.standing() == standing).collect();
    if let Some(first) = worst.first() {
        let more = match worst.len() {
            1 => String::new(),
            count => format!("{}, the first: ", counted(count, "finding")),
        };
        let why = match first.name {
            FindingName::EvidenceDamaged => format!("{more}the evidence `{}` is damaged", first.expected),
            _ => format!("{more}{}: expected {}, found {}", first.at, first.expected, first.found),
        };
        return Ok(match standing {
            Standing::Tampered => Fact::Tampered { why },
            Standing::Failed => Fact::Fails { why },
            Standing::Undecided | Standing::Passed => Fact::Undecided { why },
        });
    }
    let (runs, smoke) = (counted(entry.runs.len(), "run"), counted(entry.smoke.len(), "command"));
    let says = format!("built twice, equal; {runs}, {smoke} beside it passed");
    Ok(Fact::Holds { evidence: digest, says })
}

/// Judges the record beside the packet's manifest, as `rcrepro verify` does, and keeps the findings that concern one image: its own, and
/// those of the record as a whole.
///
/// # Errors
/// What keeps manifest or record from being read.
pub(super) fn judged(
    facts: &FactSources<'_>,
    packet: &PacketId,
    name: &Name,
    record: &ReleaseRecord,
) -> Result<VerifiedImages, String> {
    let path = facts.workspace.manifest_path(packet);
    let set = EvidenceSet::open(&path, Some(facts.store.root())).map_err(|error| match error {
        EvidenceSetError::Read { source, .. } => format!("cannot read the manifest: {source}"),
        error => whole(error),
    })?;
    let manifest = set.manifest().map_err(|error| error.to_string())?;
    let mut judged = set.verify_images(&manifest).map_err(whole)?;
    let here = format!("images.{name}");
    judged.findings.retain(|finding| is_of(&finding.at, &here) || !names_an_image(&finding.at, record));
    Ok(judged)
}

fn is_of(at: &str, image: &str) -> bool {
    at == image || at.strip_prefix(image).is_some_and(|rest| rest.starts_with('.'))
}

fn names_an_image(at: &str, record: &ReleaseRecord) -> bool {
    record.images.keys().any(|name| is_of(at, &format!("images.{name}")))
}

/// Says why a record no longer counts.
fn outdated(facts: &FactSources<'_>, record: &ReleaseRecord) -> Option<String> {
    // The plan is a part of the source: every change of it changes the source, too.
    if record.source != facts.source {
        return Some("the source has changed since".to_owned());
    }
    let image =
        record.locked.iter().find(|(name, image)| image_lock(facts.workspace, name, &record.isa) != Some(image.lock));
    if let Some((name, _)) = image {
        return Some(format!("the lock of image `{name}` has changed since"));
    }
    let lock = |name: &Name| digest_of(&facts.workspace.files, &lock_path(&facts.workspace.folder, name));
    let frozen = record.frozen.iter().find(|(name, frozen)| lock(name) != Some(frozen.lock));
    frozen.map(|(name, _)| format!("the lock of the frozen input `{name}` has changed since"))
}

/// Writes an error with its causes.
fn whole(error: impl std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
