//! Whether recorded evidence still counts: it is of what the packet's commands see of this source, of the packet as the plan states
//! it now, and of the images and frozen inputs as they are locked now.
//!
//! What counts is the action: if every action of the packet that follows from the plan and the source at hand has the recorded
//! digest, the evidence is what a run of now would be compared with, whatever else has changed.

use crate::frozen;
use crate::frozen::go::settings::BuildCache;
use crate::run::actions::{Resolved, derive_action};
use crate::toolchain::ImageError;
use crate::toolchain::folder::ImageFolder;
use crate::toolchain::in_engine::pulled;
use crate::workspace::Workspace;
use crate::workspace::plan_files::PlanFiles;
use rcrepro_format::plan::frozen_toml;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::manifest::ReproManifest;
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::plan::{ImageSource, PacketId, Plan};
use rcrepro_store::BlobStore;
use rcrepro_store::memory::MemoryStore;
use rcrepro_store::stacked::Stacked;

/// Says why a manifest's evidence no longer counts; `None` when it does. `recorded` is the plan that it was made by, and
/// `source` the root of the certified source now, whose directories `store` has.
#[must_use]
pub(crate) fn outdated(
    workspace: &Workspace,
    manifest: &ReproManifest,
    recorded: &Plan,
    source: Digest,
    store: &dyn BlobStore,
) -> Option<String> {
    let packet = &manifest.packet;
    if let Some(what) = redefined(recorded, &workspace.plan, packet) {
        return Some(format!("the plan has changed since: {what}"));
    }
    // The plan is a part of the source: where commands see all of it, every change of the plan changes the source, too.
    if manifest.source.root != source
        && let Some(why) = changed(workspace, manifest, source, store)
    {
        return Some(why);
    }
    let image = manifest.images.iter().find(|(name, image)| {
        image_lock(workspace, name, &manifest.platform.isa).is_none_or(|lock| lock != image.lock)
    });
    if let Some((name, _)) = image {
        return Some(format!("the lock of image `{name}` has changed since"));
    }
    if let Some((name, why)) =
        manifest.images.keys().find_map(|name| Some((name, stale_lock(workspace, name, &manifest.platform.isa)?)))
    {
        return Some(format!("the lock of image `{name}` is stale ({why})"));
    }
    let frozen = manifest.frozen.iter().find(|(name, frozen)| {
        digest_of(&workspace.files, &frozen::lock_path(&workspace.folder, name)).is_none_or(|lock| lock != frozen.lock)
    });
    frozen.map(|(name, _)| format!("the lock of the frozen input `{name}` has changed since"))
}

/// Says which command sees something that has changed between the source of a manifest and this one; none when every action is the
/// recorded one.
fn changed(workspace: &Workspace, manifest: &ReproManifest, source: Digest, store: &dyn BlobStore) -> Option<String> {
    let plan = &workspace.plan;
    let packet = plan.packets.get(&manifest.packet)?;
    if plan.commands(packet).any(|spec| spec.sees.is_empty()) {
        return Some("the source has changed since".into());
    }
    // Nothing that is derived here is kept.
    let above = MemoryStore::default();
    let store = &Stacked::new(&above, store);
    let (resolved, results) = (Resolved { source, ..Resolved::recorded(manifest) }, manifest.results());
    let recorded = plan.commands(packet).filter_map(|spec| Some((spec, manifest.command(&spec.id)?)));
    for (spec, entry) in recorded {
        let action = derive_action(plan, spec, &resolved, &results, store);
        if !action.is_ok_and(|action| action.digest() == entry.action) {
            return Some(format!("what command `{}` sees of the source has changed since", spec.id));
        }
    }
    // A command may see its packages and not the file that pins them.
    manifest.frozen.keys().find_map(|name| {
        let input = plan.frozen.get(name)?;
        let toolchain = input.image.as_ref().and_then(|image| manifest.images.get(image)).map(|image| image.manifest);
        let lock = workspace.files.read(&frozen::lock_path(&workspace.folder, name)).ok();
        let lock = lock.and_then(|bytes| frozen_toml::decode(&String::from_utf8_lossy(&bytes)).ok());
        let found =
            frozen::made_from(name, (input, BuildCache::of(plan, name).as_ref()), source, toolchain, store).ok();
        let holds = found.zip(lock).is_some_and(|((found, _), lock)| found == lock.made_from);
        (!holds).then(|| format!("what the frozen input `{name}` is made from has changed since"))
    })
}

/// Names what a packet's evidence depends on and two plans state differently.
fn redefined(before: &Plan, now: &Plan, id: &PacketId) -> Option<String> {
    let (Some(old), Some(new)) = (before.packets.get(id), now.packets.get(id)) else {
        return Some(format!("packet {id}"));
    };
    let (old_commands, new_commands): (Vec<_>, Vec<_>) = (before.commands(old).collect(), now.commands(new).collect());
    if old_commands != new_commands {
        let changed = new_commands.iter().find(|command| !old_commands.contains(command));
        return Some(changed.map_or("a command was taken away".into(), |command| format!("command `{}`", command.id)));
    }
    let judged = |plan: &Plan, id: &Name| {
        plan.quarantine.iter().filter(|entry| entry.command == *id).cloned().collect::<Vec<_>>()
    };
    if let Some(command) = new_commands.iter().find(|command| judged(before, &command.id) != judged(now, &command.id)) {
        return Some(format!("the quarantine of command `{}`", command.id));
    }
    if old.contract != new.contract {
        return Some("what the packet promises".into());
    }
    let (old_built, new_built): (Vec<_>, Vec<_>) = (before.released(old).collect(), now.released(new).collect());
    if old_built != new_built {
        return Some("an image of the release".into());
    }
    let (old, new) = (before.references(old), now.references(new));
    if let Some(name) = new.images.iter().find(|name| before.images.get(name) != now.images.get(name)) {
        return Some(format!("image `{name}`"));
    }
    if let Some(name) = new.frozen.iter().find(|name| before.frozen.get(name) != now.frozen.get(name)) {
        return Some(format!("frozen input `{name}`"));
    }
    if now.packets.get(id).is_some_and(|packet| now.wants_git(packet)) && before.tags != now.tags {
        return Some("the tags of the repository that its commands see".into());
    }
    (old != new).then(|| "what its commands use".into())
}

/// Says why the lock of an image that the plan builds does not hold: it is not the one of its definition, or there is no definition.
/// A definition may lie outside of the source tree, whose root then says nothing of it.
pub(crate) fn stale_lock(workspace: &Workspace, name: &Name, isa: &str) -> Option<String> {
    let ImageSource::Build { definition, .. } = workspace.plan.images.get(name)? else { return None };
    let platform = ImagePlatform::of_isa(isa)?;
    let look = || {
        let (folder, image) = ImageFolder::of_definition(&workspace.folder.join(definition), platform)?;
        let folder = folder.read_from(&workspace.files);
        folder.lock(&folder.compose(&image)?)
    };
    match look() {
        Ok(_) => None,
        Err(ImageError::StaleLock { reason, .. }) => Some(reason),
        Err(error) => Some(error.to_string()),
    }
}

/// Gives the digest of the lock that an image of the plan has now.
pub(crate) fn image_lock(workspace: &Workspace, name: &Name, isa: &str) -> Option<Digest> {
    let platform = ImagePlatform::of_isa(isa)?;
    let path = match workspace.plan.images.get(name)? {
        ImageSource::Build { definition, .. } => {
            let (folder, image) = ImageFolder::of_definition(&workspace.folder.join(definition), platform).ok()?;
            folder.lock_path(&image)
        }
        ImageSource::Pull { .. } => pulled::lock_path(&workspace.folder, platform, name),
    };
    digest_of(&workspace.files, &path)
}

/// Gives the digest of a file; none when it cannot be read.
pub(crate) fn digest_of(files: &PlanFiles, path: &std::path::Path) -> Option<Digest> {
    files.read(path).ok().map(|bytes| Digest::of(&bytes))
}
