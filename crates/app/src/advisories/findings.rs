//! What the evidence of a plan's scan commands says that they found.
//!
//! The newest run or replay of this very source counts, failed ones too; without one, the committed record of a failure, and
//! then the committed manifest. Nothing is executed.

use std::collections::{BTreeMap, BTreeSet};

use crate::board::status_error::StatusError;
use crate::evidence::currency::outdated;
use crate::evidence::evidence_set::{EvidenceSet, EvidenceSetError};
use crate::evidence::failure;
use crate::evidence::history::History;
use crate::evidence::judged::PacketJudge;
use crate::evidence::recorded;
use crate::run::ended::ended;
use crate::run::prove::{Proved, prove};
use crate::workspace::Workspace;
use rcrepro_model::advisory::findings::{Findings, Scan, ScanBasis};
use rcrepro_model::advisory::rescan::ScanOutcome;
use rcrepro_model::advisory::scan::{SCANNERS, ScanFinding};
use rcrepro_model::advisory::waiver::{self, Known, Waiver};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::decision::board::PacketEvidence;
use rcrepro_model::evidence::manifest::{CommandEntry, OutputEntry, ReproManifest};
use rcrepro_model::plan::proof::{Condition, Tool};
use rcrepro_model::plan::{CommandSpec, PacketId, Plan};
use rcrepro_model::standing::Standing;
use rcrepro_model::text::civil_date::CivilDate;
use rcrepro_proof as proof;
use rcrepro_proof::Proof;
use rcrepro_proof::scans::{self, ScanEvidence};
use rcrepro_store::fs::FsStore;
use rcrepro_store::{BlobStore, GET_LIMIT, StoreError};

/// Gathers the findings of some packets, or of all; waivers count as they do on a day.
///
/// # Errors
/// [`StatusError`] when the store or the evidence cannot be read; what is merely missing is told.
pub fn findings(
    workspace: &Workspace,
    packets: &[PacketId],
    source: Digest,
    store: &FsStore,
    day: CivilDate,
) -> Result<Findings, StatusError> {
    let mut findings = Findings::default();
    for (id, packet) in &workspace.plan.packets {
        let is_wanted = packets.is_empty() || packets.contains(id);
        let scans = workspace.plan.commands(packet).filter(|spec| is_wanted && !scanners(spec).is_empty());
        let scans: Vec<&CommandSpec> = scans.collect();
        if scans.is_empty() {
            continue;
        }
        let (newest, unread) = newest_or_reason(workspace, id, source, store)?;
        for spec in scans {
            let entry = newest.as_ref().and_then(|newest| Some((newest, newest.0.command(&spec.id)?)));
            let mut scan = unread_scan(id, spec, unread.clone());
            if let Some(((_, origin, store), entry)) = entry {
                let (outcome, found, conditions) = read_scan(workspace, id, spec, entry, &**store);
                (scan.origin, scan.outcome, scan.conditions) = (Some(origin.clone()), Some(outcome), conditions);
                for finding in found {
                    findings.found.entry(finding).or_default().insert((id.clone(), spec.id.clone()));
                }
            }
            findings.scans.push(scan);
        }
    }
    for name in findings.found.keys().map(|finding| finding.name().to_string()) {
        if let Some(waiver) = Waiver::find(&workspace.plan.waivers, &name, day) {
            findings.waived.insert(name, waiver.to_string());
        }
    }
    if packets.is_empty() {
        findings.notes = idle(&workspace.plan.waivers, &findings, day);
    }
    Ok(findings)
}

/// Lets count what the evidence of the packets with scans came to, as the board judges it.
///
/// # Errors
/// [`StatusError`] when the runs or the evidence cannot be read at all.
pub fn weigh(
    findings: &mut Findings,
    workspace: &Workspace,
    source: Digest,
    store: &FsStore,
    day: CivilDate,
) -> Result<(), StatusError> {
    let judge = PacketJudge::new(workspace, store, source, day)?;
    let ids: BTreeSet<&PacketId> = findings.scans.iter().map(|scan| &scan.packet).collect();
    let mut evidence = BTreeMap::new();
    for id in ids {
        let (standing, why) = match judge.evidence(id, workspace.packet(id)?)? {
            PacketEvidence::Failed { why } => (Standing::Failed, why),
            PacketEvidence::Tampered { why } => (Standing::Tampered, why),
            _ => continue,
        };
        evidence.insert(id.clone(), ScanBasis { standing, why: why.into_iter().next().unwrap_or_default() });
    }
    findings.evidence = evidence;
    Ok(())
}

/// Finds the newest evidence of a packet, or says why it cannot be read: older evidence does not take its place then.
fn newest_or_reason(
    workspace: &Workspace,
    id: &PacketId,
    source: Digest,
    store: &FsStore,
) -> Result<(Option<Newest>, Option<String>), StatusError> {
    match newest(workspace, id, source, store) {
        Ok(newest) => Ok((newest, None)),
        Err(StatusError::Recorded(error)) if error.cure().is_some() => Ok((None, Some(error.line()))),
        Err(error @ (StatusError::Evidence(EvidenceSetError::Read { .. }) | StatusError::NoManifest { .. })) => {
            Ok((None, Some(format!("{error}: rcrepro run {id}"))))
        }
        Err(error) => Err(error),
    }
}

/// A scan without evidence, or whose evidence cannot be read for this reason.
fn unread_scan(packet: &PacketId, spec: &CommandSpec, reason: Option<String>) -> Scan {
    Scan {
        packet: packet.clone(),
        command: spec.id.clone(),
        line: spec.line.clone(),
        origin: None,
        outcome: reason.map(|why| ScanOutcome::Undecided { why }),
        conditions: Vec::new(),
    }
}

/// Reads what a scan found, and the conditions of its proof. Evidence that is gone leaves this scan undecided, and the others
/// are still read.
fn read_scan(
    workspace: &Workspace,
    packet: &PacketId,
    spec: &CommandSpec,
    entry: &CommandEntry,
    store: &dyn BlobStore,
) -> (ScanOutcome, Vec<ScanFinding>, Vec<Condition>) {
    let read = prove(&workspace.plan, spec, entry, store).and_then(|Proved { proof, .. }| {
        let (outcome, found) = outcome_of(&proof, spec, entry, store)?;
        Ok((outcome, found, proof.conditions().to_vec()))
    });
    read.unwrap_or_else(|error| {
        let why = format!("{error}: rcrepro run {packet}");
        (ScanOutcome::Undecided { why }, Vec::new(), Vec::new())
    })
}

/// Names the waivers that are about findings of scanners alone and do nothing, a line each. While a scan says nothing, only those
/// that have expired can be told.
fn idle(waivers: &[Waiver], findings: &Findings, day: CivilDate) -> Vec<String> {
    let about = |waiver: &&Waiver| {
        let text = waiver.finding.to_string();
        SCANNERS.iter().any(|tool| text.starts_with(&format!("{tool}/")))
    };
    let ours: Vec<Waiver> = waivers.iter().filter(about).cloned().collect();
    let ids = findings.found.keys().map(|finding| finding.name().to_string()).collect();
    let unknown = if findings.silent().is_empty() { BTreeSet::new() } else { [""].into() };
    waiver::idle(&ours, &Known { ids, unknown }, day).into_iter().map(|idle| idle.says).collect()
}

/// Lists the scanners that a command calls, each with its folder.
fn scanners(spec: &CommandSpec) -> Vec<(Tool, String)> {
    proof::tools(&spec.line, spec.proof).into_iter().filter(|(tool, _)| SCANNERS.contains(tool)).collect()
}

/// Lists the tools of the scans that said something.
#[must_use]
pub fn tools(workspace: &Workspace, findings: &Findings) -> Vec<Tool> {
    let said = |scan: &&Scan| matches!(scan.outcome, Some(ScanOutcome::Clean | ScanOutcome::Finds { .. }));
    let specs = |scan: &Scan| workspace.plan.command(&scan.command);
    let scans = findings.scans.iter().filter(said).filter_map(specs);
    let found: BTreeSet<Tool> = scans.flat_map(scanners).map(|(tool, _)| tool).collect();
    found.into_iter().collect()
}

/// A manifest, where it is from, and the store of its blobs.
type Newest = (ReproManifest, String, Box<dyn BlobStore>);

/// Finds the newest evidence of a packet that is of this source, plan and locks.
///
/// # Errors
/// [`StatusError`] when the store or the evidence cannot be read.
pub(crate) fn newest(
    workspace: &Workspace,
    id: &PacketId,
    source: Digest,
    store: &FsStore,
) -> Result<Option<Newest>, StatusError> {
    let history = History::open(store.root())?;
    if let Some(found) = history.newest_current(id, workspace, source, store)? {
        let own = FsStore::open(store.root())?;
        let origin = format!("{} {}", found.record.kind, found.record.run);
        return Ok(Some((found.manifest, origin, Box::new(own))));
    }
    if let Some(set) = failure::open(workspace, id, store.root())?
        && failure::is_current(workspace, &set, id, source, store) != Some(false)
    {
        let path = workspace.failed_path(id);
        let manifest = set.manifest().map_err(|source| StatusError::NoManifest { path, source })?;
        return Ok(Some((manifest, format!("manifests/{id}.failed.json"), Box::new(set.into_blobs()))));
    }
    let path = workspace.manifest_path(id);
    let set = match EvidenceSet::open(&path, Some(store.root())) {
        Err(EvidenceSetError::Read { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        set => set?,
    };
    let manifest = set.manifest().map_err(|source| StatusError::NoManifest { path, source })?;
    // A plan that is damaged in the store is the very one at hand when the digests are equal.
    let own = || (manifest.plan == workspace.plan_digest()).then(|| workspace.plan.clone());
    let plan = recorded::plan(&manifest, set.blobs()).or_else(own);
    let is_current = plan.is_some_and(|plan| outdated(workspace, &manifest, &plan, source, store).is_none());
    if manifest.packet != *id || !is_current {
        return Ok(None);
    }
    Ok(Some((manifest, format!("manifests/{id}.json"), Box::new(set.into_blobs()))))
}

/// Says what a command's evidence says that it found. A scan that did not do its work, or whose report cannot be read, says
/// nothing.
///
/// # Errors
/// [`StoreError`] when a stream is missing or damaged.
pub(crate) fn outcome(
    plan: &Plan,
    spec: &CommandSpec,
    entry: &CommandEntry,
    store: &dyn BlobStore,
) -> Result<(ScanOutcome, Vec<ScanFinding>), StoreError> {
    let Proved { proof, .. } = prove(plan, spec, entry, store)?;
    outcome_of(&proof, spec, entry, store)
}

fn outcome_of(
    proof: &Proof,
    spec: &CommandSpec,
    entry: &CommandEntry,
    store: &dyn BlobStore,
) -> Result<(ScanOutcome, Vec<ScanFinding>), StoreError> {
    let undecided = |why: String| Ok((ScanOutcome::Undecided { why }, Vec::new()));
    if proof.standing() == Standing::Undecided {
        return undecided(proof.to_string());
    }
    let passed = proof.standing() == Standing::Passed;
    let tools = scanners(spec);
    if tools.is_empty() && passed {
        return Ok((ScanOutcome::Clean, Vec::new()));
    }
    let too_large = |raw: &Digest| raw.size > GET_LIMIT;
    if [entry.stdout.raw, entry.stderr.raw].iter().any(too_large) {
        return undecided("its report is too large to be read".to_owned());
    }
    let (stdout, stderr) = (store.get(entry.stdout.raw)?, store.get(entry.stderr.raw)?);
    let mut outputs = Vec::new();
    for output in entry.outputs.values() {
        if let OutputEntry::File { raw, .. } = output
            && !too_large(raw)
        {
            outputs.push(store.get(*raw)?);
        }
    }
    let mut found = Vec::new();
    for (tool, folder) in &tools {
        let evidence = ScanEvidence { stdout: &stdout, stderr: &stderr, outputs: &outputs, folder };
        match scans::read(*tool, &evidence) {
            Some(findings) => found.extend(findings),
            None => return undecided(format!("no report of {tool} can be read in its evidence")),
        }
    }
    if found.is_empty() && !passed {
        let ended = ended(Some(spec), entry);
        return undecided(format!("it failed ({ended}), and nothing says what it found"));
    }
    let ids: BTreeSet<String> = found.iter().map(|finding| finding.id.clone()).collect();
    Ok((if ids.is_empty() { ScanOutcome::Clean } else { ScanOutcome::Finds { ids } }, found))
}
