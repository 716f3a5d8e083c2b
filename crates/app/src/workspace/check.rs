//! `rcrepro check`: whether a plan is sound, and what it or the source of a commit would keep from running.

use std::collections::BTreeMap;

use super::missing::{Missing, faulty, frozen_locks, is_brought, missing, needed, stale};
use super::source::{self, SourceLook};
use crate::board::exceptions;
use crate::frozen::go::settings;
use crate::frozen::lock_path;
use crate::workspace::{Workspace, WorkspaceError};
use rcrepro_format::plan::frozen_toml::{self, FrozenData};
use rcrepro_model::content::name::Name;
use rcrepro_model::plan::{FrozenKind, Plan};
use rcrepro_model::text::civil_date::CivilDate;
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
    /// What of the plan does nothing, one sentence each: exceptions, build caches for some commands, and sets that no packet runs.
    pub notes: Vec<String>,
    /// The lines of the plan that say TODO, each with its number; without data to bring that was brought.
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
    let needed = needed(&workspace.plan);
    let fronts = workspace.plan.frozen.iter().filter_map(|(name, input)| {
        let program = input.kind.front().filter(|_| input.kind.is_advisories())?;
        let data = locked_data(workspace, name);
        let counts = data.is_some() || needed.contains(name);
        counts.then(|| AdvisoryFront { input: name.clone(), kind: input.kind, program, data })
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
        notes: [
            exceptions::idle_by_plan(workspace, "HEAD", today),
            settings::notes(&workspace.plan),
            idle_sets(&workspace.plan),
        ]
        .concat(),
        todos: todos(workspace),
        source,
    }
}

/// Names the commands that no packet runs, by their sets.
fn idle_sets(plan: &Plan) -> Vec<String> {
    let is_run = |set: &Name| plan.packets.values().any(|packet| packet.sets.contains(set));
    let idle = plan.sets.iter().filter(|(set, commands)| !is_run(set) && !commands.is_empty());
    idle.map(|(set, commands)| {
        let ids: Vec<String> = commands.iter().map(|spec| format!("`{}`", spec.id)).collect();
        format!("no packet runs set `{set}`: {}", ids.join(", "))
    })
    .collect()
}

/// Finds what a plan leaves to people: comments with `TODO`. One above a frozen input that says what to put there, as `init`
/// writes it, is done once that is there and locked.
fn todos(workspace: &Workspace) -> Vec<(usize, String)> {
    let text = String::from_utf8_lossy(&workspace.plan_bytes);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let is_done = |at: usize, todo: &str| {
        let below = lines[at..].iter().find(|line| !line.starts_with('#'));
        let name = below.and_then(|table| table.strip_prefix("[frozen.")?.strip_suffix(']')?.parse().ok());
        todo.starts_with("put ") && name.is_some_and(|name| is_brought(workspace, &name))
    };
    let comments = lines.iter().enumerate().filter_map(|(at, line)| Some((at, line.strip_prefix('#')?.trim())));
    let marked = comments.filter(|(_, comment)| comment.contains("TODO"));
    let todos = marked.map(|(at, comment)| (at, comment.trim_start_matches("TODO: ")));
    todos.filter(|(at, todo)| !is_done(*at, todo)).map(|(at, todo)| (at + 1, todo.to_owned())).collect()
}

/// Reads the advisory data that a frozen input is locked to; none without a lock that can be read.
fn locked_data(workspace: &Workspace, name: &Name) -> Option<FrozenData> {
    let text = workspace.files.read_to_string(&lock_path(&workspace.folder, name)).ok()?;
    frozen_toml::decode(&text).ok()?.data
}

#[cfg(test)]
mod tests {
    use super::super::PLAN_FILE;
    use super::*;

    const PLAN: &str = "version = 1
name = 'x'
# TODO: put Go's vulnerability database there
[frozen.vulndb]
kind = 'go-vulndb'
path = 'mirror/vulndb.zip'
# TODO: put the registry's answers there
[frozen.advisories]
kind = 'npm-advisories'
path = 'advisories/npm'
# TODO: choose a newer image
[images.go]
build = 'images/go.toml'
[[sets.security]]
id = 'govulncheck'
run = 'govulncheck ./...'
image = 'go'
frozen = ['vulndb']
[[sets.audit]]
id = 'npm-audit'
run = 'npm audit'
image = 'go'
frozen = ['advisories']
[packets.RC-05]
title = 'x'
sets = ['security']
";

    /// Checks a plan beside files; gives what is missing of frozen inputs, the lines that are to do, the programs, and the notes.
    fn checked(plan: &str, files: &[&str]) -> [Vec<String>; 4] {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(PLAN_FILE), plan).expect("written");
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, "").expect("written");
        }
        let workspace = Workspace::open(folder.path()).expect("a good plan");
        let found = check(&workspace, "2026-12-01".parse().expect("a day"));
        let asked = missing(&workspace).into_iter().map(|thing| thing.what).filter(|what| what.contains("frozen"));
        [
            asked.collect(),
            found.todos.iter().map(|(line, todo)| format!("{line}: {todo}")).collect(),
            found.fronts.iter().map(|front| front.input.to_string()).collect(),
            found.notes,
        ]
    }

    #[test]
    fn an_input_that_no_packet_uses_is_not_missing() {
        let [missing, todos, fronts, notes] = checked(PLAN, &[]);
        assert_eq!(missing, ["data of the frozen input `vulndb` at `mirror/vulndb.zip`"]);
        assert_eq!(todos, ["3: put Go's vulnerability database there", "11: choose a newer image"]);
        assert_eq!(fronts, ["vulndb"]);
        assert_eq!(notes, ["no packet runs set `audit`: `npm-audit`"]);
        let [missing, todos, fronts, notes] = checked(&PLAN.replace("['security']", "['security', 'audit']"), &[]);
        assert_eq!((missing.len(), todos.len(), fronts.len(), notes.len()), (2, 3, 2, 0), "{missing:?} {notes:?}");
    }

    #[test]
    fn data_to_bring_is_to_do_until_it_is_there_and_locked() {
        let mirror = ["mirror/vulndb.zip", "lockfiles/vulndb.lock"];
        let of = |files: &[&str]| checked(PLAN, files)[1].clone();
        let before = ["3: put Go's vulnerability database there", "11: choose a newer image"];
        assert_eq!(of(&mirror[..1]), before, "it is not locked");
        assert_eq!(of(&mirror[1..]), before, "it is gone");
        assert_eq!(of(&mirror), ["11: choose a newer image"]);
    }
}
