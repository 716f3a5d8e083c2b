//! Images as `docker save` and OCI layouts in a tar have them: blobs by their role instead of their name, which is a digest.

use std::collections::BTreeMap;

use serde_json::Value;

use super::members::{ArchiveMember, Format, explain_members};
use crate::Hints;
use rcrepro_model::why::difference::{DifferenceClass, Explained, settle};

/// Explains two image archives; `None` when the members are not an image's.
#[must_use]
pub fn explain_image(
    at: &str,
    left: &[ArchiveMember<'_>],
    right: &[ArchiveMember<'_>],
    hints: &Hints<'_>,
    depth: u32,
) -> Option<Vec<Explained>> {
    let (l, r) = (by_role(left)?, by_role(right)?);
    let mut found = explain_members(at, &l, &r, Format { sort: "one program that saves the image" }, hints, depth);
    for one in &mut found {
        match one.class {
            // What differs only in digests names things that differ elsewhere.
            DifferenceClass::Real if masked(&one.left) == masked(&one.right) => {
                one.follows = true;
                "names by digest of what differs elsewhere".clone_into(&mut one.cause);
            }
            DifferenceClass::Clock
                if one.at.contains("!/config") || one.at.contains("/json") || one.at.contains("!/layers/") =>
            {
                one.remedy = Some(
                    "SOURCE_DATE_EPOCH with BuildKit's rewrite-timestamp=true; or `rcrepro image build`, which has no clock".to_owned(),
                );
            }
            _ => {}
        }
    }
    // The blobs lie in the order of their names, which are digests.
    for one in found.iter_mut().filter(|one| one.class == DifferenceClass::Order && one.at == at) {
        one.follows = true;
    }
    settle(&mut found);
    Some(found)
}

/// Renames members by what they are: `config`, `layers/0`, `manifests/0`.
fn by_role<'a>(members: &[ArchiveMember<'a>]) -> Option<Vec<ArchiveMember<'a>>> {
    let content = |name: &str| members.iter().find(|member| member.name == name).map(|member| &*member.content);
    let parse = |name: &str| content(name).and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
    let mut roles: BTreeMap<String, String> = BTreeMap::new();
    let blob = |value: &Value| value["digest"].as_str().map(|digest| format!("blobs/{}", digest.replace(':', "/")));
    if let Some(manifest) = parse("manifest.json") {
        for (i, image) in manifest.as_array()?.iter().enumerate() {
            let prefix = if i == 0 { String::new() } else { format!("images/{i}/") };
            roles.insert(image["Config"].as_str()?.to_owned(), format!("{prefix}config"));
            for (n, layer) in image["Layers"].as_array()?.iter().enumerate() {
                let layer = layer.as_str()?;
                match layer.split_once('/').filter(|(folder, _)| *folder != "blobs") {
                    Some((folder, _)) => drop(roles.insert(format!("{folder}/"), format!("{prefix}layers/{n}/"))),
                    None => drop(roles.insert(layer.to_owned(), format!("{prefix}layers/{n}"))),
                }
            }
        }
    }
    if let Some(index) = content("oci-layout").and_then(|_| parse("index.json")) {
        for (i, descriptor) in index["manifests"].as_array()?.iter().enumerate() {
            let name = blob(descriptor)?;
            if let Some(manifest) = parse(&name) {
                roles
                    .entry(blob(&manifest["config"])?)
                    .or_insert(format!("config{}", if i == 0 { String::new() } else { format!("-{i}") }));
                for (n, layer) in manifest["layers"].as_array()?.iter().enumerate() {
                    roles.entry(blob(layer)?).or_insert(format!("layers/{i}-{n}"));
                }
            }
            roles.insert(name, format!("manifests/{i}"));
        }
    }
    if roles.is_empty() {
        return None;
    }
    let renamed = members.iter().map(|member| {
        let folder = roles.iter().find(|(name, _)| name.ends_with('/') && member.name.starts_with(name.as_str()));
        let name = match (roles.get(&member.name), folder) {
            (Some(role), _) => role.clone(),
            (None, Some((name, role))) => format!("{role}{}", &member.name[name.len()..]),
            (None, None) => member.name.clone(),
        };
        ArchiveMember { name, ..member.clone() }
    });
    Some(renamed.collect())
}

/// Hides digests of 64 hex digits.
fn masked(text: &str) -> String {
    let mut hidden = String::new();
    let mut run = String::new();
    for character in text.chars().chain(['\n']) {
        if character.is_ascii_digit() || ('a'..='f').contains(&character) {
            run.push(character);
            continue;
        }
        hidden.push_str(if run.len() >= 64 { "#" } else { &run });
        run.clear();
        hidden.push(character);
    }
    hidden
}
