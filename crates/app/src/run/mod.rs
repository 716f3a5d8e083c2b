//! `rcrepro run PACKET`: executes a packet's commands and records what came out.

pub mod actions;
pub mod ended;
pub mod execute;
pub mod mending;
pub mod prepare;
pub mod promised;
pub mod proving;
pub mod quiet;
pub mod record;
pub mod replay;
pub mod shake;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::SystemTime;

use tokio_util::sync::CancellationToken;

use super::evidence::{self, EvidenceError};
use crate::run::execute::{ExecuteError, Executions, Executor};
use crate::run::mending::mending;
use crate::run::prepare::{Preparation, PrepareError};
use crate::run::proving::Proved;
use crate::workspace::files::try_folder;

use super::workspace::{Workspace, WorkspaceError};
use crate::machine::session::Session;
use crate::release as release_images;
use crate::release::{ReleaseError, ReleaseStep};
use crate::workspace::source;
use rcrepro_engine::Engine as _;
use rcrepro_format::records::{manifest_json, run_record_json};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::evidence::manifest::ReproManifest;
use rcrepro_model::evidence::release_record::Released;
use rcrepro_model::evidence::run_record::{RUN_RECORD_VERSION, RunRecord};
use rcrepro_model::execution::attempt::Watch;
use rcrepro_model::execution::event::RunEvent;
use rcrepro_model::execution::fault::Fault;
use rcrepro_model::execution::second_look::told::FailureNotes;
use rcrepro_model::plan::PacketId;
use rcrepro_model::plan::quarantine::Flake;
use rcrepro_model::standing::Standing;
use rcrepro_model::text::civil_date::CivilDate;
use rcrepro_proof::Proof;
use rcrepro_store::runs;
use rcrepro_store::{BlobStore as _, StoreError};

/// Says why a run could not be decided.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The workspace cannot be used.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The packet runs nothing.
    #[error("{packet} has no command: its criteria rest on other things")]
    NoCommands {
        /// The packet.
        packet: PacketId,
    },
    /// An image that the packet builds cannot be built, whatever the commands do.
    #[error("{packet} cannot be run from this source:{}", faults.iter().map(|fault| format!("\n  {fault}")).collect::<String>())]
    Unbuildable {
        /// The packet.
        packet: PacketId,
        /// What is in the way, by place.
        faults: Vec<Fault>,
    },
    /// Something that must stand before a command runs could not be had.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The result of a command could not be decided.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
    /// The evidence could not be written.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nothing can be said of the release's images.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// The run record could not be written.
    #[error(transparent)]
    Runs(#[from] runs::RunError),
}

/// Says how a packet is executed.
#[derive(Clone, Copy)]
pub struct RunOptions<'a> {
    /// The commit whose tree is the source.
    pub revision: &'a str,
    /// How many commands may run at once.
    pub lanes: usize,
    /// Whether commands that failed are executed again in looser worlds, only to say which pin they fail by.
    pub second_look: bool,
    /// The day, for what the plan lets pass until one.
    pub today: CivilDate,
    /// Hears what happens.
    pub observe: &'a (dyn Fn(RunEvent) + Sync),
    /// Stops it.
    pub cancel: &'a CancellationToken,
}

/// Is a packet that was executed and recorded in the store.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// What must be equal everywhere.
    pub manifest: ReproManifest,
    /// The manifest's bytes.
    pub bytes: Vec<u8>,
    /// Its digest.
    pub digest: Digest,
    /// What may differ.
    pub record: RunRecord,
    /// What was seen of each command's attempts at the network.
    pub network: BTreeMap<Name, Watch>,
    /// Where commands were not as quiet as the plan wants them.
    pub findings: Vec<Finding>,
    /// What the evidence of each command that ran proves.
    pub proofs: BTreeMap<Name, Proof>,
    /// How each command that ran ended, in words.
    pub endings: BTreeMap<Name, String>,
    /// The commands that failed and passed when they were run again.
    pub flakes: BTreeMap<Name, Flake>,
    /// What stands beside the commands that failed.
    pub notes: BTreeMap<Name, FailureNotes>,
    /// The blobs of the commands' inputs that the proofs rest on.
    pub proof_inputs: BTreeSet<Digest>,
    /// What became of the release's images, when the packet builds any and every command passed.
    pub images: Option<Released>,
    /// Where the manifest was written, when every command passed and the plan's folder was to have it.
    pub written: Option<PathBuf>,
}

impl Recorded {
    /// Tells whether every command of the packet ran, succeeded, was as quiet as the plan wants it, and was neither a hollow
    /// pass nor a flake without quarantine.
    #[must_use]
    pub fn passed(&self, expected: usize) -> bool {
        self.manifest.commands.len() == expected && self.standing() == Standing::Passed
    }

    /// What became of the release's images; passed when there are none.
    #[must_use]
    pub fn images_standing(&self) -> Standing {
        Standing::worst(self.images.iter().flat_map(|images| &images.findings))
    }

    /// What the commands that ran came to.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let noticed = Standing::worst(&self.findings).max(Standing::worst(self.flakes.values()));
        Standing::of_evidence(self.proofs.values()).max(noticed)
    }

    /// What the whole packet came to, of whose commands `expected` are in the plan: one that did not run decides nothing.
    #[must_use]
    pub fn outcome(&self, expected: usize) -> Standing {
        let unrun = (self.manifest.commands.len() < expected).then_some(Standing::Undecided);
        self.standing().max(self.images_standing()).max(Standing::worst(unrun))
    }
}

/// Executes one packet. Every command that succeeded or failed is in the store's record; the manifest in the plan's folder
/// is replaced only when all succeeded, none was a hollow pass, and no image of the release failed.
///
/// # Errors
/// [`RunError`].
pub async fn run(
    session: &Session,
    workspace: &Workspace,
    id: &PacketId,
    options: RunOptions<'_>,
) -> Result<Recorded, RunError> {
    // Before the work, not after it.
    let folder = workspace.manifest_path(id).parent().unwrap_or(&workspace.folder).to_owned();
    try_folder(&folder).map_err(|source| EvidenceError::Io { doing: "write into", path: folder, source })?;
    mending(&session.store, options.observe, options.cancel, async || run_once(session, workspace, id, options).await)
        .await
}

async fn run_once(
    session: &Session,
    workspace: &Workspace,
    id: &PacketId,
    options: RunOptions<'_>,
) -> Result<Recorded, RunError> {
    let mut recorded = execute(session, workspace, id, options, None).await?;
    let expected = workspace.plan.commands(workspace.packet(id)?).count();
    // An engine that cannot build images has still run the commands.
    if recorded.passed(expected) && recorded.images_standing() <= Standing::Undecided {
        let path = workspace.manifest_path(id);
        evidence::write(&path, &recorded.bytes, &recorded.manifest, &recorded.proof_inputs, &*session.store)?;
        if let Some(Released { record: Some(record), findings, written }) = &mut recorded.images
            && findings.is_empty()
        {
            *written = Some(release_images::write(&path, record, &session.store)?.display().to_string());
        }
        recorded.written = Some(path);
    }
    Ok(recorded)
}

/// Prepares and executes a packet, and records it in the store. With `against`, it is a replay of that manifest.
///
/// # Errors
/// [`RunError`].
pub async fn execute(
    session: &Session,
    workspace: &Workspace,
    id: &PacketId,
    options: RunOptions<'_>,
    against: Option<(&ReproManifest, Digest)>,
) -> Result<Recorded, RunError> {
    let started = SystemTime::now();
    let packet = workspace.packet(id)?;
    if workspace.plan.commands(packet).next().is_none() {
        return Err(RunError::NoCommands { packet: id.clone() });
    }
    let _announced = session.run.announce(id, &workspace.folder)?;
    let preparation = Preparation {
        workspace,
        store: &session.store,
        engine: &session.engine,
        config: &session.config,
        observe: options.observe,
        cancel: options.cancel,
    };
    let date_epoch = against.map(|(manifest, _)| manifest.source.date_epoch);
    let (resolved, ingested) = preparation.packet(packet, options.revision, date_epoch).await?;
    if against.is_none() {
        let faults = source::unbuildable_images(&workspace.plan, packet, &*session.store, resolved.source);
        if !faults.is_empty() {
            return Err(RunError::Unbuildable { packet: id.clone(), faults });
        }
    }
    let executor = Executor {
        plan: &workspace.plan,
        packet: id,
        resolved: &resolved,
        store: &*session.store,
        engine: &session.engine,
        lanes: options.lanes,
        recorded: against.map(|(manifest, _)| manifest),
        observe: options.observe,
        cancel: options.cancel,
    };
    let Executions { ran, undecided } = executor.execute_each(packet).await?;
    let mut notes = executor.failure_notes(packet, &ran, options.second_look).await?;
    for (id, says) in source::git_at_run(&workspace.plan, packet, &ran, &*session.store, resolved.source)? {
        notes.entry(id).or_default().git = Some(says);
    }
    session.store.put(&workspace.plan_bytes)?;
    let manifest = record::manifest(workspace, id, &resolved, &ran);
    let (bytes, digest) = manifest_json::encode(&manifest);
    session.store.put(&bytes)?;
    let (host, engine) = record::host(session.engine.info());
    let record = RunRecord {
        version: RUN_RECORD_VERSION,
        run: session.run.id().to_string(),
        kind: if against.is_some() { "replay" } else { "run" }.to_owned(),
        packet: id.clone(),
        plan: manifest.plan,
        commit: ingested.commit,
        started: record::rfc3339(started),
        finished: record::rfc3339(SystemTime::now()),
        manifest: digest,
        recorded: against.map(|(_, digest)| digest),
        host,
        engine,
        commands: record::command_records(&ran, &notes, &*session.store)?,
    };
    session.run.write_record(id, &run_record_json::encode(&record))?;
    let network = ran.iter().map(|ran| (ran.entry.id.clone(), ran.attempts.clone())).collect();
    let (mut proofs, mut proof_inputs) = (BTreeMap::new(), BTreeSet::new());
    for spec in workspace.plan.commands(packet) {
        let Some(entry) = manifest.command(&spec.id) else { continue };
        let Proved { proof, read, .. } = proving::prove(&workspace.plan, spec, entry, &*session.store)?;
        proofs.insert(spec.id.clone(), proof);
        proof_inputs.extend(read);
    }
    let flakes = ran
        .iter()
        .filter(|ran| !ran.earlier.is_empty() && ran.entry.succeeded())
        .map(|ran| {
            let (id, attempts) = (&ran.entry.id, record::attempts(ran));
            let allowed =
                workspace.plan.commands(packet).find(|spec| &spec.id == id).map_or(0, |spec| spec.retries) + 1;
            (id.clone(), Flake::judge(id, attempts, allowed, &workspace.plan.quarantine, options.today))
        })
        .collect();
    let endings = ran.iter().map(|ran| (ran.entry.id.clone(), ran.ended.clone())).collect();
    let mut findings: Vec<Finding> = ran.into_iter().flat_map(|ran| ran.findings).collect();
    findings.extend(undecided.iter().map(|(id, error)| Finding {
        name: FindingName::CommandUndecided,
        at: format!("commands.{id}"),
        expected: "a result".to_owned(),
        found: error.to_string(),
    }));
    let mut recorded = Recorded {
        manifest,
        bytes,
        digest,
        record,
        network,
        endings,
        findings,
        proofs,
        flakes,
        notes,
        proof_inputs,
        images: None,
        written: None,
    };
    if recorded.passed(workspace.plan.commands(packet).count()) {
        let results = recorded.manifest.results();
        let step = ReleaseStep {
            workspace,
            packet: id,
            resolved: &resolved,
            results: &results,
            store: &session.store,
            engine: &session.engine,
            spool: session.run.path(),
            twice: against.is_none(),
            observe: options.observe,
            cancel: options.cancel,
        };
        recorded.images = step.release().await?;
        if let Some(released) = &recorded.images {
            release_images::latest::keep(&session.run, id, resolved.source, released)?;
        }
    }
    Ok(recorded)
}
