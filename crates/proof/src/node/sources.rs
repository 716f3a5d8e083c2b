//! A project's own files in the input tree, less what was installed.

use std::collections::BTreeSet;

use crate::call::Call;
use crate::evidence::CommandEvidence;
use crate::inputs::{InputKind, Listing};

/// How many folders are listed for one command.
const FOLDERS: usize = 2048;
/// Folders whose files are nobody's own, or that no tool here looks into.
const INSTALLED: [&str; 2] = ["node_modules", ".git"];
/// The texts by which a test says that it alone shall run.
const FOCUS: [&str; 3] = [".only(", "fdescribe(", "fit("];

/// Names the files below a folder that hold a text, sorted; installed packages beside them apart. Files that cannot be looked into
/// are nobody's fault here.
pub(super) fn holding(folder: &str, text: &str, evidence: &CommandEvidence<'_>) -> Vec<String> {
    let Listing::Folder(names) = evidence.inputs.list(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for (name, kind) in names.iter().filter(|(name, _)| !INSTALLED.contains(&name.as_str())) {
        let below = evidence.inputs.search(&format!("{folder}/{name}"), text).found;
        found.extend(below.into_keys().map(|path| match kind {
            InputKind::Folder => format!("{name}/{path}"),
            InputKind::File | InputKind::Link => name.clone(),
        }));
    }
    found.retain(|path| !path.split('/').any(|part| INSTALLED.contains(&part)));
    found
}

/// Names the test files of a call's folder that say that some tests alone shall run.
pub(super) fn focused(call: &Call, evidence: &CommandEvidence<'_>) -> Vec<String> {
    let Some(folder) = call.path(".") else { return Vec::new() };
    let is_test = |path: &String| [".test.", ".spec.", "__tests__/"].iter().any(|part| path.contains(part));
    let mut found: Vec<String> =
        FOCUS.iter().flat_map(|text| holding(&folder, text, evidence)).filter(is_test).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The test files that a runner's output names, as far as it names them all.
#[derive(Default)]
pub(super) struct RanFiles {
    /// What the output has in the place of each name: perhaps a project before it and a time behind.
    names: BTreeSet<String>,
    /// How many files ran, by the summary; 0 where it counts none.
    pub(super) counted: u64,
}

impl RanFiles {
    pub(super) fn add(&mut self, name: &str) {
        self.names.insert(name.trim().to_owned());
    }

    /// Whether a file, by its path from the call's folder, may be one of them. An output that does not name all of them tells
    /// nothing. The runner may have started in another folder, so that the end of a path is enough.
    pub(super) fn may_hold(&self, file: &str) -> bool {
        let ends_with = |path: &str, end: &str| path.strip_suffix(end).is_some_and(|rest| rest.ends_with('/'));
        let fits = |name: &String| {
            let ends = name.match_indices(" (").map(|(at, _)| &name[..at]).chain([name.as_str()]);
            let mut paths =
                ends.flat_map(|end| std::iter::once(end).chain(end.match_indices(' ').map(|(at, _)| &end[at + 1..])));
            paths.any(|path| {
                let path = path.trim_start_matches("../");
                path == file || ends_with(path, file) || ends_with(file, path)
            })
        };
        let names_all = !self.names.is_empty() && self.names.len() as u64 >= self.counted;
        !names_all || self.names.iter().any(fits)
    }
}

/// Whether a folder, or one below it, has a file whose name passes; `None` when that cannot be told.
pub(super) fn any_file(folder: &str, passes: &dyn Fn(&str) -> bool, evidence: &CommandEvidence<'_>) -> Option<bool> {
    let mut open = vec![folder.to_owned()];
    let mut listed = 0;
    while let Some(folder) = open.pop() {
        listed += 1;
        let Listing::Folder(names) = evidence.inputs.list(&folder) else { return None };
        if listed > FOLDERS {
            return None;
        }
        for (name, kind) in names {
            match kind {
                InputKind::File if passes(&name) => return Some(true),
                InputKind::Folder if !INSTALLED.contains(&name.as_str()) => open.push(format!("{folder}/{name}")),
                _ => {}
            }
        }
    }
    Some(false)
}
