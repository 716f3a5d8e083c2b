//! `rcrepro status`, `verdict` and `approve`.

use std::time::SystemTime;

use crate::commands::scans::findings;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::show;
use crate::today::today;
use rcrepro_app::advisories::time_split::time_split;
use rcrepro_app::board as status;
use rcrepro_app::board::Status;
use rcrepro_app::board::approve as app;
use rcrepro_app::board::exceptions;
use rcrepro_model::advisory::time_split::judge_today;
use rcrepro_model::decision::approval::ApprovalKind;
use rcrepro_model::decision::verdict::of_verdict;
use rcrepro_model::plan::PacketId;
use rcrepro_report::board::{json, text};
use rcrepro_report::findings as report;
use rcrepro_store::fs::FsStore;

/// Shows the packet board, and below it the packets that open findings ask for. The exit code says what is known of the packets
/// so far: a packet that waits is nothing wrong.
pub fn status(context: &Context, revision: &str, propose: bool) -> Result<Exit, Failure> {
    let workspace = context.recorded_and_told(revision)?;
    let Status { board, source, .. } =
        status::status_with_sections(&workspace, workspace.revision(), &context.store, today())?;
    let (found, proposals) = findings::proposals(context, &workspace, source)?;
    if propose {
        return findings::print_proposals(context.json, &found, &proposals);
    }
    let document = || {
        let mut document = json::board(&board);
        document["proposals"] = report::json::proposals(&proposals);
        document
    };
    let text = || format!("{}{}", text::board(&board), report::text::proposals(&proposals));
    show(context.json, document, text)?;
    Ok(board.standing_so_far().into())
}

/// Says whether to release.
pub fn verdict(context: &Context, revision: &str) -> Result<Exit, Failure> {
    let workspace = context.recorded_and_told(revision)?;
    let Status { mut board, source, .. } =
        status::status_with_sections(&workspace, workspace.revision(), &context.store, today())?;
    let store = FsStore::open(&context.store)?;
    let split = time_split(&workspace, &store, source, SystemTime::now(), today())?;
    board.suppressions.extend(exceptions::idle_today(&workspace.plan, &split, today()));
    let verdict = judge_today(&board, &split);
    let document = || json::verdict(&board, verdict, &split);
    show(context.json, document, || text::verdict(&board, verdict, &split))?;
    Ok(of_verdict(&board, verdict).into())
}

/// Records that somebody approved the plan, or reviewed evidence.
pub fn approve(
    context: &Context,
    packet: &PacketId,
    by: &str,
    review: bool,
    note: Option<&str>,
) -> Result<Exit, Failure> {
    let kind = if review { ApprovalKind::Review } else { ApprovalKind::Approval };
    let (path, subject) = app::approve(&context.committed("HEAD")?, packet, kind, by, note)?;
    let what = if review { "its manifest" } else { "the plan" };
    let path = path.display().to_string();
    let document = || serde_json::json!({ "packet": packet, "by": by, "subject": subject.to_string(), "path": path });
    show(context.json, document, || format!("{packet} approved by {by}: {what} {subject}, written to {path}\n"))?;
    Ok(Exit::Success)
}
