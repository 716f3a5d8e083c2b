//! What became of the release's own images.

use serde_json::{Value, json};

use super::text::{findings, put};
use rcrepro_model::evidence::release_record::{BuiltEntry, Released};
use rcrepro_model::plan::PacketId;
use rcrepro_model::text::plural::counted;

/// Writes it for people: one line per image, what is wrong, and whether it was recorded.
#[must_use]
pub fn text(packet: &PacketId, released: Option<&Released>) -> String {
    let mut text = String::new();
    let Some(released) = released else { return text };
    for (name, built) in released.record.iter().flat_map(|record| &record.images) {
        let prefix = format!("images.{name}");
        let wrong = released.findings.iter().any(|finding| {
            finding.at.strip_prefix(&prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        let word = if wrong { "failed" } else { "ok" };
        let stage = if built.target.is_empty() { "last stage".to_owned() } else { format!("target {}", built.target) };
        put(&mut text, format_args!("{word:>10}  release image {name}  {stage}, {}", tried(built)));
        if let Some(manifest) = built.parts.manifest {
            put(&mut text, format_args!("{:>12}manifest {}", "", manifest.hash.to_oci()));
        }
        put(&mut text, format_args!("{:>12}tree {}", "", built.parts.tree));
        put(&mut text, format_args!("{:>12}config {}, owners {}", "", built.parts.config, built.parts.owners));
    }
    text += &findings(&released.findings);
    match (&released.written, released.findings.is_empty()) {
        (Some(path), _) => put(&mut text, format_args!("{packet} release images recorded: {}", path)),
        (None, false) => {
            put(&mut text, format_args!("{packet} release images: {}", counted(released.findings.len(), "finding")))
        }
        (None, true) => put(&mut text, format_args!("{packet} release images: as recorded")),
    }
    text
}

fn tried(built: &BuiltEntry) -> String {
    format!("{}, {} beside it", counted(built.runs.len(), "run"), counted(built.smoke.len(), "command"))
}

/// Describes it for programs; null for a packet without such images.
#[must_use]
pub fn json(released: Option<&Released>) -> Value {
    let Some(released) = released else { return Value::Null };
    json!({
        "record": released.record, "findings": released.findings,
        "written": released.written,
    })
}
