//! Judges a built image by the plan and by what is recorded alone, so that everyone who has the evidence comes to the same
//! result.

#![warn(clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};

use super::contents::contents;
use super::error::ReleaseError;
use super::step::finding;
use rcrepro_format::images::image_settings;
use rcrepro_format::images::oci_document::{self, Document};
use rcrepro_format::images::oci_json::MANIFEST_TYPE;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::{Name, TreePath};
use rcrepro_model::content::tree::TreeNode;
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::evidence::release_record::{BuiltEntry, Parts};
use rcrepro_model::execution::ending::of_exit_code;
use rcrepro_model::plan::release_image::{Expectation, ImageSettings, ReleaseImage};
use rcrepro_store::BlobStore;
use rcrepro_store::export;

/// How many paths that differ are named.
const NAMED: usize = 20;
/// The longest text that is shown.
const SHOWN: usize = 200;

/// Finds what is wrong with an image.
///
/// # Errors
/// [`ReleaseError`] when the evidence cannot be read.
pub fn judge(
    name: &Name,
    image: &ReleaseImage,
    entry: &BuiltEntry,
    store: &dyn BlobStore,
) -> Result<Vec<Finding>, ReleaseError> {
    let mut found = Vec::new();
    let arguments = |arguments: &BTreeMap<String, String>| pairs(arguments.iter());
    let builders = |builders: &BTreeMap<String, Name>| pairs(builders.iter());
    for (at, wanted, is) in [
        ("target", image.target.clone(), entry.target.clone()),
        ("arguments", arguments(&image.arguments), arguments(&entry.arguments)),
        ("builders", builders(&image.builders), builders(&entry.builders)),
        ("builder", planned_builder(image), recorded_builder(entry)),
    ] {
        if wanted != is {
            found.push(finding(FindingName::ImageFailed, name, at, wanted, is));
        }
    }
    found.extend(differences(name, FindingName::ImageFailed, entry.parts, entry.again, store)?);
    let bytes = store.get(entry.parts.config)?;
    let settings = image_settings::decode(&bytes);
    match &settings {
        Ok(settings) => found.extend(expected(name, &image.expect, settings)),
        Err(error) => {
            found.push(finding(FindingName::ImageUndecided, name, "config", "image settings", error.to_string()))
        }
    }
    found.extend(unplanned_secret(name, image, entry));
    for (at, parts) in [("parts", entry.parts), ("again", entry.again)] {
        found.extend(tied(name, at, parts, store)?);
    }
    found.extend(contents(name, entry, settings.as_ref().ok(), store)?);
    for input in &image.frozen {
        // A name is a path's segment, so that this is always a path.
        let Ok(at) = format!("deps/{input}").parse::<TreePath>() else { continue };
        if export::lookup(store, entry.parts.tree, &at)?.is_some() {
            let carries = format!("it carries the frozen input at `/{at}`: its stage is built on a builder");
            found.push(finding(
                FindingName::ImageFailed,
                name,
                "tree",
                "an image without what it was built with",
                carries,
            ));
        }
    }
    runs(name, image, entry, store, &mut found)?;
    smoke(name, image, entry, &mut found);
    Ok(found)
}

/// Finds where a manifest, the configuration that it names, and the settings that are recorded contradict each other. What layers hold
/// does not travel.
fn tied(name: &Name, at: &str, parts: Parts, store: &dyn BlobStore) -> Result<Option<Finding>, ReleaseError> {
    let (Some(manifest), Some(config)) = (parts.manifest, parts.image_config) else { return Ok(None) };
    let named = match oci_document::document(MANIFEST_TYPE, &store.get(manifest)?) {
        Ok(Document::Manifest { config, .. }) => Some(config.digest),
        Ok(Document::Index(_)) | Err(_) => None,
    };
    if named != Some(config) {
        let is = named.map_or_else(|| "none".to_owned(), |named| named.hash.to_oci());
        let at = format!("{at}.manifest");
        return Ok(Some(finding(
            FindingName::ImageUndecided,
            name,
            &at,
            format!("that of {}", config.hash.to_oci()),
            is,
        )));
    }
    let settings =
        image_settings::read(&store.get(config)?).map(|settings| Digest::of(&image_settings::encode(&settings)));
    let is_recorded = settings.is_ok_and(|settings| settings == parts.config);
    let differs = || {
        let at = format!("{at}.config");
        finding(FindingName::ImageUndecided, name, &at, "the settings of its configuration", "others")
    };
    Ok((!is_recorded).then(differs))
}

fn expected(name: &Name, expect: &Expectation, settings: &ImageSettings) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut differ = |at: &str, wanted: String, is: String| {
        if wanted != is {
            found.push(finding(FindingName::ImageFailed, name, at, wanted, is));
        }
    };
    if let Some(user) = &expect.user {
        differ("config.user", user.clone(), settings.user.clone());
    }
    let listed = |set: &BTreeSet<String>| image_settings::listed(set);
    if let Some(ports) = &expect.ports {
        differ("config.ports", listed(ports), listed(&settings.ports));
    }
    if let Some(volumes) = &expect.volumes {
        differ("config.volumes", listed(volumes), listed(&settings.volumes));
    }
    if settings.is_root() && !expect.may_be_root {
        let user = if settings.user.is_empty() { "none, which is root" } else { settings.user.as_str() };
        found.push(finding(FindingName::ImageFailed, name, "config.user", "a user other than root", user));
    }
    found
}

fn runs(
    name: &Name,
    image: &ReleaseImage,
    entry: &BuiltEntry,
    store: &dyn BlobStore,
    found: &mut Vec<Finding>,
) -> Result<(), ReleaseError> {
    if entry.runs.len() != image.runs.len() {
        let (wanted, is) = (image.runs.len().to_string(), entry.runs.len().to_string());
        found.push(finding(FindingName::ImageFailed, name, "runs", wanted, is));
    }
    for (index, (wanted, run)) in image.runs.iter().zip(&entry.runs).enumerate() {
        let mut differ = |what: &str, wanted: String, is: String| {
            found.push(finding(FindingName::ImageFailed, name, &format!("runs.{index}.{what}"), wanted, is));
        };
        if wanted.arguments != run.arguments {
            differ("arguments", wanted.arguments.join(" "), run.arguments.join(" "));
        }
        if wanted.exit_code != run.exit_code {
            differ("exit-code", of_exit_code(wanted.exit_code), of_exit_code(run.exit_code));
        }
        if Digest::of(wanted.stdout.as_bytes()) != run.stdout {
            differ("stdout", shown(wanted.stdout.as_bytes()), shown(&store.get(run.stdout)?));
        }
    }
    Ok(())
}

fn smoke(name: &Name, image: &ReleaseImage, entry: &BuiltEntry, found: &mut Vec<Finding>) {
    let wanted: Vec<&str> = image.smoke.iter().map(|spec| spec.id.as_str()).collect();
    let ran: Vec<&str> = entry.smoke.iter().map(|smoke| smoke.id.as_str()).collect();
    if wanted != ran {
        found.push(finding(FindingName::ImageFailed, name, "smoke", wanted.join(", "), ran.join(", ")));
    }
    for (spec, smoke) in image.smoke.iter().zip(&entry.smoke) {
        let image = (spec.image.to_string(), smoke.image.to_string());
        for (what, (wanted, is)) in [("line", (spec.line.clone(), smoke.line.clone())), ("image", image)] {
            if wanted != is {
                found.push(finding(FindingName::ImageFailed, name, &format!("{}.{what}", spec.id), wanted, is));
            }
        }
    }
    for smoke in &entry.smoke {
        if smoke.exit_code != 0 {
            let at = format!("{}.exit-code", smoke.id);
            found.push(finding(FindingName::ImageFailed, name, &at, "exit code 0", of_exit_code(smoke.exit_code)));
        }
        if let Some(code) = smoke.gone {
            let is = match i32::try_from(code) {
                Ok(code) => format!("it had ended: {}", of_exit_code(code)),
                Err(_) => format!("it had ended: exit code {code}"),
            };
            found.push(finding(FindingName::ImageFailed, name, smoke.id.as_str(), "a container that runs", is));
        }
    }
}

/// Names where two builds differ: files, settings, modes and owners.
///
/// # Errors
/// [`ReleaseError`] when the evidence cannot be read.
pub fn differences(
    name: &Name,
    kind: FindingName,
    one: Parts,
    other: Parts,
    store: &dyn BlobStore,
) -> Result<Vec<Finding>, ReleaseError> {
    let mut found = Vec::new();
    if one.tree != other.tree {
        let text = |node: Option<TreeNode>| match node {
            None => "nothing".to_owned(),
            Some(TreeNode::File { digest, executable }) => {
                format!("{digest}{}", if executable { " (executable)" } else { "" })
            }
            Some(TreeNode::Symlink { target }) => format!("-> {target}"),
            Some(TreeNode::Directory { .. }) => "a folder".to_owned(),
        };
        let differing = export::diff(store, one.tree, other.tree)?;
        let more = differing.len().saturating_sub(NAMED);
        for difference in differing.into_iter().take(NAMED) {
            let at = format!("tree:/{}", difference.path);
            found.push(finding(kind, name, &at, text(difference.left), text(difference.right)));
        }
        if more > 0 {
            found.push(finding(kind, name, "tree", "the same files", format!("{more} more differ")));
        }
    }
    found.extend(texts(name, kind, "config", &[one.config, other.config], store)?);
    found.extend(texts(name, kind, "owners:/", &[one.owners, other.owners], store)?);
    if found.is_empty() && one.manifest != other.manifest {
        let text = |manifest: Option<Digest>| manifest.map_or_else(|| "none".to_owned(), |one| one.hash.to_oci());
        found.push(finding(kind, name, "manifest", text(one.manifest), text(other.manifest)));
    }
    Ok(found)
}

/// Names the keys in which two flat documents differ.
fn texts(
    name: &Name,
    kind: FindingName,
    what: &str,
    digests: &[Digest; 2],
    store: &dyn BlobStore,
) -> Result<Vec<Finding>, ReleaseError> {
    let [one, other] = digests;
    if one == other {
        return Ok(Vec::new());
    }
    let read = |digest: Digest| -> Result<BTreeMap<String, serde_json::Value>, ReleaseError> {
        Ok(serde_json::from_slice(&store.get(digest)?).unwrap_or_default())
    };
    let (one, other) = (read(*one)?, read(*other)?);
    let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let text = |value: Option<&serde_json::Value>| value.map_or_else(|| "nothing".to_owned(), ToString::to_string);
    let differing = keys.into_iter().filter(|key| one.get(*key) != other.get(*key));
    let separator = if what.ends_with('/') { "" } else { "." };
    let named = differing
        .take(NAMED)
        .map(|key| finding(kind, name, &format!("{what}{separator}{key}"), text(one.get(key)), text(other.get(key))));
    Ok(named.collect())
}

/// Finds a secret of the record that the plan does not name. One that the plan names may have been missing.
fn unplanned_secret(name: &Name, image: &ReleaseImage, entry: &BuiltEntry) -> Option<Finding> {
    let planned = image.buildkit.as_ref().map(|buildkit| &buildkit.secrets);
    let mut recorded = entry.builder.iter().flat_map(|builder| &builder.secrets);
    let other = recorded.find(|id| planned.is_none_or(|planned| !planned.contains_key(*id)))?;
    Some(finding(FindingName::ImageFailed, name, "builder.secrets", "secrets of the plan", format!("`{other}`")))
}

/// Writes what the plan has an image built by and from.
fn planned_builder(image: &ReleaseImage) -> String {
    image.buildkit.as_ref().map_or_else(
        || "the engine".to_owned(),
        |buildkit| {
            let contexts = pairs(buildkit.contexts.iter());
            format!("{}, bases {}, contexts {contexts}", buildkit.image, pairs(buildkit.bases.iter()))
        },
    )
}

/// Writes the same of what is recorded.
fn recorded_builder(entry: &BuiltEntry) -> String {
    entry.builder.as_ref().map_or_else(
        || "the engine".to_owned(),
        |builder| {
            let contexts = pairs(builder.contexts.iter());
            format!("{}, bases {}, contexts {contexts}", builder.image, pairs(builder.bases.iter()))
        },
    )
}

fn pairs<T: std::fmt::Display>(pairs: impl Iterator<Item = (impl std::fmt::Display, T)>) -> String {
    let all: Vec<String> = pairs.map(|(name, value)| format!("{name}={value}")).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let short: String = text.chars().take(SHOWN).collect();
    format!("{short:?}")
}
