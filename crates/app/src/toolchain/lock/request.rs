//! `rcrepro image lock`: which images a request means, which of their packages are raised, and whether their locks are fresh.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::debian::recheck;
use super::order::order;
use super::{refresh, update};
use crate::toolchain::build::locked::locked;
use crate::toolchain::folder::ImageFolder;
use crate::toolchain::in_engine::{ImagesError, pin, pulled};
use crate::toolchain::{ImageContext, ImageError};
use crate::workspace::plan_files::PlanFiles;
use rcrepro_images::registry::Registry;
use rcrepro_model::content::name::Name;
use rcrepro_model::image::definition::{ImageName, ImagePlatform};
use rcrepro_model::image::lock::ImageLock;
use rcrepro_model::image::pulled::PulledLock;
use rcrepro_model::image::reference::ImageReference;
use rcrepro_model::text::hint::Hint;
use rcrepro_store::BlobStore;

/// The locks that are to be made fresh, or checked.
#[derive(Clone, Copy)]
pub struct LockRequest<'a> {
    /// The plan's folder.
    pub directory: &'a Path,
    /// The folder of the definitions.
    pub folder: &'a ImageFolder,
    /// One platform only; none for each that an image is for.
    pub platform: Option<ImagePlatform>,
    /// The images; empty for all.
    pub names: &'a [String],
    /// The packages to raise.
    pub update: &'a [String],
    /// Whether everything is resolved anew.
    pub all: bool,
}

/// Why images could not be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockRequestError {
    /// An image that is built could not be locked.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// An image that is pulled could not be locked.
    #[error(transparent)]
    Images(#[from] ImagesError),
    /// A package to raise is in no image.
    #[error("no image has a package `{package}`: expected one that a definition or lock names")]
    NoPackage {
        /// The package, as it was asked for.
        package: String,
    },
}

impl Hint for LockRequestError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Image(error) => error.hint(),
            Self::Images(error) => error.hint(),
            Self::NoPackage { .. } => Some("rcrepro image sbom NAME lists an image's packages".to_owned()),
        }
    }
}

/// A lock that was made fresh.
pub struct Relocked<N, L> {
    /// The image's name.
    pub name: N,
    /// The lock file.
    pub path: PathBuf,
    /// What the file held before, if it could be read.
    pub before: Option<L>,
    /// What it holds now.
    pub after: L,
}

impl LockRequest<'_> {
    /// Finds the requested images that the plan pulls, with their references.
    ///
    /// # Errors
    /// [`ImagesError::Plan`] when the plan cannot be read so far.
    pub fn pulled(&self) -> Result<Vec<(Name, ImageReference)>, LockRequestError> {
        let named = |name: &Name| self.names.is_empty() || self.names.iter().any(|one| one == name.as_str());
        Ok(pin::pulls(self.directory)?.into_iter().filter(|(name, _)| named(name)).collect())
    }

    /// Finds the requested images that have a definition, in an order in which they can be locked. A name that is neither pulled
    /// nor defined is among them, so that reading its definition fails.
    ///
    /// # Errors
    /// Whatever reading the definitions gives.
    pub fn defined(&self, pulled: &[(Name, ImageReference)]) -> Result<Vec<ImageName>, LockRequestError> {
        let is_defined = |name: &str| name.parse().is_ok_and(|name| self.folder.definition_path(&name).exists());
        let own = self.names.iter().filter(|name| !holds(pulled, name) || is_defined(name));
        let own: Vec<String> = own.cloned().collect();
        // A plan that only pulls needs no definitions.
        let only_pulls = !self.folder.has_definitions() && !pulled.is_empty();
        if only_pulls || (own.is_empty() && !self.names.is_empty()) {
            return Ok(Vec::new());
        }
        let mut names = order(self.folder)?;
        if !own.is_empty() {
            let chosen = self.folder.chosen(&own)?;
            let unknown: Vec<_> = chosen.iter().filter(|name| !names.contains(name)).cloned().collect();
            names.retain(|name| chosen.contains(name));
            names.extend(unknown);
        }
        Ok(names)
    }

    /// Pins what the plan pulls, and reports each lock as soon as it is written.
    ///
    /// # Errors
    /// The first [`ImagesError`], or what `report` fails with.
    pub async fn pin<E: From<LockRequestError>>(
        &self,
        pulled: &[(Name, ImageReference)],
        registry: &Registry,
        store: &Arc<dyn BlobStore>,
        mut report: impl FnMut(Relocked<Name, PulledLock>) -> Result<(), E>,
    ) -> Result<(), E> {
        let platform = self.here();
        for (name, _) in pulled {
            let anew = self.all || self.update.iter().any(|package| package == name.as_str());
            let pinned = pin::pin(registry, store, self.directory, name, platform, anew).await;
            let (before, after) = pinned.map_err(LockRequestError::from)?;
            let path = pulled::lock_path(self.directory, platform, name);
            report(Relocked { name: name.clone(), path, before, after })?;
        }
        Ok(())
    }

    /// Tells whether one of the images has a program, which an engine may have to compile.
    ///
    /// # Errors
    /// Whatever reading the definitions gives.
    pub fn needs_engine(&self, defined: &[ImageName]) -> Result<bool, LockRequestError> {
        let mut engine = false;
        for name in defined {
            engine |= self.folder.compose(name)?.own().layer.program.is_some();
        }
        Ok(engine)
    }

    /// Raises the packages in the definitions, makes the locks fresh in the given order, and reports each as soon as it is written.
    ///
    /// # Errors
    /// [`LockRequestError`], or what `report` fails with.
    pub async fn lock<E: From<LockRequestError>>(
        &self,
        images: &ImageContext<'_>,
        pulled: &[(Name, ImageReference)],
        defined: &[ImageName],
        mut report: impl FnMut(Relocked<ImageName, ImageLock>) -> Result<(), E>,
    ) -> Result<(), E> {
        let raised = self.raise(images, pulled, defined).await?;
        for name in defined {
            for platform in self.platforms(name)? {
                let folder = self.folder.on(platform);
                let anew = self.all || raised.contains(name);
                let fresh = refresh(images, &folder, name, anew).await;
                let (before, after) = fresh.map_err(LockRequestError::from)?;
                report(Relocked { name: name.clone(), path: folder.lock_path(name), before, after })?;
            }
        }
        Ok(())
    }

    /// Raises packages in the definitions that name them, and gives the images that are resolved anew because of it.
    async fn raise(
        &self,
        images: &ImageContext<'_>,
        pulled: &[(Name, ImageReference)],
        defined: &[ImageName],
    ) -> Result<BTreeSet<ImageName>, LockRequestError> {
        let mut raised = BTreeSet::new();
        for package in self.update {
            let mut known = holds(pulled, package);
            for name in defined {
                // A package may be for one platform only.
                for platform in self.folder.platforms(name)? {
                    let folder = self.folder.on(platform);
                    if update::concerns(&folder, name, package)? {
                        known = true;
                        raised.insert(name.clone());
                        update::raise(images, &folder, name, package).await?;
                    }
                }
            }
            if !known {
                return Err(LockRequestError::NoPackage { package: package.clone() });
            }
        }
        Ok(raised)
    }

    /// Reports of every lock why it is stale, or that it is fresh, and then whether its Debian packages were proved by their signed
    /// index, for which the store has to have it. Nothing is changed, and nothing is fetched.
    ///
    /// # Errors
    /// Whatever reading plan and definitions gives, or what `report` fails with.
    pub fn check<E: From<LockRequestError>>(
        &self,
        store: &dyn BlobStore,
        mut report: impl FnMut(&Path, Result<bool, LockRequestError>) -> Result<(), E>,
    ) -> Result<(), E> {
        let (here, pulled) = (self.here(), self.pulled()?);
        for (name, reference) in &pulled {
            let checked = pulled::locked(&PlanFiles::WorkingCopy, self.directory, here, name, reference);
            report(&pulled::lock_path(self.directory, here, name), checked.map(|_| false).map_err(Into::into))?;
        }
        for name in self.defined(&pulled)? {
            for platform in self.platforms(&name)? {
                let folder = self.folder.on(platform);
                let checked = locked(&folder, &name).and_then(|lock| recheck(&folder, &lock, store));
                report(&folder.lock_path(&name), checked.map_err(Into::into))?;
            }
        }
        Ok(())
    }

    fn here(&self) -> ImagePlatform {
        self.platform.unwrap_or(self.folder.platform())
    }

    fn platforms(&self, name: &ImageName) -> Result<impl Iterator<Item = ImagePlatform>, LockRequestError> {
        let (platforms, only) = (self.folder.platforms(name)?, self.platform);
        Ok(platforms.into_iter().filter(move |platform| only.is_none_or(|only| only == *platform)))
    }
}

fn holds(pulled: &[(Name, ImageReference)], name: &str) -> bool {
    pulled.iter().any(|(pull, _)| pull.as_str() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PULL: &str = "[images.go]\npull = \"registry.example/go:1\"\n";

    /// Gives the names of the images that are pulled and that are built, of a folder with these definitions.
    fn requested(definitions: &[&str], names: &[&str]) -> (Vec<String>, Vec<String>) {
        let directory = tempfile::tempdir().expect("a folder");
        std::fs::write(directory.path().join("rcrepro.toml"), PULL).expect("written");
        for name in definitions {
            std::fs::create_dir_all(directory.path().join("images")).expect("a folder");
            let text = "version = 1\nplatforms = [\"linux/amd64\"]\nsource_date_epoch = 0\n\
                config = { env = {}, cmd = [] }\n[files]\na = \"\"\n";
            std::fs::write(directory.path().join(format!("images/{name}.toml")), text).expect("written");
        }
        let folder = ImageFolder::new(directory.path(), "linux/amd64".parse().expect("a platform"));
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let request = LockRequest {
            directory: directory.path(),
            folder: &folder,
            platform: None,
            names: &names,
            update: &[],
            all: false,
        };
        let pulled = request.pulled().expect("a plan");
        let defined = request.defined(&pulled).expect("definitions");
        (
            pulled.into_iter().map(|(name, _)| name.to_string()).collect(),
            defined.into_iter().map(|name| name.to_string()).collect(),
        )
    }

    fn strings(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_request_without_names_means_everything_that_is_there() {
        assert_eq!(requested(&[], &[]), (strings(&["go"]), strings(&[])));
        assert_eq!(requested(&["base", "tools"], &[]), (strings(&["go"]), strings(&["base", "tools"])));
    }

    #[test]
    fn a_name_may_be_pulled_and_defined() {
        assert_eq!(requested(&["base", "go"], &["go"]), (strings(&["go"]), strings(&["go"])));
        assert_eq!(requested(&["base", "go"], &["base"]), (strings(&[]), strings(&["base"])));
    }

    #[test]
    fn a_name_without_a_definition_is_left_to_the_reader_of_definitions() {
        assert_eq!(requested(&["base"], &["nothing"]), (strings(&[]), strings(&["nothing"])));
        assert_eq!(
            requested(&[], &["nothing"]),
            (strings(&[]), strings(&["nothing"])),
            "also where nothing is defined"
        );
    }
}
