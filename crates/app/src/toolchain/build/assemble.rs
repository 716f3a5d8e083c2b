//! One layer from its pinned packages, all of them in the store.

use std::io::{self, Read, Seek as _};

use rayon::prelude::*;
use sha2::{Digest as _, Sha512};
use tokio::task::spawn_blocking;

use super::compilation;
use crate::toolchain::{ImageContext, ImageError};
use rcrepro_images::oci::layer_tree::{LayerRules, LayerTree, PackageWriter, UnpackedPackage};
use rcrepro_images::oci::{OciError, concat, tar_layer};
use rcrepro_images::packages::debian::database::{self, InstalledPackage};
use rcrepro_images::packages::{PackageError, deb, go_module, npm};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::integrity;
use rcrepro_model::execution::event::ImageEvent;
use rcrepro_model::image::definition::{DebSource, GoProgram, GoSource, ImageDefinition, NpmSource};
use rcrepro_model::image::layer::{Entry, EntryKind};
use rcrepro_model::image::lock::{DebPin, GoPin, LayerPins, NpmPin, ProgramPin};
use rcrepro_model::image::purl::Purl;
use rcrepro_store::BlobStore;

/// A package to unpack.
enum Task<'a> {
    Deb(&'a DebPin, &'a DebSource),
    Go(&'a GoPin, &'a GoSource),
    Npm(&'a NpmPin, &'a NpmSource),
    Program(&'a ProgramPin, &'a GoProgram),
}

/// Puts a layer together on a thread that may take its time.
pub(crate) async fn assemble_apart(
    context: &ImageContext<'_>,
    definition: &ImageDefinition,
    pins: LayerPins,
    epoch: u64,
) -> Result<Digest, ImageError> {
    let layer = definition.name.clone();
    (context.on_event)(ImageEvent::Assembling { layer: layer.clone() });
    let (store, definition) = (context.store.clone(), definition.clone());
    let task = spawn_blocking(move || assemble(&definition, &pins, epoch, store.as_ref()));
    let digest = task.await.expect("assembling a layer does not panic")?;
    (context.on_event)(ImageEvent::Assembled { layer, digest });
    Ok(digest)
}

/// Unpacks the packages in parallel, lays them over each other in the lock's order and streams the layer into the store.
fn assemble(
    definition: &ImageDefinition,
    pins: &LayerPins,
    epoch: u64,
    store: &dyn BlobStore,
) -> Result<Digest, ImageError> {
    let layer = &definition.layer;
    let debs = layer.deb.iter().flat_map(|source| pins.debs.iter().map(move |pin| Task::Deb(pin, source)));
    let go = layer.go.iter().zip(&pins.go).map(|(source, pin)| Task::Go(pin, source));
    let npm = layer.npm.iter().zip(&pins.npm).map(|(source, pin)| Task::Npm(pin, source));
    let program = layer.program.iter().zip(&pins.program).map(|(source, pin)| Task::Program(pin, source));
    let tasks: Vec<_> = debs.chain(go).chain(npm).chain(program).collect();
    // One package per step: the large ones are neighbours in the alphabet.
    let packages: Vec<UnpackedPackage> =
        tasks.par_iter().with_max_len(1).map(|task| task.unpack(store)).collect::<Result<_, ImageError>>()?;
    let mut tree = LayerTree::merge(packages)?;
    if layer.deb.as_ref().is_some_and(|source| source.database) {
        tree.lay(database(definition, &pins.debs, store)?)?;
    }
    tree.lay(fix_ups(definition, &tree)?)?;
    for (path, glob) in &layer.concat {
        tree.lay(concat::join(&tree, &own_name(definition), path, glob)?)?;
    }
    Ok(tar_layer::store_layer(&tree, epoch, store)?)
}

impl Task<'_> {
    fn unpack(&self, store: &dyn BlobStore) -> Result<UnpackedPackage, ImageError> {
        match self {
            Self::Deb(pin, source) => {
                let rules = LayerRules::new(&source.merged_usr, &source.strip, &source.keep)?;
                let name = pin.purl.to_string();
                let mut package = PackageWriter::new(&name, rules)?;
                let mut laid = Vec::new();
                deb::read_deb(&name, store.reader(pin.digest)?, &mut |entry, content| {
                    if source.database {
                        laid.push(entry.path.clone());
                    }
                    Ok::<_, ImageError>(package.add(entry, content)?)
                })?;
                if source.database {
                    for (path, mode, bytes) in installed(pin, store)?.files(&laid) {
                        package.add(file(&path, mode)?, &mut bytes.as_slice())?;
                    }
                }
                Ok(package.finish()?)
            }
            Self::Npm(pin, source) => {
                let name = pin.purl.to_string();
                let mut package = PackageWriter::new(&name, LayerRules::default())?;
                let mut hasher = Sha512::new();
                let reader = Tee { inner: store.reader(pin.digest)?, hasher: &mut hasher };
                npm::read_npm(&name, reader, &source.place, &mut |entry, content| {
                    Ok::<_, ImageError>(package.add(entry, content)?)
                })?;
                let found = integrity::encode(hasher.finalize());
                same(&name, "its integrity", &pin.integrity, found)?;
                Ok(package.finish()?)
            }
            Self::Program(pin, source) => {
                let name = Purl::go(&source.module, &source.version).to_string();
                let mut package = PackageWriter::new(&name, LayerRules::default())?;
                compilation::read_output(pin, &source.into, store, &mut |entry, content| {
                    Ok(package.add(entry, content)?)
                })?;
                Ok(package.finish()?)
            }
            Self::Go(pin, source) => {
                let name = pin.purl.to_string();
                let mut package = PackageWriter::new(&name, LayerRules::default())?;
                let found = read_go(pin, source, store, &mut |entry, content| Ok(package.add(entry, content)?))?;
                same(&name, "its h1", &pin.h1, found)?;
                Ok(package.finish()?)
            }
        }
    }
}

/// Streams a locked toolchain's files and gives the `h1:` checksum that they have.
pub(crate) fn read_go(
    pin: &GoPin,
    source: &GoSource,
    store: &dyn BlobStore,
    sink: &mut dyn FnMut(Entry, &mut dyn Read) -> Result<(), ImageError>,
) -> Result<String, ImageError> {
    let name = pin.purl.to_string();
    let failed = |source| OciError::Io { doing: format!("unpack {name}"), source };
    // A zip is read from its end; the copy is checked against the digest, and every store can give it.
    let mut zip = tempfile::tempfile().map_err(failed)?;
    io::copy(&mut store.reader(pin.digest)?, &mut zip).map_err(failed)?;
    zip.rewind().map_err(failed)?;
    let prefix = format!("{}@{}", pin.purl.name(), pin.purl.version());
    go_module::read_toolchain(&name, &prefix, zip, &source.into, sink)
}

/// Makes a package of what the definition itself lays.
fn fix_ups(definition: &ImageDefinition, below: &LayerTree) -> Result<UnpackedPackage, ImageError> {
    let layer = &definition.layer;
    let mut package = PackageWriter::new(own_name(definition), LayerRules::default())?;
    // Not every architecture has a `lib64`.
    let merged = layer.deb.iter().flat_map(|deb| &deb.merged_usr).map(|top| (top, format!("usr/{top}")));
    let merged = merged.filter(|(_, target)| target.parse().is_ok_and(|target| below.contains(&target)));
    for (path, target) in merged.chain(layer.links.iter().map(|(path, target)| (path, target.clone()))) {
        package.add(Entry { path: path.clone(), kind: EntryKind::Symlink { target } }, &mut io::empty())?;
    }
    for (path, mode) in &layer.directories {
        package.add(Entry { path: path.clone(), kind: EntryKind::Directory { mode: *mode } }, &mut io::empty())?;
    }
    for (path, content) in &layer.files {
        let entry = Entry { path: path.clone(), kind: EntryKind::File { mode: 0o644 } };
        package.add(entry, &mut content.as_bytes())?;
    }
    Ok(package.finish()?)
}

/// Makes a package of what dpkg knows of all of them together.
fn database(
    definition: &ImageDefinition,
    pins: &[DebPin],
    store: &dyn BlobStore,
) -> Result<UnpackedPackage, ImageError> {
    let packages = pins.iter().map(|pin| installed(pin, store)).collect::<Result<Vec<_>, _>>()?;
    let mut package = PackageWriter::new(own_name(definition), LayerRules::default())?;
    for (path, text) in database::shared_files(&packages) {
        package.add(file(&path, 0o644)?, &mut text.as_bytes())?;
    }
    Ok(package.finish()?)
}

fn installed(pin: &DebPin, store: &dyn BlobStore) -> Result<InstalledPackage, ImageError> {
    let purl = pin.purl.to_string();
    let control = deb::read_control(&purl, store.reader(pin.digest)?)?;
    Ok(InstalledPackage::of(&purl, control).map_err(PackageError::Debian)?)
}

/// Names a file whose path a package has a say in.
fn file(path: &str, mode: u32) -> Result<Entry, PackageError> {
    let refuse = |_| PackageError::Entry {
        package: database::FOLDER.to_owned(),
        entry: path.to_owned(),
        reason: "its name leaves the database or is not a path",
    };
    Ok(Entry { path: path.parse().map_err(refuse)?, kind: EntryKind::File { mode: mode & 0o777 } })
}

fn own_name(definition: &ImageDefinition) -> String {
    format!("images/{}.toml", definition.name)
}

fn same(package: &str, what: &'static str, expected: &str, found: String) -> Result<(), PackageError> {
    if expected == found {
        return Ok(());
    }
    Err(PackageError::Checksum { package: package.to_owned(), what, expected: expected.to_owned(), found })
}

struct Tee<'a, R> {
    inner: R,
    hasher: &'a mut Sha512,
}

impl<R: Read> Read for Tee<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}
