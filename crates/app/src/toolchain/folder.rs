//! Definitions, keys and locks in their folders.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::ImageError;
use crate::workspace::attributes::write_record;
use crate::workspace::plan_files::PlanFiles;
use rcrepro_format::images::{image_toml, lock_toml};
use rcrepro_images::packages::PackageError;
use rcrepro_images::packages::debian::key::TrustedKey;
use rcrepro_model::image::composition::Composition;
use rcrepro_model::image::definition::{DebSource, ImageDefinition, ImageName, ImagePlatform};
use rcrepro_model::image::fingerprint::Fingerprint;
use rcrepro_model::image::lock::ImageLock;

/// A folder with `images/NAME.toml`, `images/keys/FINGERPRINT.asc` and `lockfiles/images/ARCHITECTURE/NAME.lock`, for one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFolder {
    root: PathBuf,
    platform: ImagePlatform,
    files: PlanFiles,
}

impl ImageFolder {
    /// Takes the folder above `images` and `lockfiles` as it lies in the working copy.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>, platform: ImagePlatform) -> Self {
        Self { root: root.into(), platform, files: PlanFiles::WorkingCopy }
    }

    /// Reads the files of the folder from elsewhere; locks are written to the working copy in any case.
    #[must_use]
    pub fn read_from(self, files: &PlanFiles) -> Self {
        Self { files: files.clone(), ..self }
    }

    /// Gives the platform.
    #[must_use]
    pub const fn platform(&self) -> ImagePlatform {
        self.platform
    }

    /// Returns the same folder for another platform.
    #[must_use]
    pub fn on(&self, platform: ImagePlatform) -> Self {
        Self { platform, ..self.clone() }
    }

    /// Takes a definition's path apart: `DIR/images/NAME.toml` is the image NAME of the folder DIR.
    ///
    /// # Errors
    /// [`ImageError::Path`] or [`ImageError::Definition`] for a bad name.
    pub fn of_definition(path: &Path, platform: ImagePlatform) -> Result<(Self, ImageName), ImageError> {
        let wrong = || ImageError::Path { path: path.to_owned() };
        let stem = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".toml"));
        let images = path.parent().filter(|folder| folder.file_name().is_some_and(|name| name == "images"));
        let root = images.and_then(Path::parent).ok_or_else(wrong)?;
        let root = if root.as_os_str().is_empty() { Path::new(".") } else { root };
        Ok((Self::new(root, platform), stem.ok_or_else(wrong)?.parse()?))
    }

    /// Gives a definition's path.
    #[must_use]
    pub fn definition_path(&self, name: &ImageName) -> PathBuf {
        self.root.join("images").join(format!("{name}.toml"))
    }

    /// Gives a lock's path.
    #[must_use]
    pub fn lock_path(&self, name: &ImageName) -> PathBuf {
        self.root.join("lockfiles/images").join(self.platform.architecture()).join(format!("{name}.lock"))
    }

    /// Gives the path of a key that definitions list.
    #[must_use]
    pub fn key_path(&self, fingerprint: Fingerprint) -> PathBuf {
        self.root.join("images/keys").join(format!("{fingerprint}.asc"))
    }

    /// Reads the keys that a definition lists, all of which have to be there and good.
    ///
    /// # Errors
    /// [`ImageError::Key`] for a missing file, [`ImageError::Package`] for one that is not the key that it is named after.
    pub fn keys(&self, source: &DebSource) -> Result<Vec<TrustedKey>, ImageError> {
        let read = |fingerprint: &Fingerprint| {
            let (fingerprint, path) = (*fingerprint, self.key_path(*fingerprint));
            let file = self.files.read(&path).map_err(|source| ImageError::Key { fingerprint, path, source })?;
            Ok(TrustedKey::read(fingerprint, &file).map_err(PackageError::Debian)?)
        };
        source.signed_by.iter().map(read).collect()
    }

    /// Tells whether there is a folder of definitions at all.
    #[must_use]
    pub fn has_definitions(&self) -> bool {
        self.files.names(&self.root.join("images")).is_ok_and(|names| !names.is_empty())
    }

    /// Lists the images that have a definition, in the order of their names.
    ///
    /// # Errors
    /// [`ImageError::File`] or a bad name.
    pub fn names(&self) -> Result<Vec<ImageName>, ImageError> {
        let folder = self.root.join("images");
        let failed = |source| ImageError::File { doing: "read", path: folder.clone(), source };
        let files = self.files.names(&folder).map_err(failed)?;
        let stems = files.iter().filter_map(|name| name.strip_suffix(".toml"));
        let mut names: Vec<ImageName> = stems.map(str::parse).collect::<Result<_, _>>()?;
        names.sort();
        Ok(names)
    }

    /// Reads the names of images as a user gives them; all that have a definition where none is given.
    ///
    /// # Errors
    /// [`ImageError::Definition`] for a bad name, and as [`Self::names`].
    pub fn chosen(&self, names: &[String]) -> Result<Vec<ImageName>, ImageError> {
        if names.is_empty() {
            return self.names();
        }
        names.iter().map(|name| name.parse().map_err(ImageError::Definition)).collect()
    }

    /// Gives the platforms that an image is for.
    ///
    /// # Errors
    /// As [`Self::compose`].
    pub fn platforms(&self, name: &ImageName) -> Result<BTreeSet<ImagePlatform>, ImageError> {
        Ok(Composition::platforms(name, &self.definitions(name)?)?)
    }

    /// Reads an image's definition and those that it is composed of.
    ///
    /// # Errors
    /// [`ImageError::File`], [`ImageError::Toml`] or [`ImageError::Definition`].
    pub fn compose(&self, name: &ImageName) -> Result<Composition, ImageError> {
        Ok(Composition::of(name, &self.definitions(name)?, self.platform)?)
    }

    fn definitions(&self, name: &ImageName) -> Result<BTreeMap<ImageName, ImageDefinition>, ImageError> {
        let mut definitions = BTreeMap::new();
        let mut wanted = vec![name.clone()];
        while let Some(next) = wanted.pop() {
            if let Entry::Vacant(place) = definitions.entry(next) {
                let definition = self.definition(place.key())?;
                wanted.extend(definition.from.iter().cloned());
                place.insert(definition);
            }
        }
        Ok(definitions)
    }

    /// Reads one definition, without those that it is composed of.
    ///
    /// # Errors
    /// [`ImageError::File`] or [`ImageError::Toml`].
    pub(crate) fn definition(&self, name: &ImageName) -> Result<ImageDefinition, ImageError> {
        let path = self.definition_path(name);
        let text = self.read(&path)?;
        image_toml::parse(name.clone(), &text).map_err(|mistake| ImageError::Toml { path, mistake })
    }

    /// Reads a lock and checks that it was made from the definition as it is now.
    ///
    /// # Errors
    /// [`ImageError::StaleLock`] when there is none or it is older than the definition, [`ImageError::File`],
    /// [`ImageError::Toml`].
    pub fn lock(&self, composition: &Composition) -> Result<ImageLock, ImageError> {
        let name = &composition.name;
        let path = self.lock_path(name);
        let stale = |reason: String| ImageError::StaleLock { name: name.clone(), path: path.clone(), reason };
        if !self.files.has(&path) {
            return Err(stale(self.files.absent(&path)));
        }
        let lock = self.read_lock(name)?;
        let found = image_toml::checksum(composition);
        if lock.definition != found {
            let locked = lock.definition;
            return Err(stale(format!("it was made from a definition of checksum {locked}, now it is {found}")));
        }
        let layers = composition.layers().map(|part| &part.name);
        if !lock.layers.iter().map(|layer| &layer.name).eq(layers) {
            return Err(stale("its layers are not those of the definition".to_owned()));
        }
        Ok(lock)
    }

    /// Reads a lock, fresh or stale.
    ///
    /// # Errors
    /// [`ImageError::File`] or [`ImageError::Toml`].
    pub fn read_lock(&self, name: &ImageName) -> Result<ImageLock, ImageError> {
        let path = self.lock_path(name);
        lock_toml::parse(name.clone(), &self.read(&path)?).map_err(|mistake| ImageError::Toml { path, mistake })
    }

    /// Writes a lock whole or not at all.
    ///
    /// # Errors
    /// [`ImageError::File`].
    pub fn write_lock(&self, lock: &ImageLock) -> Result<(), ImageError> {
        let path = self.lock_path(&lock.name);
        let failed = |source| ImageError::File { doing: "write", path: path.clone(), source };
        write_record(&path, lock_toml::write(lock).as_bytes()).map_err(failed)
    }

    fn read(&self, path: &Path) -> Result<String, ImageError> {
        let failed = |source| ImageError::File { doing: "read", path: path.to_owned(), source };
        self.files.read_to_string(path).map_err(failed)
    }
}
