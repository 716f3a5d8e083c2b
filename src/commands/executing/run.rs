//! `rcrepro run`.

use std::collections::BTreeSet;

use crate::args::{ExecutionArgs, LookArgs};
use crate::commands::board::sections;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{print, print_json};
use crate::today::today;
use rcrepro_app::board as status;
use rcrepro_app::board::status;
use rcrepro_app::run::{self, RunOptions};
use rcrepro_app::workspace::Workspace;
use rcrepro_model::decision::board::{BoardRow, PacketState};
use rcrepro_model::plan::PacketId;
use rcrepro_model::standing::Standing;
use rcrepro_report::progress::Progress;
use rcrepro_report::run::RunReport;
use rcrepro_report::{board, json, release, text};

/// Runs packets, those that others need first, and stops at the first that does not succeed.
pub async fn run(
    context: &Context,
    packets: &[PacketId],
    look: LookArgs,
    execution: &ExecutionArgs,
) -> Result<Exit, Failure> {
    let workspace = context.committed_and_told(&execution.rev)?;
    let mut order = order(&workspace, packets)?.into_iter();
    each(context, &workspace, (look, execution), |_| Ok(order.next()), |_| Ok(Exit::Success)).await
}

/// Runs every packet that is not done, once, as nothing blocks it, and stops at the first that does not succeed. What is left
/// then waits for somebody, so that nothing is decided.
pub async fn all(context: &Context, look: LookArgs, execution: &ExecutionArgs) -> Result<Exit, Failure> {
    let workspace = context.committed_and_told(&execution.rev)?;
    let runs =
        |id: &PacketId| workspace.packet(id).is_ok_and(|packet| workspace.plan.commands(packet).next().is_some());
    let next = |ran: &[PacketId]| {
        let board = status(&workspace, workspace.revision(), &context.store, today())?;
        let open = |row: &BoardRow| {
            matches!(
                row.state,
                PacketState::Ready | PacketState::Failed | PacketState::Tampered | PacketState::Undecided
            )
        };
        let ready = board.rows.into_iter().filter(|row| open(row) && row.manifest.is_none());
        Ok(ready.map(|row| row.id).find(|id| runs(id) && !ran.contains(id)))
    };
    let end = |_: &[PacketId]| {
        let found = status::look(&workspace, workspace.revision(), &context.store, today())?;
        let written = sections::renew(&found)?;
        let board = match written.is_empty() {
            true => found.board,
            false => status(&workspace, workspace.revision(), &context.store, today())?,
        };
        if !context.json {
            let wrote: String = written.iter().map(|path| format!("wrote {path}\n")).collect();
            print(wrote)?;
            print(board::text::board(&board))?;
        }
        Ok(board.standing().into())
    };
    each(context, &workspace, (look, execution), next, end).await
}

/// Runs one packet after the other, as `next` names them by those that ran, until one does not succeed.
async fn each(
    context: &Context,
    workspace: &Workspace,
    (look, execution): (LookArgs, &ExecutionArgs),
    mut next: impl FnMut(&[PacketId]) -> Result<Option<PacketId>, Failure>,
    end: impl Fn(&[PacketId]) -> Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    let progress = Progress::new();
    let observe = |event| progress.hear(&event);
    let (mut documents, mut ran) = (Vec::new(), Vec::new());
    let exit = context
        .with_session(execution.staging, async |session, cancel| {
            let options = RunOptions {
                revision: workspace.revision(),
                lanes: lanes(execution),
                second_look: !look.no_second_look,
                today: today(),
                observe: &observe,
                cancel,
            };
            while let Some(id) = next(&ran)? {
                let recorded = run::run(session, workspace, &id, options).await?;
                let done: BTreeSet<_> = recorded.manifest.commands.iter().map(|entry| &entry.id).collect();
                let specs: Vec<_> = workspace.plan.commands(workspace.packet(&id)?).collect();
                let outcome = recorded.outcome(specs.len());
                let skipped: Vec<String> =
                    specs.iter().filter(|spec| !done.contains(&spec.id)).map(|spec| spec.id.to_string()).collect();
                let written = recorded.written.as_ref().map(|path| path.display().to_string());
                let report = RunReport {
                    manifest: &recorded.manifest,
                    digest: recorded.digest,
                    outcome,
                    beside: beside(&recorded),
                    flakes: &recorded.flakes,
                    skipped: &skipped,
                    written: written.as_deref(),
                };
                if context.json {
                    let mut document = report.json();
                    document["images"] = release::json(recorded.images.as_ref());
                    documents.push(document);
                } else {
                    print(report.text())?;
                    print(release::text(&id, recorded.images.as_ref()))?;
                    print(text::outcome(&id, outcome))?;
                }
                if outcome != Standing::Passed {
                    return Ok(outcome.into());
                }
                ran.push(id);
            }
            end(&ran)
        })
        .await?;
    if context.json {
        print_json(&serde_json::Value::from(documents))?;
    }
    Ok(exit)
}

/// Gives what is told of an execution beside its manifest.
pub fn beside(recorded: &run::packet_run::PacketRun) -> json::ExecutionNotes<'_> {
    let run::packet_run::PacketRun { network, findings, proofs, endings, notes, .. } = recorded;
    json::ExecutionNotes { network, findings, proofs, endings, notes }
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
