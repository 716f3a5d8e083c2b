//! Toolchain images: [`lock()`](lock::lock) resolves, [`build()`](build::build) makes bit for bit what is locked,
//! [`load_stream()`](load::load_stream) hands it to an engine.
//!
//! For a definition `DIR/images/NAME.toml` the lock is `DIR/lockfiles/images/ARCHITECTURE/NAME.lock`.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use rcrepro_engine::{Engine, EngineError, ImageHost};
use rcrepro_format::syntax::toml_place::TomlError;
use rcrepro_images::oci::OciError;
use rcrepro_images::packages::PackageError;
use rcrepro_images::packages::sources::PackageMirrors;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::tree::TreeError;
use rcrepro_model::execution::event::ImageEvent;
use rcrepro_model::image::definition::{DefinitionError, ImageName};
use rcrepro_model::image::fingerprint::Fingerprint;
use rcrepro_model::text::hint::Hint;
use rcrepro_store::export::ExportError;
use rcrepro_store::{BlobStore, StoreError};

pub mod build;
pub mod built_image;
pub mod folder;
pub mod in_engine;
pub mod list;
pub mod load;
pub mod lock;
pub mod output;
pub mod push;
pub mod sbom;
pub mod validate;

/// Holds what every use case of images needs.
#[derive(Clone)]
pub struct ImageContext<'a> {
    /// Where packages, layers and images are kept.
    pub store: Arc<dyn BlobStore>,
    /// Places that the user wants asked first.
    pub mirrors: PackageMirrors,
    /// Where programs are compiled; without it, what has to be compiled is an error.
    pub engine: Option<&'a dyn Engine>,
    /// Where images are loaded; none without an engine, or where it keeps none.
    pub image_host: Option<&'a dyn ImageHost>,
    /// Stops what runs in the engine.
    pub cancel: CancellationToken,
    /// Is told what happens.
    pub on_event: &'a (dyn Fn(ImageEvent) + Sync),
}

/// Says what came out with another digest than the locked one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("image `{name}`: {part} came out as {found}, the lock says {expected}")]
pub struct LockDifference {
    /// The image whose lock it is.
    pub name: ImageName,
    /// `layer base`, `config` or `manifest`.
    pub part: String,
    /// The locked digest.
    pub expected: Digest,
    /// The digest that came out.
    pub found: Digest,
}

/// Says why an image could not be locked, built or loaded.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A definition or lock file cannot be read or written.
    #[error("cannot {doing} `{path}`")]
    File {
        /// What was tried, as a verb.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A key that a definition lists has no file.
    #[error("the key {fingerprint} that the definition lists in `signed_by` cannot be read")]
    Key {
        /// The key.
        fingerprint: Fingerprint,
        /// The file where it was looked for.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The path is not that of a definition.
    #[error("`{path}` is no image definition: expected DIR/images/NAME.toml")]
    Path {
        /// The path.
        path: PathBuf,
    },
    /// A definition or lock file has a mistake in it.
    #[error("{path}:{mistake}")]
    Toml {
        /// The file.
        path: PathBuf,
        /// The mistake and its place.
        mistake: TomlError,
    },
    /// The definitions do not make an image.
    #[error(transparent)]
    Definition(#[from] DefinitionError),
    /// There is no lock, or it was not made from the definition as it is now.
    #[error("stale lock `{path}`: {reason}")]
    StaleLock {
        /// The image.
        name: ImageName,
        /// The lock file.
        path: PathBuf,
        /// What differs.
        reason: String,
    },
    /// What came out is not what the lock says.
    #[error(transparent)]
    Differs(Box<LockDifference>),
    /// The lock pins other packages than the definition names.
    #[error("the lock of image `{name}` pins other packages than its definition names, or a file of another name")]
    Pins {
        /// The image.
        name: ImageName,
    },
    /// Something has to be compiled, and there is no engine to compile it in.
    #[error("image `{name}` has a program to compile, and no engine is connected")]
    NoEngine {
        /// The image.
        name: ImageName,
    },
    /// A program did not compile.
    #[error("{label}: it does not compile ({ending})\n{tail}")]
    Compile {
        /// The program's purl.
        label: String,
        /// How the compiler ended.
        ending: String,
        /// The end of what it said.
        tail: String,
    },
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A tree could not be made or read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// What a program is compiled to cannot be read.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A package could not be had or is not what it should be.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// A layer could not be made.
    #[error(transparent)]
    Oci(#[from] OciError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What helps against an edited lock, and against one that was made by another version.
const RESTORE_LOCK: &str =
    "restore the lock from git (`git checkout -- lockfiles`), or make it anew: rcrepro image lock";

impl Hint for ImageError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::StaleLock { name, .. } | Self::Pins { name } => Some(format!("rcrepro image lock {name}")),
            Self::Key { fingerprint, path, .. } => {
                // Where Debian's package debian-archive-keyring puts what Debian signs with.
                let keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
                let file = path.display();
                Some(format!("gpg --no-default-keyring --keyring {keyring} --armor --export {fingerprint} > {file}"))
            }
            Self::Engine(error) => error.hint(),
            Self::Package(error) => error.hint(),
            Self::File { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some("rcrepro check lists what the plan names and the repository does not have".to_owned())
            }
            Self::Oci(error) => error.hint(),
            Self::Differs { .. } => Some(RESTORE_LOCK.to_owned()),
            _ => None,
        }
    }
}
