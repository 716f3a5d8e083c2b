//! The release plan: images, frozen inputs, sets of commands, and the packets that use them.

pub mod command;
pub mod contract;
pub mod documents;
pub mod expected_output;
pub mod gate;
pub mod glob;
pub mod mutant;
pub mod order;
pub mod packet_id;
pub mod pins;
pub mod proof;
pub mod quarantine;
pub mod release_image;
pub mod user_config;

pub use command::{CommandSpec, Requirement};
pub use packet_id::{PacketId, PacketIdError};

use std::collections::{BTreeMap, BTreeSet};

use crate::advisory::policy::AdvisoryPolicy;
use crate::advisory::scan::ScanFindingId;
use crate::advisory::waiver::Waiver;
use crate::content::name::{Name, TreePath};
use crate::decision::risk::Risk;
use crate::image::reference::ImageReference;
use crate::plan::contract::Contract;
use crate::plan::documents::DocumentSettings;
use crate::plan::mutant::stated::PlanMutant;
use crate::plan::pins::Pins;
use crate::plan::quarantine::Quarantine;
use crate::plan::release_image::{BuildkitImage, ReleaseImage};

/// A plan, parsed and checked: every reference in it resolves, and there is no cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The `name` at the top of the plan, for people.
    pub name: String,
    /// Globs, relative to the plan's folder, of tracked files that are not part of the certified source.
    pub exclude: Vec<String>,
    /// Globs of the tags in the repository that commands with `git` see: of those that match, what `git describe` finds. None
    /// for the tags of the commit itself, as a clone without history has them.
    pub tags: Option<Vec<String>>,
    /// The images that commands run in.
    pub images: BTreeMap<Name, ImageSource>,
    /// The frozen inputs by name; each is at `deps/NAME` of the input root.
    pub frozen: BTreeMap<Name, FrozenInput>,
    /// The release's own images, by name.
    pub release_images: BTreeMap<Name, ReleaseImage>,
    /// Commands by the name of their set, each set in the order of the plan.
    pub sets: BTreeMap<Name, Vec<CommandSpec>>,
    /// What may not be weakened, by name: globs, relative to the plan's folder.
    pub protected: BTreeMap<Name, Vec<String>>,
    /// All of them; their needs form no circle.
    pub packets: BTreeMap<PacketId, Packet>,
    /// The toolchains that every reference in the tree has to agree with.
    pub pins: Pins,
    /// Findings that are accepted for a while, in the order of the plan.
    pub waivers: Vec<Waiver>,
    /// Commands that may be flaky for a while, in the order of the plan.
    pub quarantine: Vec<Quarantine>,
    /// Which documents are held against the plan and the evidence.
    pub documents: DocumentSettings,
    /// The residual risks, in the order of the plan.
    pub risks: Vec<Risk>,
    /// Wrong changes that gates have to catch, in the order of the plan.
    pub mutants: Vec<PlanMutant>,
    /// What advisory data of today makes of a verdict.
    pub advisories: AdvisoryPolicy,
}

/// Where an image comes from: our own definition, or a registry by digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageSource {
    /// Built bit for bit from a definition; the path is relative to the plan's folder.
    Build {
        /// The definition file, such as `../../images/go.toml`.
        definition: String,
        /// Where the same image was published, which is asked before anything is built; its digest is that of the lock.
        published: Option<ImageReference>,
    },
    /// Pulled from a registry by its digest, as a lock beside the plan says what that is.
    Pull {
        /// The reference; it has a digest, and its tag is a comment.
        reference: ImageReference,
    },
}

/// Data that is locked as a tree: the result of a step with network, or the content of the user's mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrozenInput {
    /// Which client fetches, and what is kept of what it fetched.
    pub kind: FrozenKind,
    /// The image that the step with network runs in; `None` where the data comes from a mirror only.
    pub image: Option<Name>,
    /// The folder with the client's lock (`go.mod`, `go.work`, `package-lock.json`, `yarn.lock`, requirement files); none for the
    /// source's root.
    pub directory: Option<TreePath>,
    /// Where the data is, relative to the plan's folder: a folder or, for a vulnerability database, a zip.
    pub path: Option<String>,
    /// Of packages of pnpm and yarn: the client as `NAME@VERSION`; none where the project's files name it.
    pub client: Option<String>,
    /// Of what is compiled: shell lines that compile in further ways, such as for another architecture.
    pub lines: Vec<String>,
    /// Of a build cache: the frozen input of kind `go-modules` whose packages it holds.
    pub modules: Option<Name>,
    /// Of Debian packages: their names. Of Python packages: requirements, such as `flask==3.0.0`, that no file of the source has.
    /// What they depend on comes with them.
    pub packages: BTreeSet<String>,
    /// Of Python packages: the requirement files, below `directory`.
    pub requirements: Vec<TreePath>,
}

/// Whether a text is one version of a client and no range, tag or address.
#[must_use]
pub fn is_exact_version(version: &str) -> bool {
    version.split('.').count() >= 3
        && version.starts_with(|c: char| c.is_ascii_digit())
        && version.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
}

/// The client that a frozen input is fetched with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrozenKind {
    /// `go mod download`: a module cache.
    GoModules,
    /// `npm ci`: a cache of packages that the lock names by integrity.
    NpmPackages,
    /// The tarballs that a `pnpm-lock.yaml` names, and pnpm itself.
    PnpmPackages,
    /// The tarballs that a `yarn.lock` names, and yarn itself.
    YarnPackages,
    /// Debian packages with all that they depend on, as a repository for apt.
    DebianPackages,
    /// Wheels of Python packages with all that they depend on, as a folder for pip and uv.
    PythonPackages,
    /// Go's vulnerability database, from a mirror, for `govulncheck`.
    GoVulndb,
    /// What a registry answered to `npm audit`.
    NpmAdvisories,
    /// Go's standard library, compiled: a build cache that every Go command would fill with the same bytes.
    GoStd,
    /// Go's standard library and the packages of a module cache, compiled as the plan's commands compile them.
    GoBuildCache,
}

impl FrozenKind {
    /// Returns the name that plans and locks use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GoModules => "go-modules",
            Self::NpmPackages => "npm-packages",
            Self::PnpmPackages => "pnpm-packages",
            Self::YarnPackages => "yarn-packages",
            Self::DebianPackages => "debian-packages",
            Self::PythonPackages => "python-packages",
            Self::GoVulndb => "go-vulndb",
            Self::NpmAdvisories => "npm-advisories",
            Self::GoStd => "go-std",
            Self::GoBuildCache => "go-build-cache",
        }
    }

    /// Returns the program that comes before the client's own in the search path of commands that use such an input, in
    /// `bin` of its tree; none where the client finds its data by environment variables.
    #[must_use]
    pub const fn front(self) -> Option<&'static str> {
        match self {
            Self::GoModules
            | Self::NpmPackages
            | Self::DebianPackages
            | Self::PythonPackages
            | Self::GoStd
            | Self::GoBuildCache => None,
            Self::GoVulndb => Some("govulncheck"),
            Self::NpmAdvisories => Some("npm"),
            Self::PnpmPackages => Some("pnpm"),
            Self::YarnPackages => Some("yarn"),
        }
    }

    /// Whether it is a build cache of Go, to which commands can add what they compile.
    #[must_use]
    pub const fn is_build_cache(self) -> bool {
        matches!(self, Self::GoStd | Self::GoBuildCache)
    }

    /// Whether it follows from an image of the plan, and no file of the source has a say.
    #[must_use]
    pub const fn is_made_of_an_image(self) -> bool {
        matches!(self, Self::GoStd | Self::DebianPackages)
    }

    /// Whether it is data that scans look up, known by its content and not by files of the source.
    #[must_use]
    pub const fn is_advisories(self) -> bool {
        matches!(self, Self::GoVulndb | Self::NpmAdvisories)
    }
}

/// A step of the release, with what it runs and what it has to reach.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Packet {
    /// What the packet is for, in a line.
    pub title: String,
    /// The sets it runs, in this order.
    pub sets: Vec<Name>,
    /// The release's own images that are built after its commands, in this order.
    pub release_images: Vec<Name>,
    /// Packets that come before it.
    pub needs: BTreeSet<PacketId>,
    /// The findings of scans that it fixes; no packet is proposed for them.
    pub findings: BTreeSet<ScanFindingId>,
    /// What it promises.
    pub contract: Contract,
}

impl Plan {
    /// Returns the command with this id; ids are unique in a plan.
    #[must_use]
    pub fn command(&self, id: &Name) -> Option<&CommandSpec> {
        self.sets.values().flatten().find(|spec| spec.id == *id)
    }

    /// Lists a packet's commands in the order of its sets.
    pub fn commands<'a>(&'a self, packet: &'a Packet) -> impl Iterator<Item = &'a CommandSpec> {
        packet.sets.iter().filter_map(|set| self.sets.get(set)).flatten()
    }

    /// Lists the release's own images that a packet builds, in its order.
    pub fn released<'a>(&'a self, packet: &'a Packet) -> impl Iterator<Item = (&'a Name, &'a ReleaseImage)> {
        packet.release_images.iter().filter_map(|name| self.release_images.get_key_value(name))
    }

    /// Whether a command of a packet sees a repository, or a build of one of its images.
    #[must_use]
    pub fn wants_git(&self, packet: &Packet) -> bool {
        self.commands(packet).any(|spec| spec.git) || self.released(packet).any(|(_, image)| image.sees_git())
    }

    /// Whether any command of the plan sees a repository, or the build of any image.
    #[must_use]
    pub fn lays_git(&self) -> bool {
        self.sets.values().flatten().any(|spec| spec.git) || self.release_images.values().any(ReleaseImage::sees_git)
    }

    /// Lists what a packet's commands and the release's images that it builds use; a frozen input brings its image, and a build
    /// cache the modules that it is compiled from.
    #[must_use]
    pub fn references(&self, packet: &Packet) -> References {
        let mut references = References::default();
        for spec in self.commands(packet) {
            references.images.insert(spec.image.clone());
            references.frozen.extend(spec.frozen.iter().cloned());
            let streams = spec.normalize_stdout.iter().chain(&spec.normalize_stderr);
            references.normalizers.extend(streams.chain(spec.normalize_outputs.values().flatten()).cloned());
        }
        for (_, image) in self.released(packet) {
            references.images.extend(image.builders.values().cloned());
            references.images.extend(image.buildkit.iter().flat_map(BuildkitImage::images).cloned());
            references.frozen.extend(image.frozen.iter().cloned());
            references.images.extend(image.smoke.iter().map(|spec| spec.image.clone()));
            references.frozen.extend(image.smoke.iter().flat_map(|spec| spec.frozen.iter().cloned()));
        }
        let modules: Vec<Name> =
            references.frozen.iter().filter_map(|name| self.frozen.get(name)?.modules.clone()).collect();
        references.frozen.extend(modules);
        let inputs = references.frozen.iter().filter_map(|name| self.frozen.get(name));
        references.images.extend(inputs.filter_map(|input| input.image.clone()));
        references
    }
}

impl Plan {
    /// Gives a plan with these commands and those that they need, and no other.
    #[must_use]
    pub fn only<'a>(&'a self, wanted: impl IntoIterator<Item = &'a Name>) -> Self {
        let mut kept: BTreeSet<&Name> = BTreeSet::new();
        let mut waiting: Vec<&Name> = wanted.into_iter().collect();
        while let Some(id) = waiting.pop() {
            if kept.insert(id) {
                waiting.extend(self.command(id).into_iter().flat_map(|spec| &spec.needs));
            }
        }
        let mut smaller = self.clone();
        for set in smaller.sets.values_mut() {
            set.retain(|spec| kept.contains(&spec.id));
        }
        smaller
    }
}

/// What a packet's commands use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct References {
    /// The images, those of the frozen inputs among them.
    pub images: BTreeSet<Name>,
    /// The frozen inputs.
    pub frozen: BTreeSet<Name>,
    /// Those of streams and outputs, by name.
    pub normalizers: BTreeSet<String>,
}
