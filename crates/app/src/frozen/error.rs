//! Why a frozen input could not be made, and what mends it.

use std::path::PathBuf;

use super::denied::DeniedRegistry;
use super::failed_step::{self, Blame};
use super::{go, mirror, npm};
use crate::toolchain::ImageError;
use rcrepro_engine::EngineError;
use rcrepro_format::plan::frozen_toml::FrozenLockError;
use rcrepro_images::packages::PackageError;
use rcrepro_model::content::digest::{Digest, Sha256};
use rcrepro_model::content::name::{Name, NameError};
use rcrepro_model::content::tree::TreeError;
use rcrepro_model::execution::fault::Fault;
use rcrepro_model::text::hint::Hint;
use rcrepro_model::text::plural::counted;
use rcrepro_store::StoreError;
use rcrepro_store::export::ExportError;

/// Why a frozen input could not be made, or taken from the store.
#[derive(Debug, thiserror::Error)]
pub enum FrozenError {
    /// Nothing was locked yet, or the lock is not committed.
    #[error("frozen input `{name}` has no lock: expected `{path}`, {why}")]
    NoLock {
        /// The input's name.
        name: Name,
        /// Where the lock was looked for.
        path: PathBuf,
        /// Why it is not there.
        why: String,
    },
    /// The lock is not valid.
    #[error("`{path}` is not a valid lock of a frozen input")]
    BadLock {
        /// `lockfiles/NAME.lock` of the plan's folder.
        path: PathBuf,
        /// What is wrong in it.
        #[source]
        source: FrozenLockError,
    },
    /// The lock was made from something else.
    #[error("the lock of frozen input `{name}` is stale: it was made from {locked}, the source has {found}")]
    Stale {
        /// The input's name.
        name: Name,
        /// The checksum in the lock.
        locked: Sha256,
        /// The checksum of the source's files.
        found: Sha256,
    },
    /// The lock was made when the plan gave the input another kind, or for another input.
    #[error("the lock of frozen input `{name}` is stale: it is of the kind `{locked}`, the plan has `{kind}`")]
    OtherKind {
        /// The input's name.
        name: Name,
        /// The kind in the lock.
        locked: String,
        /// The kind in the plan.
        kind: &'static str,
    },
    /// No step could make it from the project's files; no registry was asked.
    #[error("frozen input `{name}` cannot be made from the source:{}", each(faults))]
    Refused {
        /// The input's name.
        name: Name,
        /// What is wrong, by place.
        faults: Vec<Fault>,
    },
    /// The image that compiles it is not one of the packet's.
    #[error("frozen input `{name}` is compiled in an image that was not resolved")]
    NoImage {
        /// The input's name.
        name: Name,
    },
    /// The image has no definition that names an archive of Debian packages.
    #[error(
        "frozen input `{name}`: image {} has no definition with `[deb]`, which would name the suites and the keys of an archive",
        image.as_ref().map_or_else(String::new, |image| format!("`{image}`"))
    )]
    NoArchive {
        /// The input's name.
        name: Name,
        /// The image that the plan names for it.
        image: Option<Name>,
    },
    /// A definition that names an archive cannot be read.
    #[error(transparent)]
    Definition(#[from] Box<ImageError>),
    /// The lock names no package.
    #[error("the lock of frozen input `{name}` names no package")]
    NoPackages {
        /// The input's name.
        name: Name,
    },
    /// The modules that it is compiled from were not prepared.
    #[error("frozen input `{name}` is compiled from frozen input `{modules}`, which was not prepared")]
    NoModules {
        /// The input's name.
        name: Name,
        /// The name of the input with the modules.
        modules: Name,
    },
    /// A client fetched less than its lock pins.
    #[error("frozen input `{name}`: {client} left out {packages}, {} of {} that the lock pins", packages.0.len(), counted(*of, "package"))]
    LeftOut {
        /// The input's name.
        name: Name,
        /// Who fetched them: `npm`, `pip`, or the package of another client.
        client: &'static str,
        /// Each as `NAME@VERSION`, or a wheel's file.
        packages: Abridged,
        /// How many packages the lock pins.
        of: usize,
    },
    /// What came has another checksum.
    #[error("frozen input `{name}`: the registry has other bytes than the lock pins of {packages}")]
    Altered {
        /// The input's name.
        name: Name,
        /// Each as `NAME@VERSION`.
        packages: Abridged,
    },
    /// A package cannot be had or unpacked.
    #[error("a package of a frozen input cannot be had")]
    Package(#[from] PackageError),
    /// pip fetched what a lock of wheels cannot name.
    #[error("frozen input `{name}`: pip left `{file}`, which is not a wheel")]
    NotWheel {
        /// The input's name.
        name: Name,
        /// What it left.
        file: String,
    },
    /// The step did not exit with 0.
    #[error("the step of frozen input `{name}` failed: {ending}{said}")]
    Step {
        /// The input's name.
        name: Name,
        /// How it ended, in words.
        ending: String,
        /// The lines that say why, and where all of them are.
        said: String,
        /// Whose fault it is.
        blame: Blame,
        /// The registry that did not let the client in.
        denied: Option<Box<DeniedRegistry>>,
    },
    /// The network step yielded another tree than the locked one.
    #[error("frozen input `{name}` does not match its lock: expected tree {locked}, found {found}")]
    Mismatch {
        /// The input's name.
        name: Name,
        /// The locked root.
        locked: Digest,
        /// The fetched root.
        found: Digest,
    },
    /// There is no usable vulnerability database in the mirror.
    #[error("frozen input `{name}` is not a vulnerability database that a scan could rely on")]
    Vulndb {
        /// The input's name.
        name: Name,
        /// What is wrong with it.
        #[source]
        source: go::vulndb::VulndbError,
    },
    /// There is no usable cassette.
    #[error("frozen input `{name}` is not a cassette that an audit could rely on")]
    Cassette {
        /// The input's name.
        name: Name,
        /// What is wrong with it.
        #[source]
        source: npm::advisories::CassetteError,
    },
    /// The fetched tree is malformed.
    #[error("the tree of a frozen input is malformed")]
    Tree(#[from] TreeError),
    /// A file has a name that no tree can hold.
    #[error(transparent)]
    Path(#[from] NameError),
    /// The locked tree cannot be read.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The engine could not decide.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A lock could not be written.
    #[error("cannot write `{path}`")]
    Write {
        /// `lockfiles/NAME.lock` of the plan's folder, or the folder of a cassette.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
}

impl Hint for FrozenError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Engine(error) => error.hint(),
            Self::Package(error) => error.hint(),
            Self::Definition(error) => error.hint(),
            Self::NoArchive { .. } => {
                Some("name an image of the plan that is built from Debian packages, such as `base`".to_owned())
            }
            Self::NoPackages { name } => Some(format!("rcrepro lock {name}")),
            // A lock that lies there and is not committed wants no other one.
            Self::NoLock { path, .. } if path.exists() => Some(format!("git add {} && git commit", path.display())),
            Self::NoLock { name, .. } | Self::Stale { name, .. } | Self::OtherKind { name, .. } => {
                Some(format!("rcrepro lock {name}"))
            }
            // A lock has its input's name.
            Self::BadLock { path, .. } => {
                Some(format!("rcrepro lock {}", path.file_stem().unwrap_or_default().to_string_lossy()))
            }
            Self::Mismatch { name, .. } => Some(format!(
                "the registry or mirror has other bytes than it had; if that is right: rcrepro lock {name}"
            )),
            Self::Vulndb { source: go::vulndb::VulndbError::Mirror(mirror::MirrorError::Missing { .. }), .. } => Some(
                "put the database there, or a link to it: a folder or a zip of it, with `index` and `ID`".to_owned(),
            ),
            Self::Vulndb { .. } => Some("put the whole of a published database there".to_owned()),
            Self::Cassette { name, .. } => {
                Some(format!("name an `image` for it in the plan and record it: rcrepro lock {name}"))
            }
            Self::Step { denied: Some(denied), .. } => Some(denied.hint()),
            Self::Step { name, said, .. } if said.contains(npm::advisories::BULK) => Some(format!(
                "that registry gives no advisories; ask one that does: npm_config_registry=ADDRESS rcrepro lock {name}"
            )),
            Self::Step { said, .. } if said.contains(failed_step::ONLY_SOURCE) => Some(
                "only wheels are frozen, since a source distribution runs code to be built: ask for a version that has a wheel, \
                 or publish one to a registry of your own: pip wheel --no-deps NAME==VERSION"
                    .to_owned(),
            ),
            Self::Step { said, .. } if said.contains("rcrepro: the image has no p") => {
                Some("name an image with Python and pip; Debian has them as python3 and python3-pip".to_owned())
            }
            Self::Step { blame: Blame::World, .. } => Some("rcrepro doctor says where packages come from".to_owned()),
            Self::Step { blame: Blame::Project, said, .. } => out_of_step(said),
            Self::Refused { faults, .. } => {
                let mut hints: Vec<&str> = Vec::new();
                for hint in faults.iter().filter_map(|fault| fault.hint.as_deref()) {
                    if !hints.contains(&hint) {
                        hints.push(hint);
                    }
                }
                (!hints.is_empty()).then(|| hints.join("\nhint: "))
            }
            Self::LeftOut { client: "npm", .. } => Some(
                "package.json and its lock do not ask for the same: npm install --package-lock-only, and commit"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

/// Says what makes npm's lock fit its `package.json` again.
fn out_of_step(said: &str) -> Option<String> {
    let here = npm::tarball_lock::TargetPlatform::of_machine();
    let missing = failed_step::missing_from_lock(said);
    let own = missing.iter().find(|package| here.is_named_by(package));
    match own {
        Some(own) => Some(format!(
            "`{own}` is for {here}, and the lock was written on another platform: rm -r node_modules package-lock.json && npm install, \
             and commit"
        )),
        None if missing.is_empty() => None,
        None => Some("npm install --package-lock-only, and commit".to_owned()),
    }
}

fn each(faults: &[Fault]) -> String {
    faults.iter().map(|fault| format!("\n  {fault}")).collect()
}

/// A list whose first three entries messages show.
#[derive(Debug)]
pub struct Abridged(pub Vec<String>);

impl std::fmt::Display for Abridged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = 3;
        f.write_str(&self.0[..self.0.len().min(shown)].join(", "))?;
        if self.0.len() > shown { write!(f, " and {} more", self.0.len() - shown) } else { Ok(()) }
    }
}
