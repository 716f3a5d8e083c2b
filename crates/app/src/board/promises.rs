//! What a plan promises beside its commands (scope, documents, residual risks), as facts for the board.

use std::cmp::Reverse;

use super::documents::{self, DocumentsError};
use super::scope::{self, ScopeError};
use crate::workspace::Workspace;
use rcrepro_format::records::manifest_json::ManifestError;
use rcrepro_model::decision::board::Fact;
use rcrepro_model::decision::risk;
use rcrepro_model::plan::PacketId;
use rcrepro_model::standing::Standing;
use rcrepro_model::text::civil_date::CivilDate;
use rcrepro_model::text::plural::counted;

/// Finds out whether a packet's committed scope record is right and says that the packet kept to its scope.
#[must_use]
pub(crate) fn scope(workspace: &Workspace, packet: &PacketId) -> Fact {
    let record = || format!("rcrepro scope {packet} --base REV --head REV --record");
    match scope::recorded(workspace, packet) {
        Ok(Some(fact)) if fact.holds() => {
            let says = format!("{} changed, all within the scope", counted(fact.record.changes.len(), "file"));
            Fact::Holds { evidence: fact.digest, says }
        }
        Ok(Some(fact)) => {
            let first = fact.record.findings.first().map(ToString::to_string).unwrap_or_default();
            Fact::Fails { why: format!("{}, the first: {first}", counted(fact.record.findings.len(), "finding")) }
        }
        Ok(None) => Fact::Waits { why: format!("its scope is not recorded: {}", record()) },
        Err(error @ ScopeError::Stale { .. }) => Fact::Waits { why: format!("{error}: {}", record()) },
        Err(error @ (ScopeError::Differs { .. } | ScopeError::Malformed { .. })) => {
            Fact::Tampered { why: error.to_string() }
        }
        Err(error) => Fact::Undecided { why: error.to_string() },
    }
}

/// Finds out whether the documents of a commit quote the plan's commands, each with evidence.
#[must_use]
pub(crate) fn documents(workspace: &Workspace, revision: &str) -> Fact {
    let found = match documents::align(workspace, revision) {
        Ok(found) => found,
        Err(error @ DocumentsError::Sections { .. }) => return Fact::Fails { why: error.to_string() },
        Err(DocumentsError::Manifest { source: ManifestError::Version { .. }, path }) => {
            return Fact::Undecided { why: format!("`{}` is of another version", path.display()) };
        }
        Err(error @ DocumentsError::Manifest { .. }) => return Fact::Tampered { why: error.to_string() },
        Err(error) => return Fact::Undecided { why: error.to_string() },
    };
    let worst =
        found.findings().max_by_key(|quoted| (quoted.state.standing(), Reverse((&quoted.document, quoted.line))));
    if let Some(worst) = worst {
        let (word, count) = (worst.state.as_str(), found.findings().count());
        let place = format!("{}:{}: `{}`", worst.document, worst.line, worst.text);
        let why = format!("{} (rcrepro documents), the first: {word}, {place}", counted(count, "finding"));
        // A line without evidence waits for a run.
        return if worst.state.standing() == Standing::Failed { Fact::Fails { why } } else { Fact::Waits { why } };
    }
    match found.hollow() {
        Some(why) => Fact::Undecided { why },
        None => {
            let says = format!(
                "{} in {}",
                counted(found.quoted.len(), "quoted command"),
                counted(found.documents.len(), "document")
            );
            Fact::Holds { evidence: found.digest(), says }
        }
    }
}

/// Finds out whether a release may go out on a day with the residual risks that the plan lists. They rest on the plan.
#[must_use]
pub(crate) fn risks(workspace: &Workspace, day: CivilDate) -> Fact {
    let risks = &workspace.plan.risks;
    let open: Vec<String> = risk::open(risks, day)
        .into_iter()
        .map(|(risk, state)| format!("`{}` ({}) is {}", risk.id, risk.class, state.as_str()))
        .collect();
    if open.is_empty() {
        return Fact::Holds { evidence: workspace.plan_digest(), says: counted(risks.len(), "residual risk") };
    }
    Fact::Fails { why: open.join(", ") }
}
