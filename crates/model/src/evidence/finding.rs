//! Findings: what a check saw, by name.

use serde::Serialize;

use crate::standing::Standing;

/// Names a contradiction or a failure, in text and JSON alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingName {
    /// The bytes are not a manifest.
    Malformed,
    /// The bytes are not in canonical form.
    NotCanonical,
    /// The format's version is not known.
    UnknownVersion,
    /// The manifest is that of another packet than its file is named after.
    PacketDiffers,
    /// The manifest has no command.
    NoCommands,
    /// A blob that the manifest names is nowhere.
    EvidenceMissing,
    /// A blob's bytes do not match its name.
    EvidenceDamaged,
    /// Bytes match only with other line ends: git or an editor changed those, and nothing else.
    LineEndsChanged,
    /// The plan in the evidence cannot be read.
    PlanUnreadable,
    /// The plan says something else than the manifest.
    PlanDiffers,
    /// The source tree in the evidence is malformed.
    SourceMalformed,
    /// The source was a working copy, not a commit.
    SourceDirty,
    /// The source tree holds another plan or lock than the one that the manifest was made by.
    SourceDiffers,
    /// The repository that commands saw does not follow from its commit and tags, or the source is not that commit's.
    RepositoryDiffers,
    /// The platform is not one that commands run on, or the record names another one than the manifest.
    PlatformDiffers,
    /// The lock of an image says something else than the manifest.
    ImageDiffers,
    /// The lock of a frozen input says something else than the manifest.
    FrozenDiffers,
    /// The ledger of suppressions does not follow from the source, the lines, the plan and the streams.
    SuppressionsDiffer,
    /// A normalizer has other rules than this build's of the same version.
    NormalizerDiffers,
    /// The input root does not follow from the parts.
    InputRootDiffers,
    /// The `Command` does not follow from the plan.
    CommandDiffers,
    /// The `Action` does not follow from command and input root.
    ActionDiffers,
    /// The `ActionResult` does not follow from exit code, streams and outputs.
    ResultDiffers,
    /// The ending contradicts the exit code.
    EndingDiffers,
    /// The canonical stream or output does not follow from the raw one.
    CanonicalDiffers,
    /// The command did not succeed.
    CommandFailed,
    /// The manifest is the record of a failure, and nothing in it failed.
    NothingFailed,
    /// The command failed and then passed, and no entry of the plan's quarantine counts for it.
    Flake,
    /// A command that must not tried to reach the network.
    NetworkAttempt,
    /// It is unknown whether such a command did.
    NetworkUnknown,
    /// A command wrote what the plan forbids.
    Noise,
    /// A command succeeded and did not make an output that the plan declares.
    OutputMissing,
    /// A command made an output that cannot be kept: it is neither a file nor a folder, or too large.
    OutputUnkept,
    /// Nothing can be said of a command: its container was lost, or a stream is too large for what is to be done with it.
    CommandUndecided,
    /// The command exited 0, and nothing in its evidence shows that it checked anything.
    HollowPass,
    /// The command's exit code is above 0, and no verdict: the tool could not do its work.
    NoVerdict,
    /// The command exited 0, and its streams say that the check failed.
    ProofContradicted,
    /// An image of the release cannot be built, is another one the second time, or does not do what it must.
    ImageFailed,
    /// An image of the release is not the recorded one.
    ImageChanged,
    /// Nothing can be said of an image of the release.
    ImageUndecided,
    /// A key that has to have signed a statement about the manifest did not.
    SignatureMissing,
    /// A statement claims the signature of a key that has not signed it.
    SignatureInvalid,
    /// A signed statement says something else than the evidence.
    StatementDiffers,
    /// Somebody has signed that a replay came to something else.
    ReplayDiffers,
    /// Somebody has signed that a replay could not be decided.
    ReplayUndecided,
}

impl FindingName {
    /// Returns the name that reports and JSON use.
    #[must_use]
    pub fn as_str(self) -> String {
        serde_json::to_value(self).ok().and_then(|v| v.as_str().map(ToOwned::to_owned)).unwrap_or_default()
    }

    /// What the finding means for a manifest; never passed.
    #[must_use]
    pub const fn standing(self) -> Standing {
        match self {
            Self::CommandFailed
            | Self::Flake
            | Self::ImageChanged
            | Self::ImageFailed
            | Self::NetworkAttempt
            | Self::Noise
            | Self::OutputMissing
            | Self::OutputUnkept
            | Self::ProofContradicted
            | Self::ReplayDiffers => Standing::Failed,
            Self::CommandUndecided
            | Self::EvidenceMissing
            | Self::HollowPass
            | Self::ImageUndecided
            | Self::LineEndsChanged
            | Self::NetworkUnknown
            | Self::NoCommands
            | Self::NoVerdict
            | Self::NothingFailed
            | Self::ReplayUndecided
            | Self::SignatureMissing
            | Self::SourceDirty
            | Self::UnknownVersion => Standing::Undecided,
            _ => Standing::Tampered,
        }
    }
}

impl From<&Finding> for Standing {
    fn from(finding: &Finding) -> Self {
        finding.name.standing()
    }
}

/// Something that a reader should know and that counts for no verdict.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Note {
    /// What it is about: a place in the manifest or beside it.
    pub at: String,
    /// What there is to know.
    pub says: String,
}

/// Counts the blobs that a manifest names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct EvidenceCount {
    /// How many it names, the directories of its source among them.
    pub named: usize,
    /// How many of them were there.
    pub present: usize,
    /// How many were not, and follow from others.
    pub derived: usize,
}

impl std::ops::AddAssign for EvidenceCount {
    fn add_assign(&mut self, more: Self) {
        self.named += more.named;
        self.present += more.present;
        self.derived += more.derived;
    }
}

/// One thing that a check saw.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The rule that was broken.
    pub name: FindingName,
    /// Where: a place in the manifest, such as `commands.go-test.stdout.raw`.
    pub at: String,
    /// The value that the manifest or the rule demands, as text.
    pub expected: String,
    /// The value in its place, as text.
    pub found: String,
}
