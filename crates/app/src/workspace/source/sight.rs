//! The globs by which commands see a part of the source, and that match nothing in it.

use std::collections::BTreeMap;

use crate::workspace::PLAN_FILE;
use rcrepro_model::advisory::scan::SCANNERS;
use rcrepro_model::content::name::Name;
use rcrepro_model::execution::fault::Fault;
use rcrepro_model::plan::glob::PathGlob;
use rcrepro_model::plan::{CommandSpec, Plan};
use rcrepro_proof as proof;

/// The globs that have matched no file so far, with the commands that name them.
pub(super) struct Sight<'a> {
    blind: BTreeMap<&'a str, (PathGlob, Vec<&'a Name>)>,
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
        Self { blind }
    }

    /// Looks at a file of the source: a glob matches by the path of the file or of a folder above it.
    pub(super) fn look(&mut self, path: &str) {
        if self.blind.is_empty() {
            return;
        }
        let above = path.match_indices('/').map(|(at, _)| &path[..at]);
        let paths: Vec<&str> = above.chain([path]).collect();
        self.blind.retain(|_, (glob, _)| !paths.iter().any(|path| glob.matches(path)));
    }

    /// Notes what is left.
    pub(super) fn notes(&self) -> Vec<Fault> {
        let note = |(glob, (_, commands)): (&&str, &(PathGlob, Vec<&Name>))| {
            let commands: Vec<String> = commands.iter().map(|id| format!("`{id}`")).collect();
            let says = format!("`sees` of {}: no file of the source matches `{glob}`", commands.join(", "));
            Fault::of_file(PLAN_FILE, says)
                .hint("a glob is relative to the plan's folder; a folder is all that is below it")
        };
        self.blind.iter().map(note).collect()
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
