//! How a recorded command ended, in words: by the limits of the plan that it was recorded by.

use rcrepro_model::evidence::manifest::CommandEntry;
use rcrepro_model::execution::ending::{self, Bounds};
use rcrepro_model::execution::limits::{Limit, LimitSource};
use rcrepro_model::plan::{CommandSpec, Plan};

/// Says how a recorded command ended. Where the plan names no limit of its own, the engine's machine had one, which a manifest
/// does not know: then the key that raises it is named alone.
#[must_use]
pub(crate) fn ended(spec: Option<&CommandSpec>, entry: &CommandEntry) -> String {
    match spec {
        Some(spec) => ending::words(entry.ending, entry.exit_code, &planned(spec)),
        None => ending::with_unknown_limits(entry.ending, entry.exit_code),
    }
}

/// Gives the limits that the plan names.
fn planned(spec: &CommandSpec) -> Bounds {
    let timeout = spec.timeout.map(|amount| Limit { amount, source: LimitSource::Plan });
    let memory = spec.memory.map(|amount| Limit { amount, source: LimitSource::Plan });
    Bounds { timeout, memory, ..Bounds::default() }
}

/// As `ended`, by the plan that holds the command; none when that cannot be read.
#[must_use]
pub fn ended_by(plan: Option<&Plan>, entry: &CommandEntry) -> String {
    ended(plan.and_then(|plan| plan.sets.values().flatten().find(|spec| spec.id == entry.id)), entry)
}
