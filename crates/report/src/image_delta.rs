//! What `rcrepro image delta` says: how an image of the release differs from the last one that was recorded.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::text::put;
use rcrepro_model::evidence::finding::Note;
use rcrepro_model::evidence::image_delta::{Changed, FileDelta, ImageDelta, RecordedFile, RecordedSide};
use rcrepro_model::text::amount::bytes;
use rcrepro_model::text::plural::counted;

/// How many files, and how many packages, are listed for people.
const LISTED: usize = 20;
/// The longest value of a setting that is shown.
const SHOWN: usize = 120;

/// Writes the sizes, then what differs: files by what they change in size, settings, packages; and what could not be compared.
#[must_use]
pub fn text(delta: &ImageDelta) -> String {
    let ImageDelta { image, platform, before, after, files, settings, packages, notes } = delta;
    let mut text = String::new();
    let (one, other) = (&before.revision, &after.revision);
    put(
        &mut text,
        format_args!("release image {image} for {platform}: {one} ({}) -> {other} ({})", before.packet, after.packet),
    );
    if let (Some((one, count)), Some((other, now))) = (before.files, after.files) {
        let files = format!("{count} -> {now} files");
        put(
            &mut text,
            format_args!("{:>10}  {} -> {}  {}, {files}", "size", bytes(one), bytes(other), change(one, other)),
        );
    }
    if let (Some((one, count)), Some((other, now))) = (before.layers, after.layers) {
        let layers = format!("{count} -> {now} layers");
        put(
            &mut text,
            format_args!("{:>10}  {} -> {}  {}, {layers}", "layers", bytes(one), bytes(other), change(one, other)),
        );
    }
    files.iter().for_each(|files| put_files(&mut text, files));
    for (key, changed) in settings.iter().flatten() {
        put(
            &mut text,
            format_args!("{:>10}  {key}  {} -> {}", "setting", shown(&changed.before), shown(&changed.after)),
        );
    }
    packages.iter().for_each(|packages| put_packages(&mut text, packages));
    for Note { at, says } in notes {
        put(&mut text, format_args!("{:>10}  {at}  {says}", "note"));
    }
    put(&mut text, format_args!("{}", summary(delta)));
    text
}

/// Counts what differs.
fn summary(delta: &ImageDelta) -> String {
    let files = delta.files.as_ref().map(|files| {
        let of = |word: &str| files.iter().filter(|file| file.word() == word).count();
        let counts = [("added", of("added")), ("removed", of("removed")), ("changed", of("changed") + of("mode"))];
        counted_words("file", files.len(), counts)
    });
    let settings = delta.settings.as_ref().map(|settings| counted(settings.len(), "setting"));
    let packages = delta.packages.as_ref().map(|packages| {
        let of = |word: &str| packages.values().filter(|one| one.word() == word).count();
        let counts = [("added", of("added")), ("removed", of("removed")), ("changed", of("changed"))];
        counted_words("package", packages.len(), counts)
    });
    let all: Vec<String> = [files, settings, packages].into_iter().flatten().collect();
    let is_whole = delta.notes.is_empty();
    let is_same = delta.before.manifest.is_some() && delta.before.manifest == delta.after.manifest;
    match (is_same, all.is_empty()) {
        (true, _) => "the same manifest: the same image".to_owned(),
        (false, true) => "nothing could be compared".to_owned(),
        (false, false) if is_whole => format!("{} differ", all.join(", ")),
        (false, false) => format!("{} differ, as far as they could be compared", all.join(", ")),
    }
}

fn counted_words(what: &str, all: usize, counts: [(&str, usize); 3]) -> String {
    let some: Vec<String> =
        counts.into_iter().filter(|(_, count)| *count > 0).map(|(word, count)| format!("{count} {word}")).collect();
    match some.is_empty() {
        true => counted(all, what),
        false => format!("{} ({})", counted(all, what), some.join(", ")),
    }
}

fn put_files(text: &mut String, files: &[FileDelta]) {
    for file in files.iter().take(LISTED) {
        let (one, other) = file.sizes();
        let says = match file.word() {
            "added" => format!("+{}", bytes(other)),
            "removed" => format!("-{}", bytes(one)),
            "mode" => {
                let dress =
                    |side: &Option<RecordedFile>| side.as_ref().map_or(String::new(), |file| file.dress.clone());
                format!("{} -> {}", dress(&file.file.before), dress(&file.file.after))
            }
            _ => format!("{} -> {}  {}", bytes(one), bytes(other), change(one, other)),
        };
        put(text, format_args!("{:>10}  {}  {says}", file.word(), file.path));
    }
    if let Some(more) = files.len().checked_sub(LISTED).filter(|more| *more > 0) {
        put(text, format_args!("{:>12}and {more} more, all with --json", ""));
    }
}

fn put_packages(text: &mut String, packages: &BTreeMap<String, Changed<BTreeSet<String>>>) {
    let versions = |side: &Option<BTreeSet<String>>| {
        let all: Vec<&str> = side.iter().flatten().map(String::as_str).collect();
        if all.is_empty() { "none".to_owned() } else { all.join(", ") }
    };
    for (name, changed) in packages.iter().take(LISTED) {
        let (one, other) = (versions(&changed.before), versions(&changed.after));
        put(text, format_args!("{:>10}  {name}  {one} -> {other}", "package"));
    }
    if let Some(more) = packages.len().checked_sub(LISTED).filter(|more| *more > 0) {
        put(text, format_args!("{:>12}and {more} more packages, all with --json", ""));
    }
}

/// Writes by how much an amount of bytes changed.
fn change(one: u64, other: u64) -> String {
    match one.cmp(&other) {
        std::cmp::Ordering::Equal => "the same size".to_owned(),
        std::cmp::Ordering::Less => format!("+{}", bytes(other - one)),
        std::cmp::Ordering::Greater => format!("-{}", bytes(one - other)),
    }
}

fn shown(value: &Option<String>) -> String {
    let Some(value) = value else { return "none".to_owned() };
    match value.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.clone(),
    }
}

/// Describes it for programs, all files and packages.
#[must_use]
pub fn json(delta: &ImageDelta) -> Value {
    let side = |side: &RecordedSide| {
        let pair = |pair: Option<(u64, usize)>| pair.map(|(bytes, count)| json!({ "bytes": bytes, "count": count }));
        json!({
            "revision": side.revision, "packet": side.packet, "version": side.version,
            "manifest": side.manifest.as_ref().map(|manifest| manifest.hash.to_oci()),
            "files": pair(side.files), "layers": pair(side.layers),
        })
    };
    let files = delta.files.as_ref().map(|files| {
        let file = |file: &FileDelta| {
            json!({ "path": file.path, "change": file.word(), "before": file.file.before, "after": file.file.after })
        };
        files.iter().map(file).collect::<Vec<_>>()
    });
    json!({
        "image": delta.image, "platform": delta.platform, "before": side(&delta.before), "after": side(&delta.after),
        "files": files, "settings": delta.settings, "packages": delta.packages, "notes": delta.notes,
    })
}
