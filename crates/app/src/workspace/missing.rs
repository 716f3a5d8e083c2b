//! What a plan names and the repository does not have yet: definitions and locks of images, mirrors and locks of frozen inputs,
//! documents. A plan is sound without them, and nothing runs.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::needed_images::NeededFile;
use super::{attributes, needed_images};
use crate::evidence::currency::stale_lock;
use crate::frozen;
use crate::toolchain::ImageError;
use crate::toolchain::build::locked::locked;
use crate::toolchain::folder::ImageFolder;
use crate::toolchain::in_engine::pulled;
use crate::workspace::Workspace;
use crate::workspace::plan_files::resolved;
use rcrepro_model::content::digest::Sha256;
use rcrepro_model::content::name::Name;
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::plan::{FrozenInput, ImageSource, Plan};
use rcrepro_model::text::address::without_secrets;
use rcrepro_model::text::causes::causes;
use rcrepro_model::text::hint::Hint as _;

/// What brings definitions of images: the template's own are beside its plan, which `init` does not write over another one.
const DEFINITIONS: &str =
    "mkdir template && rcrepro -C template init --template release-confidence && cp -rn template/images .";

/// A missing thing, with the command that makes it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Missing {
    /// A name for people, such as ``lock of image `go` ``.
    pub what: String,
    /// The command that mends it.
    pub hint: String,
}

/// Takes the credentials out of addresses that an error quotes.
fn shown(text: String) -> String {
    without_secrets(&text).into_owned()
}

/// Lists the definitions that are there and cannot be read: those of the plan's images, and those beside them, by which
/// `rcrepro image` ends.
#[must_use]
pub(crate) fn faulty(workspace: &Workspace) -> Vec<Missing> {
    let Some(platform) = ImagePlatform::host() else { return Vec::new() };
    let fault = |error: ImageError| {
        let causes = causes(&error).map(|cause| format!(": {cause}")).collect::<String>();
        Missing { what: shown(format!("{error}{causes}")), hint: shown(error.hint().unwrap_or_default()) }
    };
    let mut found = Vec::new();
    let mut folders: BTreeMap<PathBuf, ImageFolder> = BTreeMap::new();
    for (name, source) in &workspace.plan.images {
        let ImageSource::Build { definition, .. } = source else { continue };
        let path = workspace.folder.join(definition);
        found.extend(outside(workspace, name, &path));
        match ImageFolder::of_definition(&path, platform) {
            Ok((folder, _)) => drop(folders.insert(path.parent().unwrap_or(&path).to_owned(), folder)),
            Err(error) => found.push(fault(error)),
        }
    }
    for folder in folders.values() {
        let errors: Vec<ImageError> = match folder.names() {
            Ok(names) => names.iter().filter_map(|name| folder.platforms(name).err()).collect(),
            Err(error) => vec![error],
        };
        // What is not there is told by what is missing.
        let is_missing = |error: &ImageError| matches!(error, ImageError::File { source, .. } if source.kind() == ErrorKind::NotFound);
        found.extend(errors.into_iter().filter(|error| !is_missing(error)).map(fault));
    }
    found.dedup();
    found
}

/// Names a definition that no commit can hold, so that no run reads it.
fn outside(workspace: &Workspace, name: &Name, path: &Path) -> Option<Missing> {
    let (repository, _) = workspace.repository().ok()?;
    let whole = resolved(path);
    if whole.starts_with(&repository) {
        return None;
    }
    let file = whole.file_name().unwrap_or_default().to_string_lossy();
    let what = format!(
        "definition of image `{name}`: `{}` lies outside of the repository `{}`, so that no commit holds it",
        whole.display(),
        repository.display()
    );
    let hint = format!("move it into the repository, and write [images.{name}] build = \"images/{file}\"");
    Some(Missing { what: shown(what), hint: shown(hint) })
}

/// Lists the locks of images that are there and are not those of their definitions: no run begins with one.
#[must_use]
pub(crate) fn stale(workspace: &Workspace) -> Vec<Missing> {
    let Some(platform) = ImagePlatform::host() else { return Vec::new() };
    let stale = |name: &Name| match stale_lock(workspace, name, platform.isa()) {
        Some(why) => {
            Some(Missing { what: format!("lock of image `{name}`: {why}"), hint: format!("rcrepro image lock {name}") })
        }
        None => stale_below(workspace, name, platform),
    };
    let unlocked = |name: &Name, source: &ImageSource| image(workspace, name, source).is_some();
    workspace
        .plan
        .images
        .iter()
        .filter(|(name, source)| !unlocked(name, source))
        .filter_map(|(name, _)| stale(name))
        .collect()
}

/// Finds a stale lock of an image that another one is composed of, or compiled in, and that the plan need not name.
fn stale_below(workspace: &Workspace, name: &Name, platform: ImagePlatform) -> Option<Missing> {
    let ImageSource::Build { definition, .. } = workspace.plan.images.get(name)? else { return None };
    let (folder, image) = ImageFolder::of_definition(&workspace.folder.join(definition), platform).ok()?;
    match locked(&folder, &image) {
        Err(ImageError::StaleLock { name: below, path, reason }) if path.exists() => Some(Missing {
            what: format!("lock of image `{below}`, which image `{name}` needs: {reason}"),
            hint: format!("rcrepro image lock {below}"),
        }),
        _ => None,
    }
}

/// Lists the locks of frozen inputs that are there and that no run takes: damaged ones, and those of something else than what the
/// source holds. `made_from` has the checksums of that, as far as they are known without an engine.
#[must_use]
pub(crate) fn frozen_locks(workspace: &Workspace, made_from: &BTreeMap<Name, Sha256>) -> Vec<Missing> {
    let judge = |name: &Name, input: &FrozenInput| {
        let (_, lock) = frozen::read_lock(name, input.kind, &workspace.folder, &workspace.files)?;
        made_from.get(name).map_or(Ok(()), |found| frozen::fits(name, &lock, *found))
    };
    let there = workspace.plan.frozen.iter().filter(|(name, input)| frozen_input(workspace, name, input).is_none());
    let refused = there.filter_map(|(name, input)| {
        let error = judge(name, input).err()?;
        let path = format!("lockfiles/{name}.lock");
        let causes = causes(&error).map(|cause| format!(": {cause}")).collect::<String>();
        Some(Missing { what: shown(format!("{path}: {error}{causes}")), hint: format!("rcrepro lock {name}") })
    });
    refused.collect()
}

/// Lists what is missing, in the order in which it is to be made.
#[must_use]
pub(crate) fn missing(workspace: &Workspace) -> Vec<Missing> {
    let plan = &workspace.plan;
    let mut found: Vec<Missing> =
        plan.images.iter().filter_map(|(name, source)| image(workspace, name, source)).collect();
    let below: Vec<Missing> = plan.images.values().flat_map(|source| below(workspace, source)).collect();
    for missing in below.into_iter().rev() {
        let is_told = |told: &Missing| {
            told.hint == missing.hint && (missing.hint != DEFINITIONS || missing.what.starts_with(&told.what))
        };
        if !found.iter().any(is_told) {
            found.insert(0, missing);
        }
    }
    // Definitions first: nothing is locked without them.
    found.sort_by_key(|missing| missing.hint.starts_with("rcrepro image lock"));
    let needed = needed(plan);
    let inputs = plan.frozen.iter().filter(|(name, _)| needed.contains(*name));
    found.extend(inputs.filter_map(|(name, input)| frozen_input(workspace, name, input)));
    let gone = plan.documents.generated.iter().filter(|path| !workspace.folder.join(path.as_str()).exists());
    found.extend(gone.map(|path| Missing {
        what: format!("document `{path}`"),
        hint: format!(r"printf '<!-- rcrepro:begin board -->\n<!-- rcrepro:end board -->\n' > {path}"),
    }));
    found.extend(attributes::unkept(&workspace.folder).into_iter().map(|folder| Missing {
        what: format!("`{folder}/{}`, which keeps git from changing line ends there", attributes::FILE),
        hint: format!("printf '{}\\n' >> {folder}/{}", attributes::LINE, attributes::FILE),
    }));
    found
}

/// Lists the frozen inputs that a packet uses. No run looks at the others.
#[must_use]
pub(crate) fn needed(plan: &Plan) -> BTreeSet<Name> {
    plan.packets.values().flat_map(|packet| plan.references(packet).frozen).collect()
}

/// Whether a person has nothing to bring for a frozen input: its data is there and locked, or no packet uses it.
#[must_use]
pub(crate) fn is_brought(workspace: &Workspace, name: &Name) -> bool {
    let Some(input) = workspace.plan.frozen.get(name) else { return false };
    let is_there = input.path.as_ref().is_some_and(|path| workspace.folder.join(path).exists());
    (is_there && frozen::lock_path(&workspace.folder, name).exists()) || !needed(&workspace.plan).contains(name)
}

/// Lists what is missing of the images that the definition of another one needs.
fn below(workspace: &Workspace, source: &ImageSource) -> Vec<Missing> {
    let (ImageSource::Build { definition, .. }, Some(platform)) = (source, ImagePlatform::host()) else {
        return Vec::new();
    };
    let path = workspace.folder.join(definition);
    let found = ImageFolder::of_definition(&path, platform);
    let Ok((folder, image)) = found else { return Vec::new() };
    let missing = |needed| match needed {
        NeededFile::Definition(what) => Missing { what, hint: DEFINITIONS.to_owned() },
        NeededFile::Lock(what, image) => Missing { what, hint: format!("rcrepro image lock {image}") },
    };
    needed_images::missing_below(workspace, &folder, &image).into_iter().map(missing).collect()
}

fn image(workspace: &Workspace, name: &Name, source: &ImageSource) -> Option<Missing> {
    let platform = ImagePlatform::host()?;
    let unlocked = |hint: String| Some(Missing { what: format!("lock of image `{name}`"), hint });
    match source {
        ImageSource::Build { definition, .. } => {
            let path = workspace.folder.join(definition);
            let (folder, image) = ImageFolder::of_definition(&path, platform).ok()?;
            if !path.exists() {
                let what = format!("definition of image `{name}` at `{definition}`");
                return Some(Missing { what, hint: DEFINITIONS.to_owned() });
            }
            if folder.lock_path(&image).exists() { None } else { unlocked(format!("rcrepro image lock {image}")) }
        }
        ImageSource::Pull { .. } if pulled::lock_path(&workspace.folder, platform, name).exists() => None,
        ImageSource::Pull { .. } => unlocked(format!("rcrepro image lock {name}")),
    }
}

fn frozen_input(workspace: &Workspace, name: &Name, input: &FrozenInput) -> Option<Missing> {
    if frozen::lock_path(&workspace.folder, name).exists() {
        return None;
    }
    let hint = format!("rcrepro lock {name}");
    match &input.path {
        // Where there is an image, `lock` records what is not there yet.
        Some(path) if input.image.is_none() && !workspace.folder.join(path).exists() => Some(Missing {
            what: format!("data of the frozen input `{name}` at `{path}`"),
            hint: format!("put it there, then {hint}"),
        }),
        _ => Some(Missing { what: format!("lock of the frozen input `{name}`"), hint }),
    }
}
