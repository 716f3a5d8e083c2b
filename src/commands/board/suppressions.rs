//! `rcrepro suppressions`.

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::show;
use rcrepro_app::suppressions::suppressions as gather;
use rcrepro_arguments::scans::SuppressionsArgs;
use rcrepro_report::suppressions::{self as report, ShownSuppressions};

/// Lists what checks are told not to report, and what of it is new.
pub fn suppressions(context: &Context, arguments: &SuppressionsArgs) -> Result<Exit, Failure> {
    let workspace = context.recorded(&arguments.rev)?;
    for id in &arguments.packets {
        workspace.packet(id)?;
    }
    let since = arguments.since.as_deref();
    let found = gather(&workspace, workspace.revision(), &arguments.packets, since, &context.store)?;
    let standing = found.standing();
    let shown = ShownSuppressions {
        standing,
        entries: &found.entries,
        unheeded: found.unheeded,
        files: found.files,
        since: found.since.as_ref().map(|(previous, changed)| (&*previous.name, &*previous.commit, changed)),
    };
    show(context.json, || report::json(&shown), || report::text(&shown))?;
    Ok(standing.into())
}
