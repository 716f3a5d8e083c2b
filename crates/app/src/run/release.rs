//! The last stage: the release's own images, built and tried once every command has passed.

use std::sync::Arc;

use super::packet_run::PacketRun;
use super::prepare::Prepared;
use super::{RunError, StageInput};
use crate::release::latest;
use crate::release::step::ReleaseStep;

/// Builds and tries the packet's images, where it has any and every command passed.
///
/// # Errors
/// [`RunError::Release`] when nothing can be said of them; what they do or fail to do is a finding.
pub(crate) async fn release_images(
    input: &StageInput<'_>,
    prepared: &Prepared,
    mut run: PacketRun,
) -> Result<PacketRun, RunError> {
    let StageInput { context, workspace, id, options, recorded, .. } = *input;
    if !run.passed(workspace.plan.commands(workspace.packet(id)?).count()) {
        return Ok(run);
    }
    let results = run.manifest.results();
    let step = ReleaseStep {
        context,
        workspace,
        packet: id,
        resolved: &prepared.resolved,
        results: &results,
        spool: context.run.path(),
        folded: &Arc::default(),
        twice: recorded.is_none(),
        lanes: options.lanes,
    };
    run.images = step.release().await?;
    if let Some(released) = &run.images {
        latest::keep((context.run, context.store), id, prepared.resolved.source, released)?;
    }
    Ok(run)
}
