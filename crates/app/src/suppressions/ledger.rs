//! The ledger of a packet, and of all packets of a plan: tree, lines, plan and streams together.

use super::reading::TreeReading;
use crate::evidence::EvidenceError;
use rcrepro_format::records::suppressions_json;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::manifest::{CommandEntry, ReproManifest};
use rcrepro_model::evidence::suppression::{Suppression, SuppressionLedger};
use rcrepro_model::plan::Plan;
use rcrepro_proof::MAX_INPUT;
use rcrepro_store::BlobStore;
use rcrepro_suppressions::{self as suppressions, ToolsInUse};

/// A command of which suppressions are gathered.
pub(crate) struct LedgerCommand<'a> {
    pub(crate) id: &'a Name,
    pub(crate) line: &'a str,
    /// What is recorded of it, if anything.
    pub(crate) entry: Option<&'a CommandEntry>,
}

/// Gathers what commands are told not to report. Of the tree counts what a tool heeds that one of the lines may run. `stream` gives a
/// stream's bytes; without them its command says nothing of what it skipped.
pub(crate) fn gather(
    plan: &Plan,
    tree: &[Suppression],
    commands: &[LedgerCommand<'_>],
    stream: &dyn Fn(Digest) -> Option<Vec<u8>>,
) -> Vec<Suppression> {
    let tools = ToolsInUse::of(commands.iter().map(|command| command.line));
    let mut found: Vec<Suppression> = tree.iter().filter(|entry| tools.heeds(&entry.kind)).cloned().collect();
    for LedgerCommand { id, line, entry } in commands {
        let at = place(id);
        found.extend(suppressions::of_line(&at, line));
        found.extend(suppressions::of_command(plan, id, entry.is_some_and(|entry| !entry.earlier.is_empty())));
        let streams = entry.filter(|entry| entry.stdout.raw.size.max(entry.stderr.raw.size) <= MAX_INPUT);
        let streams = streams.and_then(|entry| Some([stream(entry.stdout.raw)?, stream(entry.stderr.raw)?]));
        if let Some([stdout, stderr]) = streams {
            found.extend(suppressions::of_streams(&at, [&stdout, &stderr]));
        }
    }
    found.extend(suppressions::of_waivers(plan));
    found.sort();
    found
}

/// Names a command as ledgers do.
pub(crate) fn place(id: &Name) -> String {
    format!("commands.{id}")
}

/// Gathers what a manifest's commands are told not to report.
pub(crate) fn of_manifest(
    plan: &Plan,
    manifest: &ReproManifest,
    tree: &TreeReading,
    store: &dyn BlobStore,
) -> Vec<Suppression> {
    let commands: Vec<LedgerCommand<'_>> = manifest
        .commands
        .iter()
        .map(|entry| LedgerCommand { id: &entry.id, line: &entry.line, entry: Some(entry) })
        .collect();
    gather(plan, &tree.suppressions, &commands, &|digest| store.get(digest).ok())
}

/// Puts the ledger of a manifest into the store, and gives its digest; none where there is nothing in it.
///
/// # Errors
/// [`EvidenceError`] when a file of the source cannot be read: a ledger is whole, or there is none.
pub(crate) fn record(
    plan: &Plan,
    manifest: &ReproManifest,
    store: &dyn BlobStore,
) -> Result<Option<Digest>, EvidenceError> {
    let tree = TreeReading::of_store(store, manifest.source.root)?;
    for digest in tree.unread.values() {
        store.get(*digest)?;
    }
    let entries = of_manifest(plan, manifest, &tree, store);
    if entries.is_empty() {
        return Ok(None);
    }
    Ok(Some(store.put(&suppressions_json::encode(&SuppressionLedger::new(entries)).0)?))
}
