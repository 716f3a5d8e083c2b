//! The outputs that a command promises: each that the plan declares must be there when the command has succeeded.
//!
//! The plan and the manifest say it, so `verify` says it again.

use std::collections::BTreeMap;

use rcrepro_model::content::name::TreePath;
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::evidence::manifest::CommandEntry;
use rcrepro_model::plan::CommandSpec;

/// Lists the declared outputs that a command, which succeeded otherwise, did not leave behind. `unkept` says why some cannot be
/// kept.
#[must_use]
pub(crate) fn missing(
    spec: &CommandSpec,
    entry: &CommandEntry,
    unkept: Option<&BTreeMap<TreePath, String>>,
) -> Vec<Finding> {
    if !entry.succeeded() {
        return Vec::new();
    }
    let absent = spec.outputs.iter().filter(|path| !entry.outputs.contains_key(*path));
    absent
        .map(|path| {
            let (name, found) = match unkept.and_then(|unkept| unkept.get(path)) {
                Some(reason) => (FindingName::OutputUnkept, reason.clone()),
                None => {
                    (FindingName::OutputMissing, "no file, folder or link there when the command had ended".to_owned())
                }
            };
            let at = format!("commands.{}.outputs.{path}", entry.id);
            Finding { name, at, expected: "the output that the plan declares".to_owned(), found }
        })
        .collect()
}
