//! Approvals and reviews: the only things that people tick, recorded with who and what they saw.

use serde::{Deserialize, Serialize};

use crate::content::digest::Digest;
use crate::plan::packet_id::PacketId;

/// The version of the record's format that this build reads and writes.
pub const APPROVAL_VERSION: u32 = 1;

/// What a person approves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalKind {
    /// The plan; the subject is the digest of the plan file.
    Approval,
    /// A packet's evidence; the subject is the digest of its manifest.
    Review,
}

impl ApprovalKind {
    /// Returns the word that records, plans and boards use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::Review => "review",
        }
    }
}

/// One record. Hash rule: its digest is over its RFC 8785 bytes. It is not signed: git says who committed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The format's version, [`APPROVAL_VERSION`].
    pub version: u32,
    /// The packet whose evidence was looked at.
    pub packet: PacketId,
    /// What is approved.
    pub kind: ApprovalKind,
    /// The name that the approver gave; not verified.
    pub by: String,
    /// What they saw.
    pub subject: Digest,
    /// A remark of the person who approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}
