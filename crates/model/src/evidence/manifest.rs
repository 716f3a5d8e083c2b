//! The reproducibility manifest: what must be equal on every host, and nothing else.
//!
//! Hash rule: the manifest's digest is over its RFC 8785 bytes. It holds integers and strings only; no time, host name,
//! duration, absolute path, float or map order. Blobs are named `HEX/SIZE`, OCI objects `sha256:HEX`.

#![warn(clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::content::digest::{Digest, Sha256};
use crate::content::name::{Name, TreePath};
use crate::evidence::failed::FailedEntry;
use crate::evidence::repository::RepositoryEntry;
use crate::execution::action::{ActionResult, Ending, Output};
use crate::execution::world::ClockMode;
use crate::image::identity::ImageIdentity;
use crate::plan::command::Requirement;
use crate::plan::packet_id::PacketId;

/// The version of the manifest format that this build writes.
///
/// In version 3 a command's wall clock is `starts`, `stands` or `real`; in version 2 it was `pinned`, which is a clock that stands,
/// or `real`.
pub const MANIFEST_VERSION: u32 = 3;

/// The version that is written where a command's wall clock is `unconfirmed`, a word that no version before it has; where none
/// is, the manifest is of [`MANIFEST_VERSION`].
pub const UNCONFIRMED_VERSION: u32 = 4;

/// The version of the manifest of a packet that failed, which is never that of one that is done.
pub const FAILED_VERSION: u32 = 5;

/// The version of such a manifest where an output was there that no evidence can hold, which earlier versions do not tell.
pub const UNKEPT_VERSION: u32 = 6;

/// The oldest version of the manifest format that this build reads.
pub const OLDEST_MANIFEST_VERSION: u32 = 2;

/// A packet's evidence by digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReproManifest {
    /// The format's version, [`OLDEST_MANIFEST_VERSION`] to [`UNKEPT_VERSION`].
    pub version: u32,
    /// The packet that was run.
    pub packet: PacketId,
    /// The bytes of the plan file.
    pub plan: Digest,
    /// The certified source.
    pub source: SourceEntry,
    /// What the commands ran on.
    pub platform: PlatformEntry,
    /// The images that the packet's commands and frozen inputs use.
    pub images: BTreeMap<Name, ImageEntry>,
    /// The frozen inputs that the packet's commands use.
    pub frozen: BTreeMap<Name, FrozenEntry>,
    /// The normalizers that the packet's commands use.
    pub normalizers: BTreeMap<String, NormalizerEntry>,
    /// The commands, in the plan's order.
    pub commands: Vec<CommandEntry>,
    /// The mark of a packet that failed, in the versions [`FAILED_VERSION`] and [`UNKEPT_VERSION`] and in no other.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub failed: Option<FailedEntry>,
    /// The ledger of what the project tells these commands not to report, as canonical JSON; none where there is nothing, and in
    /// manifests from before there were ledgers.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub suppressions: Option<Digest>,
}

impl ReproManifest {
    /// Says it in the words of [`OLDEST_MANIFEST_VERSION`]; as it is where that version has no word for one of its clocks.
    #[must_use]
    pub fn in_oldest_words(mut self) -> Self {
        let has_word = |clock: ClockMode| matches!(clock, ClockMode::Real | ClockMode::Stands | ClockMode::Pinned);
        if self.failed.is_none() && self.commands.iter().all(|command| has_word(command.clock)) {
            for command in self.commands.iter_mut().filter(|command| command.clock == ClockMode::Stands) {
                command.clock = ClockMode::Pinned;
            }
            self.version = OLDEST_MANIFEST_VERSION;
        }
        self
    }

    /// Returns what was recorded of the command with this id.
    #[must_use]
    pub fn command(&self, id: &Name) -> Option<&CommandEntry> {
        self.commands.iter().find(|entry| entry.id == *id)
    }

    /// Returns the ids of the commands that have an entry.
    #[must_use]
    pub fn ids(&self) -> BTreeSet<&Name> {
        self.commands.iter().map(|entry| &entry.id).collect()
    }

    /// Returns what was recorded of every command, by id.
    #[must_use]
    pub fn results(&self) -> BTreeMap<Name, CommandEntry> {
        self.commands.iter().map(|entry| (entry.id.clone(), entry.clone())).collect()
    }
}

/// The certified source tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceEntry {
    /// The root `Directory` of the tracked tree, less what the plan excludes.
    pub root: Digest,
    /// `SOURCE_DATE_EPOCH`, in seconds: the commit's time when the manifest was made. A replay takes it from here, so that
    /// the same tree in a later commit has the same action digests.
    pub date_epoch: i64,
    /// Whether the tree was read from a working copy; no verdict accepts that.
    pub dirty: bool,
    /// The repository in the tree of commands that ask for one; none where no command of the packet does.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub git: Option<RepositoryEntry>,
}

/// The kind of machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlatformEntry {
    /// REAPI's `ISA`.
    pub isa: String,
    /// REAPI's `OSFamily`.
    pub os: String,
}

/// An image's identity: everything that survives `load` and `pull`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageEntry {
    /// The bytes of the image's lockfile.
    pub lock: Digest,
    /// The OCI manifest's digest.
    #[serde(with = "oci_text")]
    pub manifest: Sha256,
    /// The config's digest.
    #[serde(with = "oci_text")]
    pub config: Sha256,
    /// The layers' DiffIds, lowest first.
    #[serde(with = "oci_texts")]
    pub diff_ids: Vec<Sha256>,
}

impl ImageEntry {
    /// Names the image as an engine wants it.
    #[must_use]
    pub fn identity(&self, name: &Name) -> ImageIdentity {
        ImageIdentity {
            name: name.to_string(),
            manifest: self.manifest,
            config: self.config,
            diff_ids: self.diff_ids.clone(),
        }
    }
}

/// A frozen input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrozenEntry {
    /// The bytes of the input's lockfile.
    pub lock: Digest,
    /// The root `Directory` of the locked tree.
    pub root: Digest,
}

/// Pins a normalizer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NormalizerEntry {
    /// The version of its rules, from 1.
    pub version: u32,
    /// The digest of its written rules.
    #[serde(with = "oci_text")]
    pub rules: Sha256,
}

/// One command's inputs and results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandEntry {
    /// The id from the plan; each is in a manifest once.
    pub id: Name,
    /// The exact shell line.
    pub line: String,
    /// The image's name in `images`.
    pub image: Name,
    /// The names in `frozen` that it got.
    pub frozen: BTreeSet<Name>,
    /// The commands whose outputs it got.
    pub needs: BTreeSet<Name>,
    /// How a replay must compare.
    pub require: Requirement,
    /// The wall clock that it saw. A difference here is reported but does not count by itself: the results decide.
    pub clock: ClockMode,
    /// The root `Directory` of everything that went in.
    pub input_root: Digest,
    /// The REAPI `Command`.
    pub command: Digest,
    /// The REAPI `Action`.
    pub action: Digest,
    /// How it ended.
    pub ending: EndingEntry,
    /// The status that the container ended with; 0 for a pass.
    pub exit_code: i32,
    /// Standard output.
    pub stdout: StreamEntry,
    /// Standard error.
    pub stderr: StreamEntry,
    /// The declared outputs that were made, by path.
    pub outputs: BTreeMap<TreePath, OutputEntry>,
    /// The REAPI `ActionResult`.
    pub result: Digest,
    /// The attempts before this one, all of which failed. A replay does not compare them: chance decides how many there are.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub earlier: Vec<AttemptEntry>,
}

/// An attempt that failed and was not the last one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttemptEntry {
    /// How it ended.
    pub ending: EndingEntry,
    /// The status that this attempt ended with.
    pub exit_code: i32,
    /// Its standard output, raw.
    pub stdout: Digest,
    /// Its standard error, raw.
    pub stderr: Digest,
    /// Its REAPI `ActionResult`.
    pub result: Digest,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndingEntry {
    /// By itself, with the exit code beside it.
    Exited,
    /// By a signal.
    Signaled,
    /// The kernel killed one of its processes for want of memory.
    OutOfMemory,
    /// It ran into its time limit.
    TimedOut,
}

impl EndingEntry {
    /// Returns the word that manifests use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exited => "exited",
            Self::Signaled => "signaled",
            Self::OutOfMemory => "out-of-memory",
            Self::TimedOut => "timed-out",
        }
    }
}

impl From<Ending> for EndingEntry {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Exited { .. } => Self::Exited,
            Ending::Signaled { .. } => Self::Signaled,
            Ending::OutOfMemory { .. } => Self::OutOfMemory,
            Ending::TimedOut => Self::TimedOut,
        }
    }
}

/// A stream before and after its normalizers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamEntry {
    /// The bytes as they came.
    pub raw: Digest,
    /// The bytes after the normalizers; equal to `raw` when there are none.
    pub canonical: Digest,
    /// The normalizers, in the order in which they were applied.
    pub normalizers: Vec<String>,
}

/// An output before and after its normalizers. Only a file can have some; a directory's raw content is canonical.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "kind")]
pub enum OutputEntry {
    /// A regular file.
    File {
        /// The content as it came.
        raw: Digest,
        /// The content after the normalizers; equal to `raw` when there are none.
        canonical: Digest,
        /// The normalizers, in the order in which they were applied.
        normalizers: Vec<String>,
        /// Whether the owner may execute it.
        executable: bool,
    },
    /// A directory, by the digest of its root `Directory`.
    Directory {
        /// The root as it came.
        raw: Digest,
        /// The root after the normalizers.
        canonical: Digest,
    },
    /// A symbolic link.
    Symlink {
        /// The link's text.
        target: String,
    },
}

/// An output that has no normalizers.
impl From<&Output> for OutputEntry {
    fn from(output: &Output) -> Self {
        match output {
            Output::File { digest, executable } => {
                Self::File { raw: *digest, canonical: *digest, normalizers: Vec::new(), executable: *executable }
            }
            Output::Directory { root } => Self::Directory { raw: *root, canonical: *root },
            Output::Symlink { target } => Self::Symlink { target: target.clone() },
        }
    }
}

impl OutputEntry {
    /// Lists the normalizers that were applied; empty for a directory.
    #[must_use]
    pub fn normalizers(&self) -> &[String] {
        match self {
            Self::File { normalizers, .. } => normalizers,
            Self::Directory { .. } | Self::Symlink { .. } => &[],
        }
    }
}

impl From<&OutputEntry> for Output {
    fn from(entry: &OutputEntry) -> Self {
        match entry {
            OutputEntry::File { raw, executable, .. } => Self::File { digest: *raw, executable: *executable },
            OutputEntry::Directory { raw, .. } => Self::Directory { root: *raw },
            OutputEntry::Symlink { target } => Self::Symlink { target: target.clone() },
        }
    }
}

/// Returns the version of a manifest with these commands, with or without the mark of a failure.
#[must_use]
pub fn version_for(commands: &[CommandEntry], failed: Option<&FailedEntry>) -> u32 {
    if let Some(failed) = failed {
        return if failed.unkept.is_empty() { FAILED_VERSION } else { UNKEPT_VERSION };
    }
    let is_unconfirmed = commands.iter().any(|command| command.clock == ClockMode::Unconfirmed);
    if is_unconfirmed { UNCONFIRMED_VERSION } else { MANIFEST_VERSION }
}

impl CommandEntry {
    /// Rebuilds the REAPI result that `result` names.
    #[must_use]
    pub fn action_result(&self) -> ActionResult {
        ActionResult {
            exit_code: self.exit_code,
            stdout: self.stdout.raw,
            stderr: self.stderr.raw,
            outputs: self.outputs.iter().map(|(path, entry)| (path.clone(), entry.into())).collect(),
        }
    }

    /// Whether the command met the plan's success criterion: it ended by itself with code 0.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.ending == EndingEntry::Exited && self.exit_code == 0
    }
}

mod oci_text {
    use super::Sha256;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(digest: &Sha256, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&digest.to_oci())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Sha256, D::Error> {
        Sha256::from_oci(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

mod oci_texts {
    use super::Sha256;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(digests: &[Sha256], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(digests.iter().map(|digest| digest.to_oci()))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Sha256>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        texts.iter().map(|text| Sha256::from_oci(text).map_err(serde::de::Error::custom)).collect()
    }
}
