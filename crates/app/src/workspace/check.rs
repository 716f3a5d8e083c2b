//! `rcrepro check`: whether a plan is sound, and what it or the source of a commit would keep from running.

use std::collections::BTreeMap;
use std::path::Path;

use super::missing::{Missing, faulty, frozen_locks, missing, stale};
use super::source::{self, SourceLook};
use crate::board::exceptions;
use crate::frozen::go::settings;
use crate::frozen::lock_path;
use crate::workspace::{Workspace, WorkspaceError};
use rcrepro_format::plan::frozen_toml::{self, FrozenData};
use rcrepro_model::content::name::Name;
use rcrepro_model::plan::FrozenKind;
use rcrepro_model::text::civil_date::CivilDate;
use rcrepro_store::door;
use rcrepro_store::git::status::Uncommitted;

/// What a plan that could be read, and the source of `HEAD`, came to.
#[derive(Debug)]
pub struct PlanCheck {
    /// How many commands the plan has, in all sets.
    pub commands: usize,
    /// The frozen inputs that answer for a client's own program, by name.
    pub fronts: Vec<AdvisoryFront>,
    /// What the plan names and is not there yet.
    pub missing: Vec<Missing>,
    /// The definitions of images that cannot be read, and the locks of frozen inputs that no run takes, each with its place.
    pub faulty: Vec<Missing>,
    /// The locks of images that are not those of their definitions.
    pub stale: Vec<Missing>,
    /// The files of the working copy that are not as `HEAD` has them.
    pub uncommitted: Result<Vec<Uncommitted>, WorkspaceError>,
    /// What of the plan does nothing, one sentence each: exceptions, and build caches for some commands.
    pub notes: Vec<String>,
    /// The lines of the plan that say TODO, each with its number.
    pub todos: Vec<(usize, String)>,
    /// What the source of `HEAD` holds. The plan may be right before there is any commit.
    pub source: Result<SourceLook, WorkspaceError>,
}

/// A frozen input with a program that comes before a client's own, which no line of the plan shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdvisoryFront {
    /// The frozen input.
    pub input: Name,
    /// The kind of data.
    pub kind: FrozenKind,
    /// The program's name, such as `npm`.
    pub program: &'static str,
    /// The locked data; none before it is locked.
    pub data: Option<FrozenData>,
}

impl PlanCheck {
    /// Whether no run could begin, or none could be recorded: a definition is invalid, a lock is stale, or the source holds what no run
    /// survives.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        !self.faulty.is_empty()
            || !self.stale.is_empty()
            || self.source.as_ref().is_ok_and(|look| !look.refused.is_empty())
    }
}

/// Looks through a plan of the working copy, and the source of `HEAD`. Nothing is run or fetched.
#[must_use]
pub fn check(workspace: &Workspace, today: CivilDate) -> PlanCheck {
    let fronts = workspace.plan.frozen.iter().filter_map(|(name, input)| {
        let program = input.kind.front().filter(|_| input.kind.is_advisories())?;
        Some(AdvisoryFront {
            input: name.clone(),
            kind: input.kind,
            program,
            data: locked_data(&workspace.folder, name),
        })
    });
    let source = source::look(workspace, "HEAD");
    let made_from = source.as_ref().map_or_else(|_| BTreeMap::new(), |look| look.made_from.clone());
    PlanCheck {
        commands: workspace.plan.sets.values().map(Vec::len).sum(),
        fronts: fronts.collect(),
        missing: missing(workspace),
        faulty: [faulty(workspace), frozen_locks(workspace, &made_from)].concat(),
        stale: stale(workspace),
        uncommitted: workspace.uncommitted(),
        notes: [exceptions::idle_by_plan(workspace, "HEAD", today), settings::notes(&workspace.plan)].concat(),
        todos: todos(&workspace.plan_bytes),
        source,
    }
}

/// Finds what a plan leaves to people: comments with `TODO`.
fn todos(plan: &[u8]) -> Vec<(usize, String)> {
    let text = String::from_utf8_lossy(plan);
    let comments =
        (1..).zip(text.lines()).filter_map(|(number, line)| Some((number, line.trim_start().strip_prefix('#')?)));
    let marked = comments.filter(|(_, comment)| comment.contains("TODO"));
    marked.map(|(number, comment)| (number, comment.trim().trim_start_matches("TODO: ").to_owned())).collect()
}

/// Reads the advisory data that a frozen input is locked to; none without a lock that can be read.
fn locked_data(folder: &Path, name: &Name) -> Option<FrozenData> {
    let text = door::read_text(&lock_path(folder, name), door::RECORD_LIMIT).ok()?;
    frozen_toml::decode(&text).ok()?.data
}
