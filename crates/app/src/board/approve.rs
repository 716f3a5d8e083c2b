//! `rcrepro approve PACKET`: records that somebody approved the plan, or reviewed a packet's evidence.
//!
//! The record is `approvals/PACKET.KIND.json` of the plan's folder and is committed like the manifests. It counts as long
//! as what it names is what is there.

use std::path::PathBuf;

use crate::workspace::attributes::write_record;
use crate::workspace::{Workspace, WorkspaceError};
use rcrepro_format::syntax::canonical_json;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::decision::approval::{APPROVAL_VERSION, Approval, ApprovalKind};
use rcrepro_model::decision::board::Fact;
use rcrepro_model::plan::PacketId;
use rcrepro_model::text::hint::Hint;
use rcrepro_store::door;

/// Says why nothing could be approved.
#[derive(Debug, thiserror::Error)]
pub enum ApproveError {
    /// The workspace cannot be used.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// There is no evidence to review.
    #[error("{packet} has no manifest at `{path}`: a review is of evidence")]
    NoManifest {
        /// The packet to review.
        packet: PacketId,
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The name is empty or holds control characters.
    #[error("`{found}` names nobody: expected a name without line breaks")]
    Name {
        /// The text that was found.
        found: String,
        /// The packet that was to be approved.
        packet: PacketId,
    },
    /// The record could not be written.
    #[error("cannot write `{path}`")]
    Io {
        /// The record.
        path: PathBuf,
        /// The failed write.
        #[source]
        source: std::io::Error,
    },
}

impl Hint for ApproveError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Workspace(error) => error.hint(),
            Self::NoManifest { packet, .. } => Some(format!("rcrepro run {packet}")),
            Self::Name { packet, .. } => Some(format!("rcrepro approve {packet} --by \"A Name\"")),
            Self::Io { .. } => None,
        }
    }
}

/// Writes a record, in place of an earlier one of this packet and kind; gives its path and what it names.
///
/// # Errors
/// [`ApproveError`].
pub fn approve(
    workspace: &Workspace,
    packet: &PacketId,
    kind: ApprovalKind,
    by: &str,
    note: Option<&str>,
) -> Result<(PathBuf, Digest), ApproveError> {
    workspace.packet(packet)?;
    let by = by.trim();
    if by.is_empty() || by.chars().any(char::is_control) {
        return Err(ApproveError::Name { found: by.to_owned(), packet: packet.clone() });
    }
    let subject = subject(workspace, packet, kind)
        .ok_or_else(|| ApproveError::NoManifest { packet: packet.clone(), path: workspace.manifest_path(packet) })?;
    let approval = Approval {
        version: APPROVAL_VERSION,
        packet: packet.clone(),
        kind,
        by: by.to_owned(),
        subject,
        note: note.map(ToOwned::to_owned),
    };
    let path = path(workspace, packet, kind);
    let bytes = canonical_json::to_vec(&approval).expect("an approval holds strings and integers");
    write_record(&path, &bytes).map_err(|source| ApproveError::Io { path: path.clone(), source })?;
    Ok((path, subject))
}

/// Finds out whether somebody approved what is there.
#[must_use]
pub(crate) fn fact(workspace: &Workspace, packet: &PacketId, kind: ApprovalKind) -> Fact {
    let option = if kind == ApprovalKind::Review { " --review" } else { "" };
    let waits = |why: &str| Fact::Waits { why: format!("{why}: rcrepro approve {packet}{option} --by NAME") };
    let Some(subject) = subject(workspace, packet, kind) else {
        return Fact::Waits { why: "there is no manifest to review yet".into() };
    };
    let path = path(workspace, packet, kind);
    let bytes = match door::read(&path, door::RECORD_LIMIT) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return waits(&format!("waits for its {}", kind.as_str()));
        }
        Err(error) => return Fact::Undecided { why: format!("cannot read `{}`: {error}", path.display()) },
    };
    let approval: Approval = match serde_json::from_slice(&bytes) {
        Ok(approval) => approval,
        Err(error) => return Fact::Undecided { why: format!("cannot read `{}`: {error}", path.display()) },
    };
    if approval.version != APPROVAL_VERSION || approval.packet != *packet || approval.kind != kind {
        return Fact::Undecided { why: format!("`{}` is of another packet, kind or version", path.display()) };
    }
    if approval.subject != subject {
        let what = if kind == ApprovalKind::Review { "evidence" } else { "plan" };
        return waits(&format!("{} approved another {what} ({})", approval.by, approval.subject));
    }
    Fact::Holds { evidence: Digest::of(&bytes), says: format!("by {}", approval.by) }
}

fn path(workspace: &Workspace, packet: &PacketId, kind: ApprovalKind) -> PathBuf {
    workspace.records_folder().join("approvals").join(format!("{packet}.{}.json", kind.as_str()))
}

/// Gives the digest of what is approved; none when there is nothing.
fn subject(workspace: &Workspace, packet: &PacketId, kind: ApprovalKind) -> Option<Digest> {
    match kind {
        ApprovalKind::Approval => Some(workspace.plan_digest()),
        ApprovalKind::Review => {
            door::read(&workspace.manifest_path(packet), door::RECORD_LIMIT).ok().map(|bytes| Digest::of(&bytes))
        }
    }
}
