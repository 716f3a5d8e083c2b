//! The globs by which commands see a part of the source, and that match nothing in it; and the links that they see and that lead to
//! what they do not see.

use std::collections::{BTreeMap, BTreeSet};

use crate::workspace::PLAN_FILE;
use rcrepro_model::advisory::scan::SCANNERS;
use rcrepro_model::content::name::Name;
use rcrepro_model::execution::fault::{Fault, follow};
use rcrepro_model::plan::glob::{PathGlob, PathGlobSet, escape};
use rcrepro_model::plan::{CommandSpec, Plan};
use rcrepro_proof as proof;

/// The globs that have matched no file so far, with the commands that name them.
pub(super) struct Sight<'a> {
    blind: BTreeMap<&'a str, (PathGlob, Vec<&'a Name>)>,
    /// The commands that see a part, with all of their globs.
    narrow: Vec<(&'a Name, PathGlobSet)>,
    /// Every path of the source, as far as a command sees a part of it.
    paths: BTreeSet<String>,
    /// The links among them, each with what it leads to.
    links: Vec<(String, String)>,
}

impl<'a> Sight<'a> {
    /// Takes the globs of all commands.
    pub(super) fn of(plan: &'a Plan) -> Self {
        let mut blind: BTreeMap<&str, (PathGlob, Vec<&Name>)> = BTreeMap::new();
        for spec in plan.sets.values().flatten() {
            for glob in &spec.sees {
                // The parser has refused what is not a glob.
                let Ok(matcher) = PathGlob::new(glob) else { continue };
                blind.entry(glob).or_insert_with(|| (matcher, Vec::new())).1.push(&spec.id);
            }
        }
        let narrow = plan.sets.values().flatten().filter(|spec| !spec.sees.is_empty());
        let narrow = narrow.filter_map(|spec| Some((&spec.id, PathGlobSet::new(&spec.sees).ok()?))).collect();
        Self { blind, narrow, paths: BTreeSet::new(), links: Vec::new() }
    }

    /// Looks at a file of the source: a glob matches by the path of the file or of a folder above it.
    pub(super) fn look(&mut self, path: &str) {
        if !self.narrow.is_empty() {
            self.paths.insert(path.to_owned());
        }
        if self.blind.is_empty() {
            return;
        }
        let above = path.match_indices('/').map(|(at, _)| &path[..at]);
        let paths: Vec<&str> = above.chain([path]).collect();
        self.blind.retain(|_, (glob, _)| !paths.iter().any(|path| glob.matches(path)));
    }

    /// Looks at a link of the source, after [`Self::look`]; one that leads out of it dangles for everybody.
    pub(super) fn look_at_link(&mut self, path: &str, target: &[u8]) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let target = std::str::from_utf8(target).ok().and_then(|target| follow(folder, target));
        if let Some(target) = target.filter(|_| !self.narrow.is_empty()) {
            self.links.push((path.to_owned(), target));
        }
    }

    /// Notes the links that a command sees and that lead to what it does not see.
    fn dangling(&self) -> Vec<Fault> {
        let is_seen = |globs: &PathGlobSet, path: &str| {
            let below = format!("{path}/");
            let inside = self.paths.range(below.clone()..).take_while(|path| path.starts_with(&below));
            globs.matches_within(path) || inside.into_iter().any(|path| globs.matches_within(path))
        };
        let is_there = |path: &str| {
            let below = format!("{path}/");
            self.paths.contains(path)
                || self.paths.range(below.clone()..).next().is_some_and(|at| at.starts_with(&below))
        };
        let mut notes = Vec::new();
        for (id, globs) in &self.narrow {
            for (link, target) in &self.links {
                if globs.matches_within(link) && is_there(target) && !is_seen(globs, target) {
                    let says =
                        format!("`sees` of `{id}`: the link `{link}` leads to `{target}`, which it does not see");
                    let hint = format!("add \"{}\" to `sees`", escape(target));
                    notes.push(Fault::of_file(PLAN_FILE, says).hint(hint));
                }
            }
        }
        notes
    }

    /// Notes what is left.
    pub(super) fn notes(&self) -> Vec<Fault> {
        let note = |(glob, (_, commands)): (&&str, &(PathGlob, Vec<&Name>))| {
            let commands: Vec<String> = commands.iter().map(|id| format!("`{id}`")).collect();
            let says = format!("`sees` of {}: no file of the source matches `{glob}`", commands.join(", "));
            Fault::of_file(PLAN_FILE, says)
                .hint("a glob is relative to the plan's folder; a folder is all that is below it")
        };
        self.blind.iter().map(note).chain(self.dangling()).collect()
    }
}

/// Notes the scans that see a part of the source: what they do not see they call clean.
pub(super) fn narrowed_scans(plan: &Plan) -> Vec<Fault> {
    let scans = |spec: &&CommandSpec| {
        !spec.sees.is_empty() && proof::tools(&spec.line, spec.proof).iter().any(|(tool, _)| SCANNERS.contains(tool))
    };
    let note = |spec: &CommandSpec| {
        let says = format!("the scan `{}` sees a part of the source: it finds nothing in the rest", spec.id);
        Fault::of_file(PLAN_FILE, says).hint("sees = [\"**\"]")
    };
    plan.sets.values().flatten().filter(scans).map(note).collect()
}
