//! `rcrepro run`.

use std::path::PathBuf;

use serde_json::Value;

use crate::commands::board::sections;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{print, print_json};
use crate::today::today;
use rcrepro_app::board as status;
use rcrepro_app::run::RunOptions;
use rcrepro_app::run::execute::OnFailure;
use rcrepro_app::run::packet_run::PacketRun;
use rcrepro_app::run::queue::{FinishedPacket, PacketQueue};
use rcrepro_app::workspace::Workspace;
use rcrepro_arguments::{ExecutionArgs, FailureArgs};
use rcrepro_model::content::name::Name;
use rcrepro_model::plan::PacketId;
use rcrepro_model::standing::Standing;
use rcrepro_report::progress::Progress;
use rcrepro_report::run::RunReport;
use rcrepro_report::{board, json, release, text};

/// Runs packets, those that others need first; of a packet alone, only some commands if any are named.
pub async fn run(
    context: &Context,
    packets: &[PacketId],
    commands: &[Name],
    (failure, fresh): (FailureArgs, bool),
    execution: &ExecutionArgs,
) -> Result<Exit, Failure> {
    if let (Some(command), [_, _, ..]) = (commands.first(), packets) {
        let message = format!("`--command {command}` is a command of one packet: found {} packets", packets.len());
        let hint = Some(format!("rcrepro run {} --command {command}", packets[0]));
        return Err(Failure::plain(Exit::Usage, message, hint));
    }
    let workspace = context.committed_and_told(&execution.rev)?;
    let queue = PacketQueue::named(&workspace, packets)?;
    let options = RunOptions { commands, fresh, ..options(&workspace, failure, execution) };
    run_queue(context, queue, (options, execution), || Ok(Exit::Success)).await
}

/// Runs every packet that is not done, once, as nothing blocks it. What is left then waits for a person, so that nothing is
/// decided.
pub async fn all(
    context: &Context,
    (failure, fresh): (FailureArgs, bool),
    execution: &ExecutionArgs,
) -> Result<Exit, Failure> {
    let workspace = context.committed_and_told(&execution.rev)?;
    let queue = PacketQueue::ready(&workspace, &context.store);
    let options = RunOptions { fresh, ..options(&workspace, failure, execution) };
    run_queue(context, queue, (options, execution), || show_board(context, &workspace)).await
}

/// Gives the options of an execution of whole packets that takes nothing over.
pub fn options<'a>(workspace: &'a Workspace, failure: FailureArgs, execution: &ExecutionArgs) -> RunOptions<'a> {
    RunOptions {
        revision: workspace.revision(),
        lanes: lanes(execution),
        commands: &[],
        second_look: !failure.no_second_look,
        on_failure: if failure.fail_fast { OnFailure::Stop } else { OnFailure::KeepGoing },
        fresh: true,
        today: today(),
    }
}

/// Renews the written sections and prints the board.
fn show_board(context: &Context, workspace: &Workspace) -> Result<Exit, Failure> {
    let found = status::status_with_sections(workspace, workspace.revision(), &context.store, today())?;
    let written = sections::renew(&found)?;
    let board = match written.is_empty() {
        true => found.board,
        false => status::status(workspace, workspace.revision(), &context.store, today())?,
    };
    if !context.json {
        let wrote: String = written.iter().map(|path| format!("wrote {path}\n")).collect();
        print(wrote)?;
        print(board::text::board(&board))?;
    }
    Ok(board.standing().into())
}

/// Runs a queue and reports each packet; once all have passed, the exit code is that of `all_passed`.
async fn run_queue(
    context: &Context,
    queue: PacketQueue<'_>,
    (options, execution): (RunOptions<'_>, &ExecutionArgs),
    all_passed: impl FnOnce() -> Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    let progress = Progress::new(context.json);
    let observe = |event| progress.hear(&event);
    let mut documents = Vec::new();
    let exit = context
        .with_session(execution.staging, async |session, cancel| {
            let finished = |packet: FinishedPacket<'_>| report(context, &packet, &mut documents);
            match queue.run(session.context(&observe, cancel), options, finished).await? {
                Standing::Passed => all_passed(),
                outcome => Ok(outcome.into()),
            }
        })
        .await?;
    if context.json {
        print_json(&Value::from(documents))?;
    }
    Ok(exit)
}

/// Prints what came of a packet, or keeps it for the one JSON document of all packets.
fn report(context: &Context, packet: &FinishedPacket<'_>, documents: &mut Vec<Value>) -> Result<(), Failure> {
    let FinishedPacket { id, run, outcome, skipped } = packet;
    let skipped: Vec<String> = skipped.iter().map(ToString::to_string).collect();
    let shown = |path: &PathBuf| path.display().to_string();
    let written = run.written.as_ref().map(shown);
    let failed = run.failure.as_ref().map(|failure| shown(&failure.path));
    let passed_before = run.failure.as_ref().and_then(|failure| failure.passed_before.as_ref()).map(shown);
    let report = RunReport {
        manifest: &run.manifest,
        digest: run.digest,
        outcome: *outcome,
        beside: beside(run),
        flakes: &run.flakes,
        skipped: &skipped,
        left_out: &run.record.left_out,
        written: written.as_deref(),
        failed: failed.as_deref(),
        passed_before: passed_before.as_deref(),
    };
    if context.json {
        let mut document = report.json();
        document["images"] = release::json(run.images.as_ref());
        documents.push(document);
    } else {
        print(report.text())?;
        print(release::text(id, run.images.as_ref()))?;
        print(text::outcome(id, *outcome))?;
    }
    Ok(())
}

/// Gives what is told of an execution beside its manifest.
pub fn beside(recorded: &PacketRun) -> json::ExecutionNotes<'_> {
    let PacketRun { network, findings, proofs, endings, taken_over, notes, .. } = recorded;
    json::ExecutionNotes { network, findings, proofs, endings, taken_over, notes }
}

/// Gives how many commands may run at once.
pub fn lanes(execution: &ExecutionArgs) -> usize {
    let processors = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    execution.jobs.map_or_else(processors, usize::from)
}
