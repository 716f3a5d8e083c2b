//! Modules that govulncheck looks up nothing about although its database has entries about them.
//!
//! From govulncheck 1.9's own source (`internal/vulncheck`): a module is looked up by its path and version, and where a `replace` holds for it
//! by those of what takes its place. What comes from a folder has no version and is looked up not at all.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::call::Call;
use crate::evidence::CommandEvidence;
use crate::go::{Module, Place};
use rcrepro_model::plan::proof::Condition;

/// Names the modules with entries that nothing is looked up about: those that a `replace` takes from a folder or from a module of another
/// path, those of a workspace, and the main module. Where the folder cannot be told, those of all modules of the source.
pub(super) fn conditions(call: &Call, modules: &[u8], evidence: &CommandEvidence<'_>) -> Vec<Condition> {
    if call.value(&["-mode", "--mode"]) == Some("binary") {
        let says =
            "govulncheck scans a binary, of which only the modules and symbols that it still names are looked up";
        return vec![Condition::new("govulncheck-binary", "", says)];
    }
    let mut found = Vec::new();
    let main = match Module::of(call, evidence) {
        // Of a script that calls it the plan does not say where.
        Place::Found(module) if !call.forced => vec![module],
        place => {
            let (all, unseen) = Module::everywhere(evidence);
            let why = match place {
                Place::Unknown { why } if !call.forced || all.is_empty() => Some(why),
                _ => (unseen > 0).then(|| "a part of the source cannot be looked at here".to_owned()),
            };
            let says = |why| format!("modules that govulncheck looks up nothing about cannot be told: {why}");
            found.extend(why.map(|why| Condition::new("govulncheck-modules", "", says(why))));
            all
        }
    };
    let known: Vec<Value> = serde_json::from_slice(modules).unwrap_or_default();
    let known: BTreeSet<&str> = known.iter().filter_map(with_entries).collect();
    let mut of_main: Vec<Condition> = main.iter().flat_map(|module| of_module(module, &known)).collect();
    of_main.sort();
    of_main.dedup_by(|one, other| one.id == other.id);
    found.extend(of_main);
    found
}

/// Returns the path of a module that the database has entries about.
fn with_entries(module: &Value) -> Option<&str> {
    let has_entries = module.get("vulns").and_then(Value::as_array).is_some_and(|all| !all.is_empty());
    module.get("path").and_then(Value::as_str).filter(|_| has_entries)
}

fn of_module(module: &Module, known: &BTreeSet<&str>) -> Vec<Condition> {
    let by_folder = &module.replaced.by_folder;
    let replaced = by_folder.iter().map(|(path, folder)| (path, format!("is replaced by {folder}")));
    let own = module.own.keys().filter(|path| !by_folder.contains_key(*path)).map(|path| {
        let what = if *path == module.path { "is the main module" } else { "is a module of the workspace" };
        (path, what.to_owned())
    });
    let unversioned = replaced.chain(own).filter(|(path, _)| known.contains(path.as_str())).map(|(path, what)| {
        let says = format!("{path} {what}: govulncheck does not look it up, and the database has entries about it");
        Condition::new("govulncheck-no-version", path, says)
    });
    let by_module = module.replaced.by_module.iter().filter(|(path, _)| known.contains(path.as_str()));
    let renamed = by_module.map(|(path, other)| {
        let says = format!(
            "{path} is replaced by {other}: govulncheck looks up {other}, and the database has entries about {path}"
        );
        Condition::new("govulncheck-replaced", &format!("{path}:{other}"), says)
    });
    unversioned.chain(renamed).collect()
}
