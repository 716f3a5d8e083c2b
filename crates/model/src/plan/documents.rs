//! Documents that quote commands: which ones are looked at, and the state of each quoted command.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::content::digest::Digest;
use crate::content::name::{Name, TreePath};
use crate::plan::packet_id::PacketId;
use crate::standing::Standing;

/// Which documents are held against the plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentSettings {
    /// Globs, relative to the plan's folder, of tracked Markdown documents whose commands must be the plan's.
    pub paths: Vec<String>,
    /// Documents with sections that rcrepro writes. They are not part of the certified source: a section that holds what a
    /// source's evidence came to cannot be in that source.
    pub generated: BTreeSet<TreePath>,
}

/// A section that rcrepro writes into documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SectionName {
    /// The packets, a row each.
    Board,
    /// The criteria of each packet.
    Checklist,
    /// The residual risks.
    Risks,
    /// The security gate and the final certification.
    Verdict,
}

impl SectionName {
    /// Every section, sorted by name.
    pub const ALL: [Self; 4] = [Self::Board, Self::Checklist, Self::Risks, Self::Verdict];

    /// Returns the name that markers and plans use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Board => "board",
            Self::Checklist => "checklist",
            Self::Risks => "risks",
            Self::Verdict => "verdict",
        }
    }
}

impl fmt::Display for SectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The error for a text that is not a valid section.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no section `{found}`: expected `board`, `checklist`, `risks` or `verdict`")]
pub struct SectionNameError {
    /// The text that was found.
    pub found: String,
}

impl FromStr for SectionName {
    type Err = SectionNameError;

    fn from_str(text: &str) -> Result<Self, SectionNameError> {
        let found = Self::ALL.into_iter().find(|name| name.as_str() == text);
        found.ok_or_else(|| SectionNameError { found: text.to_owned() })
    }
}

/// A command of the plan with the evidence for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanLine {
    /// The plan's exact line.
    pub line: String,
    /// The recorded manifests that hold this line.
    pub recorded: Vec<RecordedCommand>,
}

/// A command in a recorded manifest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RecordedCommand {
    /// The packet whose manifest it is.
    pub packet: PacketId,
    /// The command, by its id in the plan.
    pub command: Name,
    /// The digest of the manifest's bytes.
    pub manifest: Digest,
    /// Whether it ended by itself with exit code 0.
    pub succeeded: bool,
}

/// A command that a document quotes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QuotedCommand {
    /// The document's path, relative to the plan's folder.
    pub document: String,
    /// The line where the command begins, from 1.
    pub line: usize,
    /// The command, without prompt, continuation marks and comment.
    pub text: String,
    /// Whether the plan and the recorded manifests have it.
    #[serde(flatten)]
    pub state: QuotedState,
}

/// The state of a quoted command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum QuotedState {
    /// It is the plan's, and a recorded manifest holds it with exit code 0.
    Backed {
        /// Each manifest that holds the line.
        recorded: Vec<RecordedCommand>,
    },
    /// It is the plan's, and no recorded manifest holds it with exit code 0.
    Unbacked {
        /// Where it was recorded as failed.
        recorded: Vec<RecordedCommand>,
    },
    /// It is not the plan's.
    Stale {
        /// The plan's command that looks most like it.
        nearest: Option<String>,
    },
    /// The document says that it is not meant to be the plan's.
    Ignored {
        /// The author's reason from the comment.
        reason: String,
    },
}

impl QuotedState {
    /// Whether somebody has to change the document or the plan.
    #[must_use]
    pub const fn is_finding(&self) -> bool {
        matches!(self, Self::Stale { .. } | Self::Unbacked { .. })
    }

    /// What it comes to: evidence that is missing decides nothing, and a recorded failure is one.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        match self {
            Self::Backed { .. } | Self::Ignored { .. } => Standing::Passed,
            Self::Unbacked { recorded } if recorded.is_empty() => Standing::Undecided,
            Self::Unbacked { .. } | Self::Stale { .. } => Standing::Failed,
        }
    }

    /// Lists where it was recorded.
    #[must_use]
    pub fn recorded(&self) -> &[RecordedCommand] {
        match self {
            Self::Backed { recorded } | Self::Unbacked { recorded } => recorded,
            Self::Stale { .. } | Self::Ignored { .. } => &[],
        }
    }

    /// Returns the word that reports use.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Backed { .. } => "backed",
            Self::Unbacked { .. } => "unbacked",
            Self::Stale { .. } => "stale",
            Self::Ignored { .. } => "ignored",
        }
    }
}
