//! `rcrepro run`.

use std::collections::BTreeSet;

use super::args::ExecutionArgs;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::output::print;
use crate::app::run::{self, RunOptions};
use crate::app::workspace::Workspace;
use crate::model::plan::PacketId;
use crate::report::progress::Progress;
use crate::report::{json, text};

/// Runs packets, those that others need first, and stops at the first that does not succeed.
pub async fn run(context: &Context, packets: &[PacketId], execution: &ExecutionArgs) -> Result<Exit, Failure> {
    let workspace = context.workspace()?;
    let order = order(&workspace, packets)?;
    let progress = Progress::new();
    let observe = |event| progress.hear(&event);
    let mut documents = Vec::new();
    let exit = context
        .with_session(execution.staging, async |session, cancel| {
            let options = RunOptions { revision: &execution.rev, lanes: lanes(execution), observe: &observe, cancel };
            for id in &order {
                let recorded = run::run(session, &workspace, id, options).await?;
                let ran: BTreeSet<_> = recorded.manifest.commands.iter().map(|entry| &entry.id).collect();
                let specs = workspace.plan.commands(workspace.packet(id)?);
                let skipped: Vec<String> =
                    specs.filter(|spec| !ran.contains(&spec.id)).map(|spec| spec.id.to_string()).collect();
                if context.json {
                    documents.push(json::recorded(recorded.digest, &recorded.manifest, &skipped));
                } else {
                    let written = recorded.written.as_ref().map(|path| path.display().to_string());
                    let text = text::recorded(&recorded.manifest, recorded.digest, &skipped, written.as_deref());
                    print(text.as_bytes())?;
                }
                if recorded.written.is_none() {
                    let unanswered = recorded.unanswered(&workspace.plan);
                    return Ok(if unanswered { Exit::Undecided } else { Exit::Divergent });
                }
            }
            Ok(Exit::Success)
        })
        .await?;
    if context.json {
        print(format!("{}\n", serde_json::Value::from(documents)).as_bytes())?;
    }
    Ok(exit)
}

/// Gives how many commands may run at once.
pub fn lanes(execution: &ExecutionArgs) -> usize {
    let processors = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    execution.jobs.map_or_else(processors, usize::from)
}

/// Orders packets by their needs; the plan has no cycle.
fn order(workspace: &Workspace, packets: &[PacketId]) -> Result<Vec<PacketId>, Failure> {
    let mut waiting: BTreeSet<&PacketId> = BTreeSet::new();
    for id in packets {
        workspace.packet(id)?;
        waiting.insert(id);
    }
    let mut order = Vec::new();
    while let Some(next) = waiting.iter().copied().find(|id| {
        workspace.plan.packets.get(*id).is_some_and(|packet| packet.needs.iter().all(|need| !waiting.contains(need)))
    }) {
        waiting.remove(next);
        order.push(next.clone());
    }
    Ok(order)
}
