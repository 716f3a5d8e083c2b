//! The release plan: images, frozen inputs, sets of commands, and the packets that use them.

pub mod contract;
pub mod documents;
pub mod gate;
pub mod glob;
pub mod mutant;
pub mod order;
pub mod pins;
pub mod proof;
pub mod quarantine;
pub mod release_image;
pub mod user_config;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::advisory::policy::AdvisoryPolicy;
use crate::advisory::scan::FindingName;
use crate::advisory::waiver::Waiver;
use crate::content::digest::serde_as_text;
use crate::content::name::{Name, TreePath};
use crate::decision::risk::Risk;
use crate::execution::attempt::Quiet;
use crate::execution::world::WorldSettings;
use crate::image::reference::ImageReference;
use crate::plan::contract::Contract;
use crate::plan::documents::DocumentSettings;
use crate::plan::mutant::PlanMutant;
use crate::plan::pins::Pins;
use crate::plan::proof::ProofRule;
use crate::plan::quarantine::Quarantine;
use crate::plan::release_image::ReleaseImage;

/// The error for a text that is not a valid packet id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid packet id `{found}`: expected capital letters, `-` and two or more digits, such as RC-05")]
pub struct PacketIdError {
    /// The text that was found.
    pub found: String,
}

/// A packet's id, such as `RC-05`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacketId(String);

impl fmt::Display for PacketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PacketId {
    type Err = PacketIdError;

    fn from_str(text: &str) -> Result<Self, PacketIdError> {
        let good = text.split_once('-').is_some_and(|(letters, digits)| {
            !letters.is_empty()
                && letters.bytes().all(|b| b.is_ascii_uppercase())
                && digits.len() >= 2
                && digits.bytes().all(|b| b.is_ascii_digit())
        });
        if good { Ok(Self(text.to_owned())) } else { Err(PacketIdError { found: text.to_owned() }) }
    }
}

serde_as_text!(PacketId);

/// A plan, parsed and checked: every reference in it resolves, and there is no cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The plan's name.
    pub name: String,
    /// Globs, relative to the plan's folder, of tracked files that are not part of the certified source.
    pub exclude: Vec<String>,
    /// The images by name.
    pub images: BTreeMap<Name, ImageSource>,
    /// The frozen inputs by name; each is at `deps/NAME` of the input root.
    pub frozen: BTreeMap<Name, FrozenInput>,
    /// The release's own images, by name.
    pub release_images: BTreeMap<Name, ReleaseImage>,
    /// The sets of commands by name.
    pub sets: BTreeMap<Name, Vec<CommandSpec>>,
    /// What may not be weakened, by name: globs, relative to the plan's folder.
    pub protected: BTreeMap<Name, Vec<String>>,
    /// The packets.
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

/// The source of an image.
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
    /// The folder with the client's lock (`go.mod`, `package-lock.json`); none for the source's root.
    pub directory: Option<TreePath>,
    /// Where the data is, relative to the plan's folder: a folder or, for a vulnerability database, a zip.
    pub path: Option<String>,
    /// Of a compiled standard library: shell lines that compile it in further ways, such as for another architecture.
    pub lines: Vec<String>,
}

/// The client that a frozen input is fetched with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrozenKind {
    /// `go mod download`: a module cache.
    GoModules,
    /// `npm ci`: a cache of packages that the lock names by integrity.
    NpmPackages,
    /// Go's vulnerability database, from a mirror, for `govulncheck`.
    GoVulndb,
    /// What a registry answered to `npm audit`.
    NpmAdvisories,
    /// Go's standard library, compiled: a build cache that every Go command would fill with the same bytes.
    GoStd,
}

impl FrozenKind {
    /// Returns the name that plans and locks use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GoModules => "go-modules",
            Self::NpmPackages => "npm-packages",
            Self::GoVulndb => "go-vulndb",
            Self::NpmAdvisories => "npm-advisories",
            Self::GoStd => "go-std",
        }
    }

    /// Returns the program that comes before the client's own in the search path of commands that use such an input, in
    /// `bin` of its tree; none where the client finds its data by environment variables.
    #[must_use]
    pub const fn front(self) -> Option<&'static str> {
        match self {
            Self::GoModules | Self::NpmPackages | Self::GoStd => None,
            Self::GoVulndb => Some("govulncheck"),
            Self::NpmAdvisories => Some("npm"),
        }
    }
}

/// A command of a set, as the plan states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandSpec {
    /// The command's id, unique in the plan.
    pub id: Name,
    /// The exact shell line that a person would type.
    pub line: String,
    /// The image it runs in.
    pub image: Name,
    /// The frozen inputs it needs.
    pub frozen: BTreeSet<Name>,
    /// Commands whose outputs are laid into this one's input tree.
    pub needs: BTreeSet<Name>,
    /// Paths below the source root that are collected; they may not exist in the source.
    pub outputs: BTreeSet<TreePath>,
    /// Environment variables on top of the fixed ones.
    pub environment: BTreeMap<String, String>,
    /// Normalizers of standard output, in order.
    pub normalize_stdout: Vec<String>,
    /// Normalizers of standard error, in order.
    pub normalize_stderr: Vec<String>,
    /// Normalizers of output files, in order, by path; each path is one of `outputs`.
    pub normalize_outputs: BTreeMap<TreePath, Vec<String>>,
    /// How long it may run.
    pub timeout: Duration,
    /// Memory in bytes that it may use; none for a share of what the engine's machine has.
    pub memory: Option<u64>,
    /// What each of its outputs may hold, in bytes.
    pub max_output: u64,
    /// What it sees beside its inputs.
    pub world: WorldSettings,
    /// How a replay must compare.
    pub require: Requirement,
    /// How quiet it must be.
    pub quiet: Quiet,
    /// How it is proved that the command did its work.
    pub proof: ProofRule,
    /// How often it is run again when it fails, each time in a fresh container.
    pub retries: u32,
}

/// How a replay must compare with what was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Requirement {
    /// Equal after the named normalizers.
    Canonical,
    /// Equal byte for byte: what is equal only after normalizers counts as divergent.
    Bitwise,
}

impl Requirement {
    /// Returns the word that plans, manifests and reports use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Canonical => "canonical",
            Self::Bitwise => "bitwise",
        }
    }
}

/// A packet.
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
    pub findings: BTreeSet<FindingName>,
    /// What it promises.
    pub contract: Contract,
}

impl Plan {
    /// Lists a packet's commands in the order of its sets.
    pub fn commands<'a>(&'a self, packet: &'a Packet) -> impl Iterator<Item = &'a CommandSpec> {
        packet.sets.iter().filter_map(|set| self.sets.get(set)).flatten()
    }

    /// Lists the release's own images that a packet builds, in its order.
    pub fn released<'a>(&'a self, packet: &'a Packet) -> impl Iterator<Item = (&'a Name, &'a ReleaseImage)> {
        packet.release_images.iter().filter_map(|name| self.release_images.get_key_value(name))
    }

    /// Lists what a packet's commands and the release's images that it builds use; a frozen input brings its image.
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
            references.frozen.extend(image.frozen.iter().cloned());
            references.images.extend(image.smoke.iter().map(|spec| spec.image.clone()));
            references.frozen.extend(image.smoke.iter().flat_map(|spec| spec.frozen.iter().cloned()));
        }
        let inputs = references.frozen.iter().filter_map(|name| self.frozen.get(name));
        references.images.extend(inputs.filter_map(|input| input.image.clone()));
        references
    }
}

/// What a packet's commands use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct References {
    /// The images, those of the frozen inputs among them.
    pub images: BTreeSet<Name>,
    /// The frozen inputs.
    pub frozen: BTreeSet<Name>,
    /// The normalizers.
    pub normalizers: BTreeSet<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packet_ids_have_one_form() {
        assert_eq!("RC-05".parse::<PacketId>().map(|id| id.to_string()), Ok("RC-05".into()));
        for wrong in ["", "RC", "rc-05", "RC-5", "RC-05x", "-05", "RC-"] {
            assert!(wrong.parse::<PacketId>().is_err(), "{wrong}");
        }
    }
}
