//! `rcrepro run PACKET`, a stage per file: [`prepare`] → [`execute`] → [`record`] → [`prove`] → [`release`].
//!
//! `run_packet` goes through all of them, each a function from one stage's value to the next, and gives a [`PacketRun`].
//! `run` then writes the manifest (`run`), [`replay`] compares with a recorded one, and [`shake`] stops after the second
//! stage and asks on. One command's way is `run_commands` → `run_command` → `run_attempts` → `run_container` →
//! [`Engine::execute`](rcrepro_engine::Engine::execute).

pub mod actions;
pub mod context;
pub mod earlier;
pub mod ended;
pub mod execute;
pub(crate) mod host;
pub mod mending;
pub mod packet_run;
pub mod prepare;
pub mod promised;
pub mod prove;
pub mod queue;
pub mod quiet;
pub mod record;
pub mod release;
pub mod replay;
pub mod shake;
pub(crate) mod write;

use std::borrow::Cow;
use std::time::SystemTime;

use crate::evidence::{EvidenceError, try_place};
use crate::release::error::ReleaseError;
use crate::run::context::RunContext;
use crate::run::execute::{ExecuteError, OnFailure, execute_packet};
use crate::run::mending::mending;
use crate::run::packet_run::PacketRun;
use crate::run::prepare::{PrepareError, prepare_packet};
use crate::run::prove::prove_packet;
use crate::run::record::record_packet;
use crate::run::release::release_images;
use crate::run::write::{WriteError, write_evidence};
use crate::workspace::files::try_folder;
use crate::workspace::{Workspace, WorkspaceError};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::manifest::ReproManifest;
use rcrepro_model::execution::fault::Fault;
use rcrepro_model::plan::PacketId;
use rcrepro_model::text::civil_date::CivilDate;
use rcrepro_model::text::hint::Hint;
use rcrepro_model::text::unknown::UnknownName;
use rcrepro_store::StoreError;
use rcrepro_store::runs;

/// Why a run could not be decided.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The workspace cannot be used.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The packet runs nothing.
    #[error("{packet} has no command: its criteria rest on other things")]
    NoCommands {
        /// The packet that was asked for.
        packet: PacketId,
    },
    /// The packet has no such command.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    /// An image that the packet builds cannot be built, whatever the commands do.
    #[error("{packet} cannot be run from this source:{}", faults.iter().map(|fault| format!("\n  {fault}")).collect::<String>())]
    Unbuildable {
        /// The packet that was asked for.
        packet: PacketId,
        /// What is in the way, by place.
        faults: Vec<Fault>,
    },
    /// An image, a frozen input or the source could not be made ready.
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
    Runs(#[from] runs::RunFolderError),
}

impl From<WriteError> for RunError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Evidence(error) => error.into(),
            WriteError::Release(error) => error.into(),
            WriteError::Store(error) => error.into(),
        }
    }
}

impl Hint for RunError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Workspace(error) => error.hint(),
            Self::Unbuildable { faults, .. } => match faults.as_slice() {
                [fault] => fault.hint.clone().or_else(|| Some("rcrepro check".to_owned())),
                _ => Some("rcrepro check names what mends each of them".to_owned()),
            },
            Self::NoCommands { .. } => Some("rcrepro status".to_owned()),
            Self::Unknown(error) => error.hint(),
            _ => None,
        }
    }
}

/// How a packet is executed.
#[derive(Clone, Copy)]
pub struct RunOptions<'a> {
    /// The commit whose tree is the source.
    pub revision: &'a str,
    /// How many commands may run at once.
    pub lanes: usize,
    /// The commands that are run, with those that they need; all of the packet when it is empty.
    pub commands: &'a [Name],
    /// Whether commands that failed are executed again in looser worlds, only to find the pin that they fail by.
    pub second_look: bool,
    /// What a failure does to commands and packets that do not need what failed.
    pub on_failure: OnFailure,
    /// Whether commands are executed that an earlier run executed and that passed. A replay executes all in any case.
    pub fresh: bool,
    /// The day, for what the plan lets pass until one.
    pub today: CivilDate,
}

/// What every stage is given: the packet and how it is run, and the recorded manifest when it is a replay.
#[derive(Clone, Copy)]
pub struct StageInput<'a> {
    /// What every stage works with.
    pub(crate) context: RunContext<'a>,
    /// The plan and its folder.
    pub(crate) workspace: &'a Workspace,
    pub(crate) id: &'a PacketId,
    /// The packet's commands that are not to be run.
    pub(crate) left_out: &'a [Name],
    /// How it is executed.
    pub(crate) options: RunOptions<'a>,
    /// The manifest that is replayed, with its digest.
    pub(crate) recorded: Option<(&'a ReproManifest, Digest)>,
}

/// Executes one packet. Every command that succeeded or failed is in the store's record; the manifest in the plan's folder
/// is replaced only when all succeeded, none was a hollow pass, and no image of the release failed. A packet that failed has a
/// record of its own beside it.
///
/// # Errors
/// [`RunError`].
pub(crate) async fn run(
    context: RunContext<'_>,
    workspace: &Workspace,
    id: &PacketId,
    options: RunOptions<'_>,
) -> Result<PacketRun, RunError> {
    // Before the work, not after it.
    let folder = workspace.manifest_path(id).parent().unwrap_or(&workspace.folder).to_owned();
    try_folder(&folder).map_err(|source| EvidenceError::Io { doing: "write into", path: folder, source })?;
    for path in [workspace.manifest_path(id), workspace.failed_path(id)] {
        try_place(&path)?;
    }
    let once = async || {
        let run = run_packet(context, workspace, id, options, None).await?;
        Ok::<_, RunError>(write_evidence(context, workspace, id, run)?)
    };
    mending(context.store, context.observe, context.cancel, once).await
}

/// Takes a packet through all stages, and records it in the store. With `recorded`, it is a replay of that manifest.
///
/// # Errors
/// [`RunError`].
pub(crate) async fn run_packet(
    context: RunContext<'_>,
    workspace: &Workspace,
    id: &PacketId,
    options: RunOptions<'_>,
    recorded: Option<(&ReproManifest, Digest)>,
) -> Result<PacketRun, RunError> {
    let started = SystemTime::now();
    if workspace.plan.commands(workspace.packet(id)?).next().is_none() {
        return Err(RunError::NoCommands { packet: id.clone() });
    }
    let (chosen, left_out) = chosen(workspace, id, options.commands)?;
    let input = StageInput { context, workspace: &chosen, id, left_out: &left_out, options, recorded };
    let _announced = context.run.announce(id, &workspace.folder)?;
    let prepared = prepare_packet(&input).await?;
    let executed = execute_packet(&input, &prepared).await?;
    let recorded = record_packet(&input, &prepared, &executed, started)?;
    let run = prove_packet(&input, executed, recorded)?;
    // Images are built of a whole packet.
    if run.record.is_partial() { Ok(run) } else { release_images(&input, &prepared, run).await }
}

/// Gives the workspace with the commands that are to be run, and the names of the packet's others.
fn chosen<'a>(
    workspace: &'a Workspace,
    id: &PacketId,
    commands: &[Name],
) -> Result<(Cow<'a, Workspace>, Vec<Name>), RunError> {
    if commands.is_empty() {
        return Ok((Cow::Borrowed(workspace), Vec::new()));
    }
    let packet = workspace.packet(id)?;
    let all: Vec<Name> = workspace.plan.commands(packet).map(|spec| spec.id.clone()).collect();
    if let Some(command) = commands.iter().find(|command| !all.contains(command)) {
        return Err(workspace.unknown_command(id, command).into());
    }
    let plan = workspace.plan.only(commands);
    let left_out: Vec<Name> = all.into_iter().filter(|id| plan.command(id).is_none()).collect();
    Ok((Cow::Owned(Workspace { plan, ..workspace.clone() }), left_out))
}
