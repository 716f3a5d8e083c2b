//! How a recorded command ended, in words: by the limits of the plan that it was recorded by.

use rcrepro_model::evidence::manifest::CommandEntry;
use rcrepro_model::execution::ending::{self, Bounds};
use rcrepro_model::plan::{CommandSpec, Plan};

/// Says how a recorded command ended. Where the plan names no limit of its own, the engine's machine had one, which a manifest
/// does not know: then the key that raises it is named alone.
#[must_use]
pub(crate) fn ended(spec: Option<&CommandSpec>, entry: &CommandEntry) -> String {
    match spec {
        Some(spec) => {
            let bounds = Bounds { timeout: spec.timeout, memory: spec.memory };
            ending::words(entry.ending, entry.exit_code, bounds)
        }
        None => ending::with_unknown_limits(entry.ending, entry.exit_code),
    }
}

/// As `ended`, by the plan that holds the command; none when that cannot be read.
#[must_use]
pub fn ended_by(plan: Option<&Plan>, entry: &CommandEntry) -> String {
    ended(plan.and_then(|plan| plan.sets.values().flatten().find(|spec| spec.id == entry.id)), entry)
}
