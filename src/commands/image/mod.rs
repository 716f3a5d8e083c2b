//! `rcrepro image …`: one file per subcommand.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use self::validate::ValidationTarget;
use crate::context::{Context, set_aside};
use crate::exit::Exit;
use crate::failure::Failure;
use rcrepro_app::machine::config::package_mirrors;
use rcrepro_app::toolchain::ImageContext;
use rcrepro_app::toolchain::folder::ImageFolder;
use rcrepro_app::toolchain::lock::request::LockRequest;
use rcrepro_app::workspace::Workspace;
use rcrepro_arguments::{ImageCommand, StagingName};
use rcrepro_model::content::name::Name;
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::plan::ImageSource;
use rcrepro_model::text::unknown::UnknownName;
use rcrepro_report::progress::images::ImageProgress;
use rcrepro_store::fs::FsStore;

mod build;
mod lock;
mod ls;
mod published;
mod pull;
mod push;
mod sbom;
mod table;
mod validate;

/// Works on the `images/` and `lockfiles/images/` that the plan builds from, or on the folder's own without a plan.
pub async fn image(context: &Context, platform: Option<ImagePlatform>, command: ImageCommand) -> Result<Exit, Failure> {
    let here = platform.or_else(ImagePlatform::host).ok_or_else(|| {
        let hint = Some("name one: --platform linux/amd64".to_owned());
        Failure::plain(Exit::Usage, "no image can be for this machine's architecture", hint)
    })?;
    let images = PlanImages::find(context, here)?;
    let all = |names: Vec<String>| names.into_iter().map(|name| images.definition(name)).collect::<Result<Vec<_>, _>>();
    let folder = &images.folder;
    match command {
        ImageCommand::Build { names, load, output } => {
            let output = output.map(|path| context.path(&path));
            build::build(context, folder, &all(names)?, load, output.as_deref()).await
        }
        ImageCommand::Lock { names, update, update_all, check } => {
            let (directory, names) = (&*context.directory, &all(names)?);
            let request = LockRequest { directory, folder, platform, names, update: &update, all: update_all };
            if check { lock::check(context, &request) } else { lock::lock(context, &request).await }
        }
        ImageCommand::Ls => ls::ls(context, folder, platform).await,
        ImageCommand::Validate { targets, loaded, release, toolchain } => {
            let targets = images.targets(context, targets, Meant { loaded, release, toolchain })?;
            validate::validate(context, folder, &targets, loaded).await
        }
        ImageCommand::Sbom { name, format, output, release, toolchain } => {
            match images.released(&name, release, toolchain)? {
                Some(name) => sbom::released(context, platform, &name, format, output.as_deref()).await,
                None => sbom::sbom(context, folder, &images.definition(name)?, format, output.as_deref()),
            }
        }
        ImageCommand::Push { name, to, release, toolchain } => match images.released(&name, release, toolchain)? {
            Some(name) => published::push(context, platform, &name, &to).await,
            None => push::push(context, folder, &images.definition(name)?, &to).await,
        },
        ImageCommand::Compare { reference, name } => {
            published::compare(context, platform, &reference, name.as_ref()).await
        }
        ImageCommand::Delta { name, since } => published::delta(context, platform, &name, since.as_deref()).await,
        ImageCommand::Pull { reference, load } => pull::pull(context, folder, &reference, load).await,
    }
}

/// Which targets the flags of a validation mean.
#[derive(Clone, Copy)]
struct Meant {
    /// They are in the engine.
    loaded: bool,
    /// They are images of the release.
    release: bool,
    /// They are toolchain images.
    toolchain: bool,
}

/// The images that a name can mean.
struct PlanImages {
    /// The folder of the definitions that the plan's images are built from; the directory itself where there is no plan, or it
    /// builds none.
    folder: ImageFolder,
    /// The definition's name of each image that the plan calls otherwise.
    named: BTreeMap<String, String>,
    /// What the plan names.
    planned: BTreeSet<String>,
    /// The release's own images.
    released: BTreeSet<Name>,
}

impl PlanImages {
    /// Gives the definition's name of an image.
    ///
    /// # Errors
    /// [`UnknownName`] for one that neither the plan nor a definition names.
    fn definition(&self, name: String) -> Result<String, UnknownName> {
        let known = self.known();
        if !known.contains(&name) {
            let place = if self.planned.is_empty() { "`images/`" } else { "the plan" };
            return Err(UnknownName::new(place, "image", name, known));
        }
        Ok(self.named.get(&name).cloned().unwrap_or(name))
    }

    /// Tells what each target of a validation is; none named and `release` means all images of the release.
    ///
    /// # Errors
    /// As [`Self::released`] and [`Self::definition`]; a toolchain target may be a file, or with `loaded` an image that only the engine
    /// knows.
    fn targets(&self, context: &Context, targets: Vec<String>, meant: Meant) -> Result<Vec<ValidationTarget>, Failure> {
        if targets.is_empty() && meant.release {
            return Ok(self.released.iter().cloned().map(ValidationTarget::Release).collect());
        }
        let target = |target: String| {
            let is_released = meant.release || self.released.iter().any(|released| released.as_str() == target);
            let is_file = context.path(Path::new(&target)).exists();
            match (meant.loaded || is_file && !is_released, meant.toolchain || self.released.is_empty()) {
                (true, _) => {}
                (false, true) if is_file => {}
                (false, true) if !meant.release => drop(self.definition(target.clone())?),
                (false, _) => {
                    if let Some(name) = self.released(&target, meant.release, meant.toolchain)? {
                        return Ok(ValidationTarget::Release(name));
                    }
                }
            }
            Ok(ValidationTarget::Toolchain(target))
        };
        targets.into_iter().map(target).collect()
    }

    /// Lists the names of toolchain images.
    fn known(&self) -> BTreeSet<String> {
        let defined = self.folder.names().unwrap_or_default().into_iter().map(|name| name.to_string());
        self.planned.iter().cloned().chain(defined).collect()
    }

    /// Gives the image of the release that a name means; none where it is for a toolchain image. `release` and `toolchain` say
    /// which one is meant.
    ///
    /// # Errors
    /// A [`Failure`] for a name that both have, or neither.
    fn released(&self, name: &str, release: bool, toolchain: bool) -> Result<Option<Name>, Failure> {
        let released = self.released.iter().find(|released| released.as_str() == name);
        let known = self.known();
        match (released, known.contains(name)) {
            _ if toolchain => Ok(None),
            (Some(_), true) if !release => {
                let message = format!("`{name}` is both a toolchain image and an image of the release");
                let hint = "say which one is meant, by --release or --toolchain".to_owned();
                Err(Failure::plain(Exit::Usage, message, Some(hint)))
            }
            (Some(released), _) => Ok(Some(released.clone())),
            (None, true) if !release => Ok(None),
            (None, _) => {
                let toolchain = if release { BTreeSet::new() } else { known };
                let all = self.released.iter().map(ToString::to_string).chain(toolchain);
                let kind = if release { "release image" } else { "image" };
                Err(UnknownName::new("the plan", kind, name, all).into())
            }
        }
    }

    fn find(context: &Context, platform: ImagePlatform) -> Result<Self, Failure> {
        // A plan with a mistake keeps nobody from making a lock that mends it.
        let plan = Workspace::open(&context.directory).map(|workspace| workspace.plan);
        let (images, released) = plan.map(|plan| (plan.images, plan.release_images)).unwrap_or_default();
        let planned = images.keys().map(ToString::to_string).collect();
        let released = released.into_keys().collect();
        let (folder, named) = of_plan(context, platform, images)?;
        Ok(Self { folder, named, planned, released })
    }
}

/// Gives the folder, and the names that differ.
fn of_plan(
    context: &Context,
    platform: ImagePlatform,
    images: BTreeMap<Name, ImageSource>,
) -> Result<(ImageFolder, BTreeMap<String, String>), Failure> {
    let mut folders: BTreeMap<PathBuf, ImageFolder> = BTreeMap::new();
    let mut named = BTreeMap::new();
    for (name, source) in images {
        let ImageSource::Build { definition, .. } = source else { continue };
        let path = context.directory.join(definition);
        let Ok((folder, image)) = ImageFolder::of_definition(&path, platform) else { continue };
        let root = path.parent().and_then(Path::parent).unwrap_or(&path);
        let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        folders.insert(root.clone(), ImageFolder::new(root, folder.platform()));
        named.insert(name.to_string(), image.to_string());
    }
    let own = ImageFolder::new(&context.directory, platform);
    let here = context.directory.canonicalize().unwrap_or_else(|_| context.directory.clone());
    let folder = match folders.len() {
        0 => own,
        _ if folders.contains_key(&here) => own,
        1 => folders.into_values().next().unwrap_or(own),
        _ => {
            let all: Vec<String> = folders.keys().map(|root| root.display().to_string()).collect();
            let message = format!("the plan's images are defined in several folders: {}", all.join(", "));
            let hint = Some(format!("name one of them: rcrepro -C {} image …", all[0]));
            return Err(Failure::plain(Exit::Usage, message, hint));
        }
    };
    named.retain(|name, _| !name.parse().is_ok_and(|name| folder.definition_path(&name).exists()));
    Ok((folder, named))
}

/// Does work on images: with an engine where it is needed, without one where it is not.
async fn with_images<T>(
    context: &Context,
    engine: bool,
    work: impl AsyncFnOnce(&ImageContext<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let progress = ImageProgress::new(context.json);
    let on_event = |event| progress.hear(&event);
    if engine {
        return context
            .with_session(StagingName::Auto, async |session, cancel| {
                let store = session.store.clone();
                let mirrors = package_mirrors(&session.config);
                let (engine, image_host) = (Some(&*session.engine), session.image_host.as_deref());
                let cancel = cancel.clone();
                work(&ImageContext { store, mirrors, engine, image_host, cancel, on_event: &on_event }).await
            })
            .await;
    }
    let store = Arc::new(FsStore::open_mending(&context.store)?);
    let cancel = CancellationToken::new();
    let mirrors = package_mirrors(&context.config()?);
    let (engine, image_host) = (None, None);
    let images = ImageContext { store: store.clone(), mirrors, engine, image_host, cancel, on_event: &on_event };
    let result = work(&images).await;
    set_aside(&store);
    result
}
