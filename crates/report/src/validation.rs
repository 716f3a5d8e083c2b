//! What `rcrepro image validate` says, for people and as JSON.

use serde_json::{Value, json};

use rcrepro_images::oci::validate::{ImageFault, Validation};
use rcrepro_model::text::plural::counted;

/// Writes every fault and note of an image, and the count last.
#[must_use]
pub fn text(what: &str, validation: &Validation) -> String {
    let mut text = String::new();
    let mut put = |fault: &ImageFault, word: &str| {
        let ImageFault { name, object, expected, found } = fault;
        let name = name.as_str();
        super::text::put(&mut text, format_args!("{word:>10}  {name}: {object}"));
        super::text::put(&mut text, format_args!("{:>12}expected: {expected}", ""));
        super::text::put(&mut text, format_args!("{:>12}found:    {found}", ""));
    };
    validation.faults.iter().for_each(|fault| put(fault, "fault"));
    validation.notes.iter().for_each(|note| put(note, "note"));
    let faults = match validation.faults.len() {
        0 => "no fault".to_owned(),
        some => counted(some, "fault"),
    };
    let notes = match validation.notes.len() {
        0 => String::new(),
        some => format!(", {}", counted(some, "note")),
    };
    let (files, megabytes) = (validation.files, validation.bytes / 1_000_000);
    let files = counted(files, "file");
    super::text::put(&mut text, format_args!("{what}: {faults}{notes}; {files} of {megabytes} MB read"));
    text
}

/// Describes an image's validation.
#[must_use]
pub fn json(what: &str, validation: &Validation) -> Value {
    let Validation { faults, notes, images, files, bytes } = validation;
    let images: Vec<_> = images
        .iter()
        .map(|image| {
            let oci = |hash: &rcrepro_model::content::digest::Sha256| hash.to_oci();
            json!({
                "manifest": image.manifest.as_ref().map(oci),
                "config": image.config.as_ref().map(oci),
                "diff_ids": image.diff_ids.iter().map(|id| id.as_ref().map(oci)).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({ "target": what, "standing": validation.standing(), "faults": faults, "notes": notes, "images": images, "files": files, "bytes": bytes })
}
