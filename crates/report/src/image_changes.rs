//! What a new lock changes, as markdown that a bot can put into a proposal.

use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::image::changes::pin_changes;
use rcrepro_model::image::lock::ImageLock;
use rcrepro_model::image::pulled::PulledLock;
use rcrepro_pins::documents::inert::code;

/// Writes what changed between two locks of one image; empty when nothing did.
#[must_use]
pub fn markdown(before: Option<&ImageLock>, after: &ImageLock) -> String {
    if before == Some(after) {
        return String::new();
    }
    let mut text = format!("### Image `{}` for {}\n\n", after.name, after.platform);
    let pins = pin_changes(before, after);
    if !pins.is_empty() {
        text.push_str("| package | from | to |\n|---|---|---|\n");
        for change in &pins {
            let version = |version: &Option<String>| version.as_ref().map_or("–".to_owned(), |text| code(text));
            let note = if change.from == change.to { " (other bytes)" } else { "" };
            let (from, to) = (version(&change.from), version(&change.to));
            text.push_str(&format!("| {} | {from} | {to}{note} |\n", code(&change.package)));
        }
        text.push('\n');
    }
    text.push_str("| digest | from | to |\n|---|---|---|\n");
    let short = |digest: Digest| format!("`{}` ({:.1} MB)", &digest.hash.to_string()[..12], digest.size as f64 / 1e6);
    for layer in &after.layers {
        let old = before.and_then(|lock| lock.layers.iter().find(|old| old.name == layer.name));
        if old != Some(layer) {
            let from = old.map_or_else(|| "–".to_owned(), |old| short(old.digest));
            text.push_str(&format!("| layer `{}` | {from} | {} |\n", layer.name, short(layer.digest)));
        }
    }
    let whole = |digest: Digest| format!("`{}`", digest.hash.to_oci());
    let objects = [
        ("config", before.map(|lock| lock.config_digest), after.config_digest),
        ("manifest", before.map(|lock| lock.manifest_digest), after.manifest_digest),
    ];
    for (name, old, new) in objects {
        let from = match old {
            Some(old) if old == new => "unchanged".to_owned(),
            Some(old) => whole(old),
            None => "–".to_owned(),
        };
        text.push_str(&format!("| {name} | {from} | {} |\n", whole(new)));
    }
    text.push('\n');
    text
}

/// Writes what changed between two locks of one pulled image; empty when nothing did.
#[must_use]
pub fn pulled_markdown(name: &Name, before: Option<&PulledLock>, after: &PulledLock) -> String {
    if before == Some(after) {
        return String::new();
    }
    let mut text =
        format!("### Image `{name}` for {}\n\n| digest | from | to |\n|---|---|---|\n", after.image.platform);
    let rows = [
        ("reference", before.map(|lock| lock.reference.to_string()), after.reference.to_string()),
        ("config", before.map(|lock| lock.image.config.hash.to_oci()), after.image.config.hash.to_oci()),
        ("manifest", before.map(|lock| lock.image.manifest.hash.to_oci()), after.image.manifest.hash.to_oci()),
    ];
    for (what, from, to) in rows {
        let from = from.map_or_else(|| "–".to_owned(), |from| format!("`{from}`"));
        text.push_str(&format!("| {what} | {from} | `{to}` |\n"));
    }
    text.push('\n');
    text
}
