//! What advisory data of today makes of a verdict: age, entries that are newer than the frozen ones and concern the source, and
//! scans with exactly that data.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use super::modules::{self, ModulesError};
use super::rescan_record::{RecordError, recorded};
use crate::frozen::FrozenError;
use crate::frozen::today::{AdvisoryAge, MirrorToday, ages};
use crate::workspace::Workspace;
use rcrepro_model::advisory::go_version::GoVersion;
use rcrepro_model::advisory::osv::{Modules, OsvEntry};
use rcrepro_model::advisory::policy::{Concern, Judged};
use rcrepro_model::advisory::rescan::{Rescan, decided};
use rcrepro_model::advisory::time_split::{InputSplit, TimeSplit, Today};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::plan::{CommandSpec, PacketId, Plan};
use rcrepro_model::text::civil_date::CivilDate;
use rcrepro_model::text::hint::Hint;
use rcrepro_proof as proof;
use rcrepro_store::BlobStore;

/// Says why nothing can be said of today.
#[derive(Debug, thiserror::Error)]
pub enum TimeSplitError {
    /// A lock or a mirror cannot be used.
    #[error(transparent)]
    Frozen(#[from] FrozenError),
    /// The source's modules cannot be read.
    #[error(transparent)]
    Modules(#[from] ModulesError),
    /// A record of scans cannot be read.
    #[error(transparent)]
    Rescan(#[from] RecordError),
}

impl Hint for TimeSplitError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Frozen(error) => error.hint(),
            Self::Rescan(RecordError::Record { .. }) => {
                Some("remove the file, and ask again: rcrepro advisories --scan".to_owned())
            }
            _ => None,
        }
    }
}

/// Compares the frozen advisory data of a plan with what there is today. `source` is the root of the certified source, whose
/// modules decide which entries concern it.
///
/// # Errors
/// [`TimeSplitError`].
pub fn time_split(
    workspace: &Workspace,
    store: &dyn BlobStore,
    source: Digest,
    now: SystemTime,
    day: CivilDate,
) -> Result<TimeSplit, TimeSplitError> {
    let plan = &workspace.plan;
    let records = recorded(workspace, source)?;
    let mut split = TimeSplit::default();
    let mut modules: Option<Modules> = None;
    for input in ages(workspace, store, now)? {
        let users = users(plan, &input.name);
        let (today, concerns) = match &input.today {
            Ok(mirror) => {
                let modules = match &mut modules {
                    Some(modules) => modules,
                    none => none.insert(modules::of_source(plan, store, source)?),
                };
                with_mirror(&input, mirror, modules, &records, &users)
            }
            Err(why) => without_mirror(&input, why, &records, &users),
        };
        split.judged.extend(plan.advisories.age(input.name.as_str(), input.days(), &plan.waivers, day));
        let judge = |concern| -> Judged { plan.advisories.advisory(concern, &plan.waivers, day) };
        split.judged.extend(concerns.into_iter().map(judge));
        let age_days = input.days();
        let (name, kind, frozen) = (input.name, input.kind.as_str(), input.locked.date);
        split.inputs.push(InputSplit { name, kind, frozen, age_days, today });
    }
    split.judged.sort_by(|a, b| a.concern.cmp(&b.concern));
    split.judged.dedup();
    Ok(split)
}

/// Lists the commands that scan with a frozen input, with their packets.
pub(crate) fn users(plan: &Plan, input: &Name) -> BTreeSet<(PacketId, Name)> {
    let of_packet = |(id, packet)| {
        let scans = |spec: &&CommandSpec| spec.frozen.contains(input) && !proof::only_converts(&spec.line);
        let commands = plan.commands(packet).filter(scans);
        commands.map(move |spec| (PacketId::clone(id), spec.id.clone()))
    };
    plan.packets.iter().flat_map(of_packet).collect()
}

fn with_mirror(
    input: &AdvisoryAge,
    mirror: &MirrorToday,
    modules: &Modules,
    records: &[Rescan],
    users: &BTreeSet<(PacketId, Name)>,
) -> (Today, Vec<Concern>) {
    let newer = mirror.delta.added.len() + mirror.delta.changed.len();
    let mut concerning: BTreeMap<String, Concern> = BTreeMap::new();
    for id in mirror.delta.added.keys().chain(mirror.delta.changed.keys()) {
        let says = match mirror.newer.get(id) {
            Some(entry) => match entry.concerns(modules) {
                Some(used) => describe(entry, used, &mirror.data.date, mirror.delta.added.contains_key(id)),
                None => continue,
            },
            None => format!("in the mirror of {}, and which versions it is about cannot be read", mirror.data.date),
        };
        concerning.insert(id.clone(), Concern { id: format!("advisories/{id}"), says });
    }
    let unrelated = newer - concerning.len();
    let scanned = decided(records, &input.name, Some(mirror.root), users);
    let concerns = match &scanned {
        None => concerning.into_values().map(undecided_concern).collect(),
        Some(ids) => ids.iter().map(|id| confirmed_concern(id, concerning.get(id), &mirror.data.date)).collect(),
    };
    let (date, newer, unrelated) = (mirror.data.date.clone(), Some(newer), Some(unrelated));
    let (by_date, scanned) = (mirror.by_date, scanned.as_ref().map(scan_outcome));
    (Today::Asked { date, newer, by_date, unrelated, scanned }, concerns)
}

/// Knows of today only what a scan recorded: for a cassette, whose registry was asked then.
fn without_mirror(
    input: &AdvisoryAge,
    why: &str,
    records: &[Rescan],
    users: &BTreeSet<(PacketId, Name)>,
) -> (Today, Vec<Concern>) {
    let dates = records.iter().filter_map(|record| record.data.get(&input.name)?.today.as_ref());
    let date = dates.map(|state| state.date.clone()).min();
    match (decided(records, &input.name, None, users), date) {
        (Some(ids), Some(date)) => {
            let concerns = ids.iter().map(|id| confirmed_concern(id, None, &date)).collect();
            let scanned = Some(scan_outcome(&ids));
            (Today::Asked { date, newer: None, by_date: false, unrelated: None, scanned }, concerns)
        }
        _ => (Today::NotAsked { why: why.to_owned() }, Vec::new()),
    }
}

/// Says how it could be known whether the source is hit.
fn undecided_concern(concern: Concern) -> Concern {
    Concern { says: format!("{}; rcrepro advisories --scan decides", concern.says), ..concern }
}

fn confirmed_concern(id: &str, known: Option<&Concern>, date: &str) -> Concern {
    let more = known.map_or_else(String::new, |known| format!(": {}", known.says));
    Concern { id: format!("advisories/{id}"), says: format!("the scan with the data of {date} finds it{more}") }
}

fn scan_outcome(ids: &BTreeSet<String>) -> String {
    if ids.is_empty() {
        return "clean".to_owned();
    }
    format!("finds {}", ids.iter().map(String::as_str).collect::<Vec<_>>().join(", "))
}

/// Says what an entry is, and which module in which version it is about.
fn describe(entry: &OsvEntry, (module, version): (&str, Option<&GoVersion>), date: &str, new: bool) -> String {
    let uses = version.map_or_else(|| "in a version that is not known".to_owned(), ToString::to_string);
    let fixed = match entry.fixed(module, version) {
        Some(fixed) => format!("fixed in {fixed}"),
        None => "not fixed".to_owned(),
    };
    let word = if new { "new" } else { "changed" };
    let summary = if entry.summary.is_empty() { String::new() } else { format!("{}; ", entry.summary) };
    format!("{word} in the data of {date}: {summary}{module} {uses}, {fixed}")
}
