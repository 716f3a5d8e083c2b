//! The release before: what it suppressed, read from its commit by the readers of today.

use std::collections::BTreeSet;

use super::ledger::{LedgerCommand, gather, place};
use super::reading::TreeReading;
use crate::workspace::{Workspace, WorkspaceError};
use rcrepro_format::records::manifest_json;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::manifest::ReproManifest;
use rcrepro_model::evidence::suppression::{Suppression, SuppressionSource};
use rcrepro_store::git::history::GitHistory;

/// An earlier release, to be compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviousRelease {
    /// The tag or revision that names it.
    pub name: String,
    /// The commit's id.
    pub commit: String,
    /// What it suppressed.
    pub(crate) entries: Vec<Suppression>,
    /// Whether it had a plan, without which only its tree can be compared.
    has_plan: bool,
    /// Whether one of its manifests has a ledger.
    pub(crate) has_ledgers: bool,
    /// Its commands with streams, as ledgers name them.
    evidenced: BTreeSet<String>,
}

impl PreviousRelease {
    /// Finds the release before a revision: `since`, or the nearest tag before it. None without either.
    ///
    /// # Errors
    /// [`WorkspaceError`] when there is no such commit, or it cannot be read.
    pub(crate) fn find(
        workspace: &Workspace,
        revision: &str,
        since: Option<&str>,
    ) -> Result<Option<Self>, WorkspaceError> {
        let (repository, _) = workspace.repository()?;
        let history = GitHistory::open(&repository)?;
        let (name, commit) = match since {
            Some(since) => (since.to_owned(), history.commit(since)?),
            None => match history.tag_before(&history.commit(revision)?)? {
                Some(found) => found,
                None => return Ok(None),
            },
        };
        Ok(Some(Self::read(workspace, name, commit.commit)?))
    }

    fn read(workspace: &Workspace, name: String, commit: String) -> Result<Self, WorkspaceError> {
        let (earlier, has_plan) = match Workspace::at(&workspace.folder, &commit) {
            Ok(earlier) => (earlier, true),
            // It was released without a plan, or with one that this build does not read.
            Err(
                WorkspaceError::NotCommitted { .. }
                | WorkspaceError::CommittedPlan { .. }
                | WorkspaceError::NoPlan { .. }
                | WorkspaceError::Plan { .. },
            ) => (workspace.clone(), false),
            Err(error) => return Err(error),
        };
        // A tool that runs now for the first time makes nothing new of comments that were there: all of the tree counts.
        let mut entries = TreeReading::of_commit(&earlier, &commit)?.suppressions;
        let manifests = if has_plan { manifests(&earlier) } else { Vec::new() };
        let mut evidenced = BTreeSet::new();
        if has_plan {
            let (beside, commands) = beside_tree(&earlier, &manifests);
            entries.extend(beside);
            evidenced = commands;
        }
        let has_ledgers = manifests.iter().any(|manifest| manifest.suppressions.is_some());
        Ok(Self { name, commit, entries, has_plan, has_ledgers, evidenced })
    }

    /// Keeps of the entries of now those that this release could have had.
    pub(crate) fn comparable(&self, now: &[Suppression]) -> Vec<Suppression> {
        let is_known = |entry: &&Suppression| match entry.source {
            SuppressionSource::Tree => true,
            SuppressionSource::Evidence => self.evidenced.contains(&entry.at),
            SuppressionSource::Line | SuppressionSource::Plan => self.has_plan,
        };
        now.iter().filter(is_known).cloned().collect()
    }
}

/// Gathers what lines, plan and committed streams of a release suppress, and names the commands with streams.
fn beside_tree(workspace: &Workspace, manifests: &[ReproManifest]) -> (Vec<Suppression>, BTreeSet<String>) {
    let plan = &workspace.plan;
    let recorded = |id| manifests.iter().find_map(|manifest| manifest.command(id));
    let specs = plan.sets.values().flatten();
    let commands: Vec<LedgerCommand<'_>> =
        specs.map(|spec| LedgerCommand { id: &spec.id, line: &spec.line, entry: recorded(&spec.id) }).collect();
    let stream = |digest: Digest| {
        let mut packets = manifests.iter().map(|manifest| workspace.manifest_path(&manifest.packet));
        let file = |path: std::path::PathBuf| crate::evidence::folder_of(&path).join(digest.hash.to_string());
        packets.find_map(|path| workspace.files.read(&file(path)).ok()).filter(|bytes| Digest::of(bytes) == digest)
    };
    let evidenced =
        commands.iter().filter(|command| command.entry.is_some()).map(|command| place(command.id)).collect();
    (gather(plan, &[], &commands, &stream), evidenced)
}

/// Reads the manifests that a commit has.
fn manifests(workspace: &Workspace) -> Vec<ReproManifest> {
    let ids = workspace.plan.packets.keys();
    let read = |id| manifest_json::decode(&workspace.files.read(&workspace.manifest_path(id)).ok()?).ok();
    ids.filter_map(read).collect()
}
