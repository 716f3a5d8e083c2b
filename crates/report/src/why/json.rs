//! `rcrepro why --json`: one document with every difference.

use serde_json::{Value, json};

use rcrepro_model::why::Why;

/// Describes everything that differs.
#[must_use]
pub fn json(why: &Why) -> Value {
    let side = |index: usize| {
        let side = &why.sides[index];
        json!({ "name": side.name, "manifest": side.digest.to_string() })
    };
    let parts: Vec<Value> = why
        .parts
        .iter()
        .map(|part| {
            json!({
                "command": part.command.as_str(), "part": part.part.to_string(), "equality": part.equality.as_str(),
                "raw": part.digests.map(|digests| digests.map(|digest| digest.to_string())),
                "differences": part.differences, "diffoscope": part.diffoscope,
            })
        })
        .collect();
    let images: Vec<Value> = why
        .images
        .iter()
        .map(|image| {
            json!({
                "image": image.image.as_str(), "platform": image.platform, "builds": image.builds, "made": image.made,
                "differences": image.differences,
            })
        })
        .collect();
    let missing: Vec<Value> =
        why.missing.iter().map(|one| json!({ "what": one.what, "blob": one.digest.to_string() })).collect();
    let classes: serde_json::Map<String, Value> =
        why.classes().into_iter().map(|(class, count)| (class.as_str().to_owned(), json!(count))).collect();
    let counts = why.counts;
    json!({
        "packet": why.packet.to_string(),
        "verdict": if !why.missing.is_empty() { "undecided" } else if why.is_equal() { "equal" } else { "different" },
        "left": side(0),
        "right": side(1),
        "inputs": why.inputs,
        "endings": why.endings,
        "parts": parts,
        "images": images,
        "classes": classes,
        "counts": {
            "all": counts.all(), "bitwise": counts.bitwise, "canonical": counts.canonical, "divergent": counts.divergent,
            "undecided": counts.undecided,
        },
        "missing": missing,
    })
}
