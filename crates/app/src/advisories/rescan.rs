//! `rcrepro advisories --scan`: the plan's scans once more, with advisory data of today in place of the locked one.
//!
//! The ordinary way: the same images, the same source, the same other inputs, no network. Neither locks nor manifests are
//! touched; the results are written into `today/PACKET.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::findings::{newest, outcome};
use crate::board::status_error::StatusError;
use crate::frozen::{FrozenError, lock_path};
use crate::run::RunOptions;
use crate::run::context::RunContext;
use crate::run::execute::{ExecuteError, Executor};
use crate::run::prepare::{Preparation, PrepareError};
use crate::workspace::Workspace;
use crate::workspace::attributes::write_record;
use rcrepro_engine::EngineError;
use rcrepro_format::plan::frozen_toml;
use rcrepro_format::syntax::canonical_json;
use rcrepro_model::advisory::rescan::{
    Answer, DataState, RESCAN_VERSION, Rescan, RescanCommand, RescanData, ScanOutcome,
};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::manifest::{FrozenEntry, ReproManifest};
use rcrepro_model::plan::{CommandSpec, FrozenKind, PacketId, Plan};
use rcrepro_model::text::hint::Hint;
use rcrepro_proof as proof;
use rcrepro_store::{BlobStore, StoreError};

/// Says why scans could not be run with the data of today.
#[derive(Debug, thiserror::Error)]
pub enum RescanError {
    /// An image, a frozen input or the source could not be made ready.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// A frozen input has no usable lock.
    #[error(transparent)]
    Frozen(#[from] FrozenError),
    /// The result of a command could not be decided.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
    /// What was recorded cannot be read.
    #[error(transparent)]
    Status(#[from] StatusError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No command of the plan uses frozen advisory data.
    #[error("no command of the plan uses frozen advisory data")]
    Nothing,
    /// The record could not be written.
    #[error("cannot write `{path}`")]
    Write {
        /// The record.
        path: PathBuf,
        /// The failed write.
        #[source]
        source: std::io::Error,
    },
}

impl Hint for RescanError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Nothing => Some("name a frozen input such as `go-vulndb` in a command's `frozen`".to_owned()),
            _ => None,
        }
    }
}

/// Runs every scan that uses frozen advisory data, with the data of today, and records what each said.
///
/// # Errors
/// [`RescanError`]. Where no source of data could be asked, the record says so.
pub async fn rescan(
    context: RunContext<'_>,
    workspace: &Workspace,
    options: RunOptions<'_>,
) -> Result<Vec<(PathBuf, Rescan)>, RescanError> {
    let mut written = Vec::new();
    for (id, packet) in &workspace.plan.packets {
        let scans: BTreeSet<Name> = workspace
            .plan
            .commands(packet)
            .filter(|spec| advisories(&workspace.plan, spec).next().is_some() && !proof::only_converts(&spec.line))
            .map(|spec| spec.id.clone())
            .collect();
        if scans.is_empty() {
            continue;
        }
        let record = PacketScan { context, workspace, id, scans, options }.scan().await?;
        let path = workspace.today_path(id);
        let bytes = canonical_json::to_vec(&record).expect("a record holds strings and integers");
        write_record(&path, &bytes).map_err(|source| RescanError::Write { path: path.clone(), source })?;
        written.push((path, record));
    }
    if written.is_empty() { Err(RescanError::Nothing) } else { Ok(written) }
}

/// Lists the frozen inputs of a command that have advisory data.
fn advisories<'a>(plan: &'a Plan, spec: &'a CommandSpec) -> impl Iterator<Item = &'a Name> {
    spec.frozen.iter().filter(|name| plan.frozen.get(*name).is_some_and(|input| input.kind.is_advisories()))
}

struct PacketScan<'a> {
    context: RunContext<'a>,
    workspace: &'a Workspace,
    id: &'a PacketId,
    /// The commands that use advisory data.
    scans: BTreeSet<Name>,
    options: RunOptions<'a>,
}

impl PacketScan<'_> {
    async fn scan(&self) -> Result<Rescan, RescanError> {
        let store = &**self.context.store;
        let plan = &self.workspace.plan;
        // The data is had apart: what was locked need not be at hand any more.
        let bare = self.narrowed(&self.scans, true);
        let preparation = self.preparation(&bare);
        let source = self.workspace.ingest_source(self.options.revision, store).map_err(PrepareError::from)?.root;
        let then = newest(self.workspace, self.id, source, store)?;
        let recorded = then.as_ref().map(|(manifest, ..)| manifest);
        let (mut resolved, _) = preparation.packet(packet_of(&bare, self.id), self.options.revision, recorded).await?;
        let data = self.data(&preparation, source).await?;
        for (name, data) in &data {
            if let Some(today) = &data.today {
                resolved.frozen.insert(name.clone(), FrozenEntry { lock: data.then.root, root: today.root });
            }
        }
        let silent = |spec: &CommandSpec| {
            advisories(plan, spec).find_map(|name| Some((name.clone(), data[name].not_asked.clone()?)))
        };
        let specs: Vec<&CommandSpec> =
            plan.commands(&plan.packets[self.id]).filter(|spec| self.scans.contains(&spec.id)).collect();
        let asked: BTreeSet<Name> =
            specs.iter().filter(|spec| silent(spec).is_none()).map(|spec| spec.id.clone()).collect();
        let full = self.narrowed(&asked, false);
        let executor =
            Executor { lanes: self.options.lanes, ..Executor::new(self.context, &full.plan, self.id, &resolved) };
        let ran = executor.run_all_commands(packet_of(&full, self.id)).await?;
        let mut commands = Vec::new();
        for spec in specs {
            let today = match ran.iter().find(|ran| ran.entry.id == spec.id) {
                Some(ran) => {
                    let (outcome, _) = outcome(plan, spec, &ran.entry, store)?;
                    Answer { result: Some(ran.entry.result), outcome }
                }
                None => {
                    let why = silent(spec).map_or_else(
                        || "a command that it needs failed".to_owned(),
                        |(name, why)| format!("`{name}` was not asked today: {why}"),
                    );
                    Answer { result: None, outcome: ScanOutcome::Undecided { why } }
                }
            };
            let then = self.recorded_answer(spec, then.as_ref().map(|(manifest, _, store)| (manifest, &**store)))?;
            commands.push(RescanCommand {
                id: spec.id.clone(),
                uses: advisories(plan, spec).cloned().collect(),
                then,
                today,
            });
        }
        let (packet, plan) = (self.id.clone(), self.workspace.plan_digest());
        Ok(Rescan { version: RESCAN_VERSION, packet, source, plan, data, commands })
    }

    /// What a scan found by the recorded evidence.
    fn recorded_answer(
        &self,
        spec: &CommandSpec,
        recorded: Option<(&ReproManifest, &dyn BlobStore)>,
    ) -> Result<Answer, RescanError> {
        let entry = recorded.and_then(|(manifest, store)| Some((manifest.command(&spec.id)?, store)));
        let Some((entry, store)) = entry else {
            let why = format!("there is no evidence of this source: rcrepro run {}", self.id);
            return Ok(Answer { result: None, outcome: ScanOutcome::Undecided { why } });
        };
        let (outcome, _) = outcome(&self.workspace.plan, spec, entry, store)?;
        Ok(Answer { result: Some(entry.result), outcome })
    }

    /// Asks for the data of today: the mirror, or the registry by recording anew.
    async fn data(
        &self,
        preparation: &Preparation<'_>,
        source: Digest,
    ) -> Result<BTreeMap<Name, RescanData>, RescanError> {
        let plan = &self.workspace.plan;
        let names: BTreeSet<&Name> = plan
            .commands(&plan.packets[self.id])
            .filter(|spec| self.scans.contains(&spec.id))
            .flat_map(|spec| advisories(plan, spec))
            .collect();
        let mut found = BTreeMap::new();
        for name in names {
            let path = lock_path(&self.workspace.folder, name);
            let files = &self.workspace.files;
            let text = files.read_to_string(&path).map_err(|_| FrozenError::NoLock {
                name: name.clone(),
                path: path.clone(),
                why: files.absent(&path),
            })?;
            let lock = frozen_toml::decode(&text).map_err(|source| FrozenError::BadLock { path, source })?;
            let date = lock.data.map(|data| data.date).unwrap_or_default();
            let then = DataState { root: lock.root, date };
            let (today, not_asked) = match self.ask(preparation, name, source).await? {
                Ok(state) => (Some(state), None),
                Err(why) => (None, Some(why)),
            };
            found.insert(name.clone(), RescanData { then, today, not_asked });
        }
        Ok(found)
    }

    async fn ask(
        &self,
        preparation: &Preparation<'_>,
        name: &Name,
        source: Digest,
    ) -> Result<Result<DataState, String>, RescanError> {
        let input = &self.workspace.plan.frozen[name];
        if input.kind == FrozenKind::NpmAdvisories && input.image.is_none() {
            return Ok(Err("the plan names no image in which its registry could be asked".to_owned()));
        }
        let mut identity = None;
        if let (Some(image), FrozenKind::NpmAdvisories) = (&input.image, input.kind) {
            identity = preparation.images([image.clone()]).await?.get(image).map(|entry| entry.identity(image));
        }
        let full = Preparation { workspace: self.workspace, ..*preparation };
        match full.frozen_step(name, source, identity.as_ref()).today().await {
            Ok((root, data)) => Ok(Ok(DataState { root, date: data.date })),
            Err(FrozenError::Engine(error @ EngineError::Interrupted { .. })) => Err(FrozenError::Engine(error).into()),
            Err(error) => Ok(Err(in_one_line(&error))),
        }
    }

    /// Gives the plan with no command of the packet's sets but some and what they need; `bare` takes the advisory data from them.
    fn narrowed(&self, wanted: &BTreeSet<Name>, bare: bool) -> Workspace {
        let mut plan = self.workspace.plan.clone();
        let mut keep = wanted.clone();
        loop {
            let specs = plan.sets.values().flatten().filter(|spec| keep.contains(&spec.id));
            let needs: Vec<Name> = specs.flat_map(|spec| spec.needs.iter().cloned()).collect();
            let before = keep.len();
            keep.extend(needs);
            if keep.len() == before {
                break;
            }
        }
        let frozen = plan.frozen.clone();
        for set in plan.sets.values_mut() {
            set.retain(|spec| keep.contains(&spec.id));
            for spec in set.iter_mut().filter(|_| bare) {
                spec.frozen.retain(|name| frozen.get(name).is_none_or(|input| !input.kind.is_advisories()));
            }
        }
        Workspace { plan, ..self.workspace.clone() }
    }

    fn preparation<'b>(&'b self, workspace: &'b Workspace) -> Preparation<'b> {
        Preparation { context: self.context, workspace }
    }
}

fn packet_of<'a>(workspace: &'a Workspace, id: &PacketId) -> &'a rcrepro_model::plan::Packet {
    &workspace.plan.packets[id]
}

/// Writes an error with what caused it, in a line.
fn in_one_line(error: &FrozenError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
