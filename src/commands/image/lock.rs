//! `rcrepro image lock`.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::{chosen, with_images};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{print, say};
use rcrepro_app::machine::config::registry_settings;
use rcrepro_app::toolchain::folder::ImageFolder;
use rcrepro_app::toolchain::in_engine::{pin, pulled};
use rcrepro_app::toolchain::{build, debian, lock, update};
use rcrepro_app::workspace::plan_files::PlanFiles;
use rcrepro_images::registry::Registry;
use rcrepro_model::content::name::Name;
use rcrepro_model::image::definition::{ImageName, Platform};
use rcrepro_report::image_changes;
use rcrepro_store::BlobStore;
use rcrepro_store::fs::FsStore;

/// Is what is to be locked.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// One platform only; none for each that an image is for.
    pub platform: Option<Platform>,
    /// The images; empty for all.
    pub names: &'a [String],
    /// The packages to raise.
    pub update: &'a [String],
    /// Whether everything is resolved anew.
    pub all: bool,
}

impl Wanted<'_> {
    fn names(&self, name: &Name) -> bool {
        self.names.is_empty() || self.names.iter().any(|one| one == name.as_str())
    }
}

/// Makes the locks fresh, lowest first, and prints what changed.
pub async fn lock(context: &Context, folder: &ImageFolder, wanted: Wanted<'_>) -> Result<Exit, Failure> {
    let pulls = pin::pulls(&context.directory)?;
    let pulls: Vec<_> = pulls.into_iter().map(|(name, _)| name).filter(|name| wanted.names(name)).collect();
    let is_pull = |name: &str| pulls.iter().any(|pull| pull.as_str() == name);
    let is_defined = |name: &str| name.parse().is_ok_and(|name| folder.definition_path(&name).exists());
    let own: Vec<String> = wanted.names.iter().filter(|name| !is_pull(name) || is_defined(name)).cloned().collect();
    // A plan that only pulls needs no definitions.
    let names = match (own.is_empty() && !wanted.names.is_empty()) || (!folder.has_definitions() && !pulls.is_empty()) {
        true => Vec::new(),
        false => in_order(folder, &own)?,
    };
    pin_all(context, folder.platform(), &pulls, wanted).await?;
    let mut engine = false;
    for name in &names {
        engine |= folder.compose(name)?.own().layer.program.is_some();
    }
    with_images(context, engine, async |images| {
        let mut anew = BTreeSet::new();
        for package in wanted.update {
            let mut known = is_pull(package);
            for name in &names {
                // A package may be for one platform only.
                for platform in folder.platforms(name)? {
                    let folder = folder.on(platform);
                    if update::concerns(&folder, name, package)? {
                        known = true;
                        anew.insert(name);
                        update::raise(images, &folder, name, package).await?;
                    }
                }
            }
            if !known {
                let hint = Some("rcrepro image sbom NAME lists an image's packages".to_owned());
                let message =
                    format!("no image has a package `{package}`: expected one that a definition or lock names");
                return Err(Failure::plain(Exit::Usage, message, hint));
            }
        }
        for name in &names {
            for platform in platforms(folder, name, wanted.platform)? {
                let folder = folder.on(platform);
                let anew = wanted.all || anew.contains(name);
                let (before, after) = lock::refresh(images, &folder, name, anew).await?;
                let changes = image_changes::markdown(before.as_ref(), &after);
                let state = if changes.is_empty() { "unchanged" } else { "locked" };
                say!("{state:>10}  {}", folder.lock_path(name).display());
                print(changes)?;
            }
        }
        Ok(Exit::Success)
    })
    .await
}

/// Pins what the plan pulls.
async fn pin_all(context: &Context, here: Platform, pulls: &[Name], wanted: Wanted<'_>) -> Result<(), Failure> {
    if pulls.is_empty() {
        return Ok(());
    }
    let registry = Registry::new(registry_settings(&context.config()?))?;
    let store: Arc<dyn BlobStore> = Arc::new(FsStore::open(&context.store)?);
    let platform = wanted.platform.unwrap_or(here);
    for name in pulls {
        let anew = wanted.all || wanted.update.iter().any(|package| package == name.as_str());
        let (before, after) = pin::pin(&registry, &store, &context.directory, name, platform, anew).await?;
        let path = pulled::lock_path(&context.directory, platform, name);
        let state = if before.as_ref() == Some(&after) { "unchanged" } else { "locked" };
        say!("{state:>10}  {}", path.display());
        print(image_changes::pulled_markdown(name, before.as_ref(), &after))?;
    }
    Ok(())
}

/// Says of every lock whether it is fresh, and proves Debian packages by their signed index where the store has it; nothing
/// is changed and no network asked.
pub fn check(
    context: &Context,
    folder: &ImageFolder,
    platform: Option<Platform>,
    names: &[String],
) -> Result<Exit, Failure> {
    let store = FsStore::open(&context.store)?;
    let mut exit = Exit::Success;
    let mut say = |state: Result<&str, Failure>, path: &Path| match state {
        Ok(state) => print(format!("{state}  {}\n", path.display())),
        Err(failure) => {
            // A lock that was tampered with outranks one that is stale.
            let reported = crate::ending::report(&failure, false);
            exit = if exit == Exit::Tampered { exit } else { reported };
            Ok(())
        }
    };
    let pulls = pin::pulls(&context.directory)?;
    let here = platform.unwrap_or(folder.platform());
    for (name, reference) in &pulls {
        if names.is_empty() || names.iter().any(|one| one == name.as_str()) {
            let checked =
                pulled::locked(&PlanFiles::WorkingCopy, &context.directory, here, name, reference).map(|_| "fresh");
            say(checked.map_err(Failure::from), &pulled::lock_path(&context.directory, here, name))?;
        }
    }
    let is_pull = |name: &String| pulls.iter().any(|(pull, _)| pull.as_str() == name);
    let own: Vec<_> = names.iter().filter(|name| !is_pull(name)).cloned().collect();
    if (own.is_empty() && !names.is_empty()) || (!folder.has_definitions() && !pulls.is_empty()) {
        return Ok(exit);
    }
    for name in in_order(folder, &own)? {
        for platform in platforms(folder, &name, platform)? {
            let folder = folder.on(platform);
            let checked = build::locked(&folder, &name).and_then(|lock| debian::recheck(&folder, &lock, &store));
            let checked = checked.map(|proved| if proved { "fresh, proved by its signed index" } else { "fresh" });
            say(checked.map_err(Failure::from), &folder.lock_path(&name))?;
        }
    }
    Ok(exit)
}

fn in_order(folder: &ImageFolder, names: &[String]) -> Result<Vec<ImageName>, Failure> {
    let mut order = lock::order(folder)?;
    if !names.is_empty() {
        let wanted = chosen(folder, names)?;
        // A name without a definition says so when it is read.
        let unknown: Vec<_> = wanted.iter().filter(|name| !order.contains(name)).cloned().collect();
        order.retain(|name| wanted.contains(name));
        order.extend(unknown);
    }
    Ok(order)
}

fn platforms(
    folder: &ImageFolder,
    name: &ImageName,
    only: Option<Platform>,
) -> Result<impl Iterator<Item = Platform>, Failure> {
    let platforms = folder.platforms(name)?;
    Ok(platforms.into_iter().filter(move |platform| only.is_none_or(|only| only == *platform)))
}
