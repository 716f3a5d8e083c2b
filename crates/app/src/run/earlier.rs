//! What runs of this machine and store executed before, by the digest of the action: a run takes over what passed, and executes
//! the rest.
//!
//! An execution is taken over only where nothing about it is in doubt: it passed at its first attempt, so did every other one of
//! the same action that is known, nothing tried to reach the network, the clock was pinned, and machine, rcrepro and settings were
//! the same. Executions that are older than a failure of the same command, whatever its action was, or than a record that cannot be
//! read, do not count: the command is executed then.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::actions::{Resolved, derive_action};
use crate::evidence::history::History;
use crate::evidence::recorded;
use crate::workspace::Workspace;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::manifest::{CommandEntry, ReproManifest};
use rcrepro_model::evidence::run_record::{CommandRecord, HostRecord, RunRecord};
use rcrepro_model::execution::attempt::Watch;
use rcrepro_model::execution::world::{ClockMode, WorldSettings};
use rcrepro_model::plan::{CommandSpec, PacketId, Plan};
use rcrepro_store::BlobStore;
use rcrepro_store::git::history::GitHistory;

/// How many of the newest runs are looked at.
const RUNS: usize = 256;
/// How many values of `SOURCE_DATE_EPOCH` are tried beside the commit's time.
const EPOCHS: usize = 4;

/// The executions that the newest runs recorded.
#[derive(Debug, Default)]
pub struct EarlierRuns {
    /// By action, the newest first.
    executions: BTreeMap<Digest, Vec<Execution>>,
    /// The commands that failed in a run that is newer than those which are still to be read.
    failed: BTreeSet<Name>,
    /// `SOURCE_DATE_EPOCH` of each packet's runs with the commit that was run, the newest first.
    epochs: Vec<(PacketId, String, i64)>,
}

/// One execution of an action.
#[derive(Debug)]
pub(crate) struct Execution {
    /// The run that executed it.
    pub(crate) run: String,
    /// What it came to.
    pub(crate) entry: CommandEntry,
    /// How long it took.
    pub(crate) duration: Duration,
    /// What the plan said of it beside the action; none where that plan cannot be read.
    settings: Option<Settings>,
    /// Whether the command failed since, in any action.
    failed_since: bool,
    verdict: Doubt,
}

/// Whether an execution can take the place of another one of the same action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    /// It passed, and nothing about it is in doubt.
    None,
    /// It passed, and something is.
    Some,
    /// It failed, or needed more than one attempt.
    Failed,
}

/// The keys of a command that its action does not hold, and that its result may depend on.
#[derive(Debug, PartialEq, Eq)]
struct Settings {
    world: WorldSettings,
    memory: Option<u64>,
    max_output: u64,
}

impl From<&CommandSpec> for Settings {
    fn from(spec: &CommandSpec) -> Self {
        Self { world: spec.world.clone(), memory: spec.memory, max_output: spec.max_output }
    }
}

impl EarlierRuns {
    /// Reads what the newest runs of the plan's packets recorded, up to the first that cannot be read.
    #[must_use]
    pub(crate) fn read(history: &History, plan: &Plan, store: &dyn BlobStore, host: &HostRecord) -> Self {
        let (mut earlier, mut read) = (Self::default(), BTreeMap::new());
        let packets: Vec<&PacketId> = plan.packets.keys().collect();
        let ended = history.newest_first(&packets, RUNS, |record| {
            let of_manifest = read.entry(record.manifest).or_insert_with(|| {
                let (_, manifest) = recorded::manifest(&record, store).ok()?;
                let plan = recorded::plan(&manifest, store);
                Some((manifest, plan))
            });
            let Some((manifest, plan)) = of_manifest else { return false };
            earlier.add(&record, manifest, plan.as_ref(), host, store);
            true
        });
        // What is older than a record that cannot be read does not count, and what is newer does.
        drop(ended);
        earlier
    }

    fn add(
        &mut self,
        record: &RunRecord,
        manifest: &ReproManifest,
        plan: Option<&Plan>,
        host: &HostRecord,
        store: &dyn BlobStore,
    ) {
        self.epochs.push((record.packet.clone(), record.commit.clone(), manifest.source.date_epoch));
        for entry in &manifest.commands {
            let Some(of) = record.commands.iter().find(|of| of.id == entry.id) else { continue };
            let execution = Execution {
                run: of.taken_over.clone().unwrap_or_else(|| record.run.clone()),
                entry: entry.clone(),
                duration: Duration::from_millis(of.duration_ms),
                settings: plan.and_then(|plan| plan.command(&entry.id)).map(Settings::from),
                failed_since: self.failed.contains(&entry.id),
                verdict: doubt(entry, of, record.host == *host, store),
            };
            if execution.verdict == Doubt::Failed {
                self.failed.insert(entry.id.clone());
            }
            self.executions.entry(entry.action).or_default().push(execution);
        }
    }

    /// Finds the execution that takes the place of one of this action; none where it has to be executed.
    #[must_use]
    pub(crate) fn find(&self, action: Digest, spec: &CommandSpec) -> Option<&Execution> {
        let settings = Some(Settings::from(spec));
        let mut alike = self.executions.get(&action)?.iter().filter(|found| found.settings == settings);
        let newest = alike.next()?;
        let certain =
            newest.verdict == Doubt::None && !newest.failed_since && alike.all(|found| found.verdict != Doubt::Failed);
        certain.then_some(newest)
    }

    /// Chooses `SOURCE_DATE_EPOCH`, which every action holds: the commit's time, unless with that of an earlier run at a commit of
    /// this repository more commands are taken over. The same tree in a later commit is the same release.
    #[must_use]
    pub(crate) fn date_epoch(
        &self,
        workspace: &Workspace,
        id: &PacketId,
        resolved: &Resolved,
        store: &dyn BlobStore,
    ) -> i64 {
        let own = resolved.date_epoch;
        let known = |commit: &str| {
            let (repository, _) = workspace.repository().ok()?;
            GitHistory::open(&repository).ok()?.commit(commit).ok()
        };
        let mut tried: BTreeSet<i64> = [own].into();
        let mut best = (self.count(&workspace.plan, id, resolved, store), own);
        for (packet, commit, epoch) in &self.epochs {
            if packet != id || tried.len() > EPOCHS || tried.contains(epoch) || known(commit).is_none() {
                continue;
            }
            tried.insert(*epoch);
            let count = self.count(&workspace.plan, id, &Resolved { date_epoch: *epoch, ..resolved.clone() }, store);
            if count > best.0 {
                best = (count, *epoch);
            }
        }
        best.1
    }

    /// Counts the commands of a packet that would be taken over, by the records alone.
    fn count(&self, plan: &Plan, id: &PacketId, resolved: &Resolved, store: &dyn BlobStore) -> usize {
        let Some(packet) = plan.packets.get(id) else { return 0 };
        let mut results: BTreeMap<Name, CommandEntry> = BTreeMap::new();
        loop {
            let before = results.len();
            for spec in plan.commands(packet) {
                let is_ready =
                    !results.contains_key(&spec.id) && spec.needs.iter().all(|need| results.contains_key(need));
                let action = if is_ready { derive_action(plan, spec, resolved, &results, store).ok() } else { None };
                if let Some(found) = action.and_then(|action| self.find(action.digest(), spec)) {
                    results.insert(spec.id.clone(), found.entry.clone());
                }
            }
            if results.len() == before {
                return before;
            }
        }
    }
}

/// Judges one execution by what its run recorded.
fn doubt(entry: &CommandEntry, record: &CommandRecord, same_host: bool, store: &dyn BlobStore) -> Doubt {
    if !entry.succeeded() || !entry.earlier.is_empty() || record.attempts != 1 || !record.earlier.is_empty() {
        return Doubt::Failed;
    }
    let watch = record.network.and_then(|digest| store.get(digest).ok());
    let watch = watch.and_then(|bytes| serde_json::from_slice::<Watch>(&bytes).ok());
    let is_pinned = matches!(entry.clock, ClockMode::Starts | ClockMode::Stands);
    if same_host && is_pinned && watch == Some(Watch::default()) { Doubt::None } else { Doubt::Some }
}
