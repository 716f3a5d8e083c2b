//! The same as one JSON document.

use serde_json::{Map, Value, json};

use super::evidence;
use rcrepro_model::shake::inquiry::{Inquiry, ShakeFinding, UnsteadyPart};
use rcrepro_model::shake::observation::Level;
use rcrepro_model::shake::shaken::{Shaken, ShakenPacket};
use rcrepro_model::shake::table::rows;
use rcrepro_model::shake::variation::Setup;
use rcrepro_model::standing::Standing;
use rcrepro_store::BlobStore;

/// Describes a packet that was shaken: the verdict, and every command with its table and findings.
#[must_use]
pub fn document(shaken: &ShakenPacket, store: &dyn BlobStore) -> Value {
    let commands: Vec<Value> = shaken
        .commands
        .iter()
        .map(|command| {
            let mut document = match &command.result {
                Shaken::Asked(inquiry) => asked(inquiry, store),
                Shaken::Failed { exit_code, ended } => json!({ "exit_code": exit_code, "ended": ended }),
                Shaken::Skipped => json!({}),
            };
            document["id"] = json!(command.id.as_str());
            document["equality"] = json!(command.result.equality().as_str());
            document
        })
        .collect();
    json!({
        "packet": shaken.packet.to_string(),
        "verdict": shaken.equality().as_str(),
        "standing": Standing::from(shaken.equality()),
        "worlds": shaken.worlds,
        "repeat": shaken.repeat,
        "seed": shaken.seed,
        "commands": commands,
    })
}

fn asked(inquiry: &Inquiry, store: &dyn BlobStore) -> Value {
    let parts: Map<String, Value> = rows(inquiry)
        .iter()
        .map(|row| {
            let cells = row.cells.iter().map(|(variation, cell)| (variation.to_string(), json!(cell.as_str())));
            let nothing = ("nothing".to_owned(), json!(row.nothing.as_str()));
            (row.facet.to_string(), Value::Object(std::iter::once(nothing).chain(cells).collect()))
        })
        .collect();
    let not_applied: Vec<&str> = inquiry.not_applied.iter().map(|variation| variation.as_str()).collect();
    json!({
        "runs": inquiry.runs,
        "clock": inquiry.clock.as_str(),
        "fails_standing": inquiry.fails_standing().is_some(),
        "parts": parts,
        "findings": inquiry.findings.iter().map(|one| finding(one, store)).collect::<Vec<_>>(),
        "not_applied": not_applied,
    })
}

fn finding(finding: &ShakeFinding, store: &dyn BlobStore) -> Value {
    let ShakeFinding { facet, level, .. } = finding;
    let causes: Vec<Value> = finding
        .causes
        .iter()
        .map(|cause| {
            let seen = [&cause.baseline, &cause.found];
            json!({
                "settings": settings(&cause.setup),
                "differing": cause.differing,
                "runs": cause.runs,
                "evidence": seen.map(|seen| seen.evidence(*level)),
                "lines": evidence::lines(facet, *level, seen, store),
            })
        })
        .collect();
    let flake = |flake: &UnsteadyPart| {
        json!({
            "settings": settings(&flake.setup),
            "differing": flake.differing,
            "runs": flake.runs,
            "evidence": flake.evidence.each_ref().map(|seen| seen.evidence(*level)),
            "lines": evidence::lines(facet, *level, flake.evidence.each_ref(), store),
        })
    };
    let flowing = finding.flowing.as_ref().map(|found| {
        let mut document = flake(&found.flake);
        document["equal"] = json!(found.equal);
        document["key"] = json!(format!("clock = \"{}\"", found.clock.as_str()));
        document
    });
    let flake = finding.flake.as_ref().map(flake);
    let form = match level {
        Level::Canonical => "canonical",
        Level::Raw => "raw",
    };
    json!({ "part": facet.to_string(), "form": form, "causes": causes, "flake": flake, "flowing": flowing })
}

/// Gives variation → setting, as people read it.
fn settings(setup: &Setup) -> Map<String, Value> {
    let value = |setting: &str| setting.split_once('=').map_or(setting, |(_, value)| value).to_owned();
    setup.iter().map(|(variation, setting)| (variation.to_string(), json!(value(&setting.to_string())))).collect()
}
