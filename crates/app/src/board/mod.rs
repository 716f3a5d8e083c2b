//! `rcrepro status`: the facts of every packet, gathered from evidence, for the board to decide.

pub mod approve;
pub mod documents;
pub mod exceptions;
pub(crate) mod fact_sources;
pub mod facts;
pub mod pins;
pub mod promises;
pub mod scope;
pub(crate) mod section_facts;
pub mod sections;
pub mod status_error;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::mutants::record as gates;
use super::workspace::Workspace;
use crate::board::fact_sources::FactSources;
use crate::board::section_facts::SectionFacts;
use crate::board::sections::{Sections, SectionsIoError};
use crate::board::status_error::StatusError;
use crate::evidence::judged::PacketJudge;
use crate::suppressions;
use crate::suppressions::judged::{JudgedSuppressions, JudgingOf};
use crate::workspace::plan_files::short;
use crate::workspace::release_commit;
use rcrepro_model::advisory::scan::SCANNERS;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::decision::board::{self, Board, Fact, PacketFacts};
use rcrepro_model::plan::contract::Basis;
use rcrepro_model::plan::{CommandSpec, Packet, PacketId, Plan};
use rcrepro_model::text::civil_date::CivilDate;
use rcrepro_pins::documents::written;
use rcrepro_proof as proof;
use rcrepro_store::fs::FsStore;

/// The board, and the texts that written sections of documents should have for it.
pub struct Status {
    /// Every packet with its state, and what it waits for.
    pub board: Board,
    /// The root of the certified source.
    pub source: Digest,
    /// The text of every section, by name.
    pub texts: BTreeMap<String, String>,
    /// The documents with written sections; why they cannot be read.
    pub sections: Result<Sections, SectionsIoError>,
}

/// Gathers what is known of each packet and decides the board. `store` is the user's store's folder; waivers and
/// acceptances count as they do on `today`.
///
/// # Errors
/// [`StatusError`] when the source or the evidence cannot be read; what is merely missing or wrong is a fact.
pub fn status(workspace: &Workspace, revision: &str, store: &Path, today: CivilDate) -> Result<Board, StatusError> {
    Ok(status_with_sections(workspace, revision, store, today)?.board)
}

/// As [`status`], with what the sections of documents should say.
///
/// # Errors
/// As [`status`].
pub fn status_with_sections(
    workspace: &Workspace,
    revision: &str,
    store: &Path,
    today: CivilDate,
) -> Result<Status, StatusError> {
    let store = FsStore::open(store)?;
    let source = workspace.ingest_source(revision, &store)?;
    let judge = PacketJudge::new(workspace, &store, source.root, today)?;
    let written = SectionFacts::read(workspace);
    let others = FactSources { workspace, revision, today, store: &store, source: source.root, written: &written };
    let gather = Gather { workspace, store: &store, judge, others };
    let plan = &workspace.plan;
    let mut facts = BTreeMap::new();
    for (id, packet) in &plan.packets {
        facts.insert(id.clone(), gather.packet(id, packet)?);
    }
    let conditions = exceptions::conditions(plan, &facts, today);
    let suppressed = suppressions::for_board(workspace, revision, store.root())?;
    let covered = conditions.iter().map(|held| held.judged.concern.id.clone()).collect();
    let judging = JudgingOf {
        entries: &suppressed.entries,
        previous: suppressed.previous.as_ref(),
        cut: suppressed.cut.as_deref(),
        is_recorded: suppressed.is_recorded,
        covered: &covered,
        waivers: &plan.waivers,
        day: today,
    };
    let JudgedSuppressions { conditions: mut judged, mut notes } = judging.judge();
    notes.extend(suppressed.notes);
    let idle = exceptions::idle(workspace, revision, source.root, &store, &facts, judging.ids(), today)?;
    if suppressed.is_recorded {
        judged.extend(idle.iter().map(|idle| exceptions::orphaned(idle, &plan.waivers, today)));
    } else {
        notes.extend(idle.into_iter().map(|idle| idle.says));
    }
    let decided = |facts: &BTreeMap<PacketId, PacketFacts>| Board {
        conditions: conditions.clone(),
        suppressions: judged.clone(),
        ..board::decide(plan, facts)
    };
    let texts = written::texts(&decided(&at_rest(&facts)), plan, &scans(plan), today);
    for facts in facts.values_mut() {
        for (basis, fact) in &mut facts.facts {
            let found = match (basis, &*fact) {
                (Basis::Documents, Fact::Holds { .. }) => written.keeps(&texts),
                _ => written.fact(basis, Some(&texts)),
            };
            if let Some(found) = found {
                *fact = found;
            }
        }
    }
    notes.extend(gather.unrecorded()?.into_iter().chain(gather.of_other_commits()?));
    notes.extend(gather.judge.unconfirmed.take());
    let board = Board { gates: gates::proven(workspace, source.root), notes, ..decided(&facts) };
    Ok(Status { board, source: source.root, texts, sections: written.sections })
}

/// Takes no packet for running: a document that says so is stale as soon as the run ends.
fn at_rest(facts: &BTreeMap<PacketId, PacketFacts>) -> BTreeMap<PacketId, PacketFacts> {
    facts.iter().map(|(id, facts)| (id.clone(), PacketFacts { running: false, ..facts.clone() })).collect()
}

/// Lists the plan's security scans.
fn scans(plan: &Plan) -> BTreeSet<Name> {
    let scans =
        |spec: &&CommandSpec| proof::tools(&spec.line, spec.proof).iter().any(|(tool, _)| SCANNERS.contains(tool));
    plan.sets.values().flatten().filter(scans).map(|spec| spec.id.clone()).collect()
}

struct Gather<'a> {
    workspace: &'a Workspace,
    store: &'a FsStore,
    judge: PacketJudge<'a>,
    others: FactSources<'a>,
}

impl Gather<'_> {
    fn packet(&self, id: &PacketId, packet: &Packet) -> Result<PacketFacts, StatusError> {
        let has_commands = self.workspace.plan.commands(packet).next().is_some();
        let evidence = if has_commands { Some(self.judge.evidence(id, packet)?) } else { None };
        let mut facts = BTreeMap::new();
        for basis in packet.contract.criteria().flat_map(|criterion| &criterion.rests_on) {
            if let Some(fact) = self.others.find(id, basis) {
                facts.insert(basis.clone(), fact);
            }
        }
        Ok(PacketFacts { evidence, facts, running: self.judge.history.is_running(id, &self.workspace.folder)? })
    }

    /// Names the runs that were killed, or whose records were deleted, a line each.
    fn unrecorded(&self) -> Result<Vec<String>, StatusError> {
        let mut lines = Vec::new();
        for id in self.workspace.plan.packets.keys() {
            let unrecorded = self.judge.history.unrecorded(id, &self.workspace.folder)?;
            lines.extend(unrecorded.map(|unrecorded| unrecorded.to_string()));
        }
        Ok(lines)
    }

    /// Names the commits of evidence that counts although the source has changed since, a line per packet.
    fn of_other_commits(&self) -> Result<Vec<String>, StatusError> {
        let mut lines = Vec::new();
        for (id, manifest) in self.judge.kept.borrow().iter() {
            let found = release_commit::of_manifest(self.workspace, manifest, self.store)?;
            let commit = found.map_or_else(
                || "a commit that is not in this history".to_owned(),
                |found| format!("commit {}", short(found.revision())),
            );
            lines.push(format!("{id}: its evidence is of {commit}, and no command of it sees what has changed since"));
        }
        Ok(lines)
    }
}
