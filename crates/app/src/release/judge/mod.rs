//! Judges a built image by the plan and by what is recorded alone, so that everyone who has the evidence comes to the same
//! result.

#![warn(clippy::expect_used)]

mod runs;

use std::collections::{BTreeMap, BTreeSet};

use self::runs::runs;
pub(super) use self::runs::unmet;
use super::contents::{contents, settings_of};
use super::error::ReleaseError;
use super::step::{finding, within};
use super::validation::validate;
use rcrepro_format::images::image_settings;
use rcrepro_format::images::oci_document::{self, Document};
use rcrepro_format::images::oci_json::MANIFEST_TYPE;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::{Name, TreePath};
use rcrepro_model::content::tree::TreeNode;
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::evidence::release_record::{BuiltEntry, HealthOutcome, Parts};
use rcrepro_model::execution::ending::of_exit_code;
use rcrepro_model::plan::release_image::{Expectation, ImageSettings, ReleaseImage};
use rcrepro_store::BlobStore;
use rcrepro_store::export;

/// How many paths that differ are named.
const NAMED: usize = 20;
/// The exit code of a container that had to be killed.
const KILLED: i64 = 137;
/// The signals that images name to be stopped by, with their numbers.
const SIGNALS: [(&str, i64); 7] =
    [("HUP", 1), ("INT", 2), ("QUIT", 3), ("USR1", 10), ("USR2", 12), ("TERM", 15), ("WINCH", 28)];

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
    found.extend(platforms(name, image, entry, store)?);
    let bytes = store.get(entry.parts.config)?;
    let settings = image_settings::decode(&bytes);
    match &settings {
        Ok(settings) => found.extend(expected(name, &image.expect, settings)),
        Err(error) => {
            found.push(finding(FindingName::ImageUndecided, name, "config", "image settings", error.to_string()))
        }
    }
    found.extend(unplanned_secret(name, image, entry));
    for (at, parts) in entry.all_parts() {
        found.extend(tied(name, &at, parts, store)?);
    }
    found.extend(contents(name, entry, settings.as_ref().ok(), store)?);
    found.extend(validate(name, image, entry, store)?);
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
    found.extend(ends(name, image, entry, settings.as_ref().ok()));
    Ok(found)
}

/// Finds platforms that the plan asks for and that were not built, or not twice the same, or are for another machine.
fn platforms(
    name: &Name,
    image: &ReleaseImage,
    entry: &BuiltEntry,
    store: &dyn BlobStore,
) -> Result<Vec<Finding>, ReleaseError> {
    let mut found = Vec::new();
    let machine = image_settings::decode(&store.get(entry.parts.config)?).map(|settings| platform_of(&settings));
    let wanted = image.buildkit.iter().flat_map(|buildkit| &buildkit.platforms).map(ToString::to_string);
    let wanted: BTreeSet<String> = wanted.filter(|one| machine.as_ref().is_ok_and(|machine| one != machine)).collect();
    let built: BTreeSet<String> = entry.platforms.keys().cloned().collect();
    if wanted != built {
        let listed = |set: &BTreeSet<String>| image_settings::listed(set);
        found.push(finding(FindingName::ImageFailed, name, "platforms", listed(&wanted), listed(&built)));
    }
    for (platform, one) in &entry.platforms {
        let at = |finding: Finding| Finding { at: within(&finding.at, name, platform), ..finding };
        found.extend(differences(name, FindingName::ImageFailed, one.parts, one.again, store)?.into_iter().map(at));
        let settings = image_settings::decode(&store.get(one.parts.config)?);
        let is = settings.map_or_else(|error| error.to_string(), |settings| platform_of(&settings));
        if is != *platform {
            let at = format!("platforms.{platform}.config");
            found.push(finding(FindingName::ImageFailed, name, &at, platform.clone(), is));
        }
    }
    Ok(found)
}

fn platform_of(settings: &ImageSettings) -> String {
    format!("{}/{}", settings.os, settings.architecture)
}

/// Finds containers that were not healthy, or did not end as they should when they were stopped. A record of an older version says
/// nothing of it.
fn ends(name: &Name, image: &ReleaseImage, entry: &BuiltEntry, settings: Option<&ImageSettings>) -> Vec<Finding> {
    let mut found = Vec::new();
    let checks = settings.is_some_and(ImageSettings::has_health_check);
    for smoke in &entry.smoke {
        let at = |what: &str| format!("{}.{what}", smoke.id);
        let mut wrong = |what: &str, expected: &str, is: String| {
            found.push(finding(FindingName::ImageFailed, name, &at(what), expected, is));
        };
        let is_told = smoke.stopped.is_some() || smoke.health.is_some();
        match smoke.health {
            Some(HealthOutcome::Unhealthy) => {
                wrong("health", "a health check that passes", "it did not pass".to_owned())
            }
            Some(HealthOutcome::Healthy) if !checks => {
                wrong("health", "no health check: the image has none", "one".to_owned())
            }
            None if checks && is_told => wrong("health", "the outcome of the image's health check", "none".to_owned()),
            Some(HealthOutcome::Healthy) | None => {}
        }
        let Some(code) = smoke.stopped else { continue };
        let clean = settings.map_or_else(BTreeSet::new, |settings| clean_ends(&image.expect, settings));
        if !clean.contains(&code) {
            let expected = "a container that ends by itself within 10 s of its stop signal";
            let is = match code {
                KILLED => format!("it had to be killed: handle {}, or name another STOPSIGNAL", signal_of(settings)),
                code => format!("exit code {code}: if that is how it ends, expect.stop = {code}"),
            };
            wrong("stopped", expected, is);
        }
    }
    found
}

/// Lists the exit codes of a container that obeys its stop signal: what the plan says; otherwise 0, or what the signal makes of it.
fn clean_ends(expect: &Expectation, settings: &ImageSettings) -> BTreeSet<i64> {
    let signal = settings.stop_signal.trim_start_matches("SIG");
    let number = SIGNALS.iter().find(|(name, number)| signal == *name || signal == number.to_string());
    let number = number.map_or(15, |(_, number)| *number);
    expect.stop.map_or_else(|| [0, 128 + number].into(), |code| [i64::from(code)].into())
}

fn signal_of(settings: Option<&ImageSettings>) -> &str {
    settings.map(|settings| settings.stop_signal.as_str()).filter(|signal| !signal.is_empty()).unwrap_or("SIGTERM")
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
    let is_of = |settings: &ImageSettings| Digest::of(&image_settings::encode(settings)) == parts.config;
    let is_recorded = image_settings::read(&store.get(config)?).is_ok_and(|mut settings| {
        // Records before version 5 have no further settings.
        is_of(&settings) || {
            settings.further.clear();
            is_of(&settings)
        }
    });
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
    let settings = [settings_of(one, store)?, settings_of(other, store)?];
    found.extend(texts(name, kind, "config", &settings, store)?);
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
            let programs = pairs(buildkit.programs.iter());
            let bases = pairs(buildkit.bases.iter());
            format!("{}, bases {bases}, contexts {contexts}, programs {programs}", buildkit.image)
        },
    )
}

/// Writes the same of what is recorded.
fn recorded_builder(entry: &BuiltEntry) -> String {
    entry.builder.as_ref().map_or_else(
        || "the engine".to_owned(),
        |builder| {
            let contexts = pairs(builder.contexts.iter());
            let (bases, programs) = (pairs(builder.bases.iter()), pairs(builder.programs.iter()));
            format!("{}, bases {bases}, contexts {contexts}, programs {programs}", builder.image)
        },
    )
}

fn pairs<T: std::fmt::Display>(pairs: impl Iterator<Item = (impl std::fmt::Display, T)>) -> String {
    let all: Vec<String> = pairs.map(|(name, value)| format!("{name}={value}")).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}
