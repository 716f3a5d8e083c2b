//! What became of the release's own images.

use serde_json::{Value, json};

use super::text::{findings, put};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::release_record::{BuiltEntry, Released};
use rcrepro_model::evidence::served::{ComparedBy, ServedComparison, ServedPlatform};
use rcrepro_model::plan::PacketId;
use rcrepro_model::standing::Standing;
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
        if released.twice.contains(name) {
            let equal = built.builds().all(|(_, one, again)| one == again);
            put(
                &mut text,
                format_args!("{:>12}built twice, to {}", "", if equal { "one image" } else { "two images" }),
            );
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
        "written": released.written, "twice": released.twice,
    })
}

/// Writes how what a registry serves by a reference compares with what was certified, and where it differs, for each platform.
#[must_use]
pub fn served_text(reference: &str, compared: &ServedComparison) -> String {
    let ServedComparison { image, packet, platforms, unserved, .. } = compared;
    let mut text = String::new();
    for one in platforms {
        let ServedPlatform { platform, served, certified, by, findings: found } = one;
        let (word, says) = match (one.standing(), by) {
            (Standing::Passed, ComparedBy::Digest) => {
                ("equal", "the certified manifest, and every blob that it names is there")
            }
            (Standing::Passed, ComparedBy::Files) => (
                "equal",
                "the same files, settings, modes and owners in another manifest: packing, times or history differ",
            ),
            (Standing::Undecided, _) => ("undecided", "what it holds cannot be compared"),
            (Standing::Failed | Standing::Tampered, _) => ("differs", "another image than the certified one"),
        };
        put(
            &mut text,
            format_args!("{word:>10}  release image {image} of {packet} for {platform}, {reference}: {says}"),
        );
        let served = served.map_or_else(|| "nothing".to_owned(), |served| served.hash.to_oci());
        put(&mut text, format_args!("{:>12}served    {served}", ""));
        match certified {
            Some(certified) => put(&mut text, format_args!("{:>12}certified {}", "", certified.hash.to_oci())),
            None => {
                put(&mut text, format_args!("{:>12}certified without a manifest, by the engine's classic builder", ""))
            }
        }
        text.push_str(&findings(found));
    }
    for platform in unserved {
        put(
            &mut text,
            format_args!("{:>10}  {image} was certified for {platform}, too, which this manifest is not for", ""),
        );
    }
    text
}

/// Describes that comparison for programs.
#[must_use]
pub fn served_json(reference: &str, compared: &ServedComparison) -> Value {
    let ServedComparison { image, packet, asked, platforms, unserved } = compared;
    let oci = |digest: &Digest| digest.hash.to_oci();
    let platforms = platforms.iter().map(|one| {
        json!({
            "platform": one.platform.to_string(), "standing": one.standing(), "by": one.by.as_str(),
            "served": one.served.as_ref().map(oci), "certified": one.certified.as_ref().map(oci), "findings": one.findings,
        })
    });
    json!({
        "reference": reference, "image": image, "packet": packet, "standing": compared.standing(), "asked": asked.to_oci(),
        "platforms": platforms.collect::<Vec<_>>(),
        "unserved": unserved.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_model::evidence::finding::{Finding, FindingName};
    use rcrepro_model::image::definition::ImagePlatform;

    #[test]
    fn a_comparison_says_by_what_and_where() {
        let served = Digest::of(b"served");
        let finding = |name| Finding { name, at: "images.app.tree:/a".into(), expected: "1".into(), found: "2".into() };
        let said = |by, findings: Vec<Finding>, certified| {
            let (image, packet) = ("app".parse().expect("a name"), "RC-06".parse().expect("an id"));
            let (platform, other) = (ImagePlatform::LinuxAmd64, ImagePlatform::LinuxArm64);
            let one = ServedPlatform { platform, served: Some(served), certified, by, findings };
            let (platforms, unserved) = (vec![one], vec![other]);
            let compared = ServedComparison { image, packet, asked: served.hash, platforms, unserved };
            let word = served_json("r/app:1", &compared)["standing"].as_str().expect("a word").to_owned();
            (word, served_text("r/app:1", &compared))
        };
        for (by, findings, certified, word, texts) in [
            (ComparedBy::Digest, Vec::new(), Some(served), "passed", ["equal", "the certified manifest"]),
            (ComparedBy::Files, Vec::new(), None, "passed", ["in another manifest", "without a manifest"]),
            (ComparedBy::Files, vec![finding(FindingName::ImageChanged)], None, "failed", ["differs", "tree:/a"]),
            (
                ComparedBy::Files,
                vec![finding(FindingName::ImageUndecided)],
                None,
                "undecided",
                ["undecided", "tree:/a"],
            ),
        ] {
            let (standing, text) = said(by, findings, certified);
            assert_eq!(standing, word, "{text}");
            assert!(text.contains("certified for linux/arm64, too"), "{text}");
            texts.iter().for_each(|part| assert!(text.contains(part), "`{part}` in {text}"));
        }
    }
}
