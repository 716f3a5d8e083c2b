//! The mark of a packet that failed: what a manifest adds to the entries of its commands.
//!
//! Such a manifest is `PACKET.failed.json` and has a version of its own, so that it cannot pass for one of a packet that is done,
//! wherever it is put.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::finding::{Finding, FindingName};
use crate::content::name::{Name, TreePath};
use crate::plan::CommandSpec;

/// The mark of a packet that failed, with what no entry of a command shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailedEntry {
    /// The commands that tried to reach the network although the plan forbids it. Attempts leave nothing in the evidence: a
    /// replay sees them again.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub network: BTreeSet<Name>,
    /// The commands of the packet that have no entry: one that they need failed, or nothing could be said of them.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub not_run: BTreeSet<Name>,
    /// By command, the declared outputs that were there and that no evidence can hold, each with what it was: a FIFO, a socket, a
    /// device. Where there is one, the manifest has a version of its own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub unkept: BTreeMap<Name, BTreeMap<TreePath, String>>,
}

impl FailedEntry {
    /// Makes the mark of a run: `specs` are the packet's commands, `ran` those with an entry, and `findings` what the run noticed.
    #[must_use]
    pub fn of_run<'a>(
        specs: impl IntoIterator<Item = &'a CommandSpec>,
        ran: &BTreeSet<&Name>,
        findings: &[Finding],
    ) -> Self {
        let mut failed = Self { network: networked(ran, findings), ..Self::default() };
        for spec in specs {
            if !ran.contains(&spec.id) {
                failed.not_run.insert(spec.id.clone());
                continue;
            }
            let reasons: BTreeMap<TreePath, String> = spec
                .outputs
                .iter()
                .filter_map(|path| Some((path.clone(), unkept(&spec.id, path, findings)?)))
                .collect();
            if !reasons.is_empty() {
                failed.unkept.insert(spec.id.clone(), reasons);
            }
        }
        failed
    }
}

fn unkept(id: &Name, path: &TreePath, findings: &[Finding]) -> Option<String> {
    let at = format!("commands.{id}.outputs.{path}");
    let found = findings.iter().find(|finding| finding.name == FindingName::OutputUnkept && finding.at == at);
    found.map(|finding| finding.found.clone())
}

/// Lists the commands that tried to reach the network although the plan forbids it, as a run noticed.
#[must_use]
pub fn networked(ran: &BTreeSet<&Name>, findings: &[Finding]) -> BTreeSet<Name> {
    let tried = |id: &Name| {
        let at = format!("commands.{id}.network");
        findings.iter().any(|finding| finding.name == FindingName::NetworkAttempt && finding.at == at)
    };
    ran.iter().filter(|id| tried(id)).map(|id| (*id).clone()).collect()
}
