//! Debian packages as a frozen input: a repository that apt reads without a network, so that `apt-get update` and `apt-get install` of a
//! Dockerfile or a script run as they are written.
//!
//! The packages, with all that they depend on, are chosen by the signed index of the archive that an image's definition names, and each is
//! in the lock by its hash. The tree holds them in `pool/`, their list, and the configuration that `APT_CONFIG` names.

use std::time::SystemTime;

use super::{FrozenError, FrozenStep};
use crate::machine::config::package_mirrors;
use crate::toolchain::ImageError;
use crate::toolchain::folder::ImageFolder;
use rcrepro_format::plan::frozen_toml::LockedPackages;
use rcrepro_images::packages::debian::archive::{DebianArchive, choose, fetch_indexes};
use rcrepro_images::packages::debian::database::InstalledPackage;
use rcrepro_images::packages::debian::repository;
use rcrepro_images::packages::fetch::{Fetcher, Promise, WantedFile, join};
use rcrepro_images::packages::{PackageError, deb};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::tree::{TreeBuilder, TreeNode};
use rcrepro_model::image::definition::{DebSource, ImagePlatform};

impl FrozenStep<'_> {
    /// Chooses the packages by the archive's index as it is today.
    ///
    /// # Errors
    /// [`FrozenError`] when the image names no archive, its signature is refused, or it lacks a package.
    pub(super) async fn choose_packages(&self) -> Result<LockedPackages, FrozenError> {
        let (folder, source) = self.archive()?;
        let keys = folder.keys(&source).map_err(Box::new)?;
        let bases = package_mirrors(self.config).deb_bases()?;
        // A clock before 1970 can tell nothing; then nothing has expired, and everything is still to come.
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let archive = DebianArchive { bases: &bases, keys: &keys, now };
        let indexes = fetch_indexes(&source, folder.platform(), archive, self.store).await?;
        let debs = choose(&source, folder.platform(), &indexes, self.store)?;
        Ok(LockedPackages { indexes, debs })
    }

    /// Fetches what the store lacks of locked packages, and lays the repository.
    ///
    /// # Errors
    /// [`FrozenError`] when a package cannot be had as it was locked.
    pub(super) async fn repository(&self, locked: &LockedPackages) -> Result<Digest, FrozenError> {
        let mut missing = Vec::new();
        for pin in &locked.debs {
            if !self.store.contains(pin.digest)? {
                missing.push(pin);
            }
        }
        if !missing.is_empty() {
            let bases = package_mirrors(self.config).deb_bases()?;
            let wanted = missing.into_iter().map(|pin| WantedFile {
                package: pin.purl.to_string(),
                urls: bases.iter().map(|base| join(base, pin.path.as_str())).collect(),
                promise: Promise::Digest(pin.digest),
            });
            Fetcher::new()?.fetch_all(&wanted.collect::<Vec<_>>(), self.store, &|_, _| ()).await?;
        }
        let mut packages = Vec::new();
        let mut tree = TreeBuilder::default();
        for pin in &locked.debs {
            let purl = pin.purl.to_string();
            let control = deb::read_control(&purl, self.store.reader(pin.digest)?)?;
            packages.push((pin, InstalledPackage::of(&purl, control).map_err(PackageError::Debian)?));
            tree.insert(&repository::place(pin), TreeNode::File { digest: pin.digest, executable: false })?;
        }
        let at = format!("/deps/{}", self.name);
        let list = repository::list(packages.iter().map(|(pin, package)| (*pin, package)));
        let files = [
            ("Packages", list),
            ("apt.conf", repository::configuration(&at)),
            ("sources.list", repository::sources(&at)),
        ];
        for (name, text) in files {
            let digest = self.store.put(text.as_bytes())?;
            tree.insert(&name.parse()?, TreeNode::File { digest, executable: false })?;
        }
        Ok(tree.finish(&mut |_, bytes| self.store.put(&bytes).map(drop))?)
    }

    /// The archive that the image's definition names, or one that it is composed of, with the packages that are wanted of it.
    fn archive(&self) -> Result<(ImageFolder, DebSource), FrozenError> {
        let no_archive = || FrozenError::NoArchive { name: self.name.clone(), image: self.input.image.clone() };
        let definition = self.definition.ok_or_else(no_archive)?;
        let platform = ImagePlatform::of_isa(self.isa).ok_or_else(no_archive)?;
        let (folder, image) = ImageFolder::of_definition(&self.folder.join(definition), platform).map_err(Box::new)?;
        let folder = folder.read_from(self.files);
        let composition = folder.compose(&image).map_err(Box::<ImageError>::new)?;
        let source = composition.parts.iter().rev().find_map(|part| part.layer.deb.clone()).ok_or_else(no_archive)?;
        Ok((folder, DebSource { packages: self.input.packages.clone(), ..source }))
    }
}
