//! The report of `rcrepro image validate` for an image of the release.

use serde_json::{Value, json};

use super::text::{findings, put};
use rcrepro_model::evidence::finding::Note;
use rcrepro_model::evidence::validated_image::{ImageCheck, ValidatedImage};

/// Writes every check with what is wrong, what nothing confirms, and what the board makes of it last.
#[must_use]
pub fn text(validated: &ValidatedImage) -> String {
    let ValidatedImage { image, packet, standing, says, record, checks, untied } = validated;
    let mut text = String::new();
    for ImageCheck { name, outcome, says, findings: found } in checks {
        put(&mut text, format_args!("{:>11}  {name:<11}  {says}", outcome.as_str()));
        text.push_str(&findings(found));
    }
    for Note { at, says } in untied {
        put(&mut text, format_args!("{:>11}  {at}  {says}", "unconfirmed"));
    }
    for (platform, manifest) in record.iter().flat_map(|record| &record.platforms) {
        let manifest =
            manifest.map_or_else(|| "none, of the engine's classic builder".to_owned(), |one| one.hash.to_oci());
        put(&mut text, format_args!("{:>13}manifest for {platform}: {manifest}", ""));
    }
    put(
        &mut text,
        format_args!("release image {image} of {packet}: {}: {says}; nothing was executed", standing.word()),
    );
    text
}

/// Describes it for programs.
#[must_use]
pub fn json(validated: &ValidatedImage) -> Value {
    let ValidatedImage { image, packet, standing, says, record, checks, untied } = validated;
    let checks = checks.iter().map(|check| {
        json!({ "name": check.name, "outcome": check.outcome.as_str(), "says": check.says, "findings": check.findings })
    });
    let record = record.as_ref().map(|record| {
        let platforms = record.platforms.iter().map(|(platform, manifest)| {
            json!({ "platform": platform, "manifest": manifest.as_ref().map(|manifest| manifest.hash.to_oci()) })
        });
        let evidence = json!({ "named": record.evidence.named, "present": record.evidence.present });
        json!({ "version": record.version, "evidence": evidence, "platforms": platforms.collect::<Vec<_>>() })
    });
    json!({
        "target": image, "kind": "release", "packet": packet, "standing": standing, "says": says, "record": record,
        "checks": checks.collect::<Vec<_>>(), "unconfirmed": untied,
    })
}
