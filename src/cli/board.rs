//! `rcrepro status`, `verdict` and `approve`.

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::output::print;
use super::today::today;
use crate::app::approve::{self as app, ApproveError};
use crate::app::status::{self, StatusError};
use crate::model::approval::ApprovalKind;
use crate::model::plan::PacketId;
use crate::model::verdict::{Verdict, judge};
use crate::report::board::{json, text};

/// Shows the packet board.
pub fn status(context: &Context, revision: &str) -> Result<Exit, Failure> {
    let board = status::status(&context.workspace()?, revision, &context.store, today())?;
    let shown = if context.json { format!("{}\n", json::board(&board)) } else { text::board(&board) };
    print(shown.as_bytes())?;
    Ok(Exit::Success)
}

/// Says whether to release.
pub fn verdict(context: &Context, revision: &str) -> Result<Exit, Failure> {
    let board = status::status(&context.workspace()?, revision, &context.store, today())?;
    let conditions = Vec::new();
    let verdict = judge(&board, &conditions);
    let shown = if context.json {
        format!("{}\n", json::verdict(&board, verdict, &conditions))
    } else {
        text::verdict(&board, verdict, &conditions)
    };
    print(shown.as_bytes())?;
    Ok(match verdict {
        Verdict::Go => Exit::Success,
        Verdict::GoWithConditions | Verdict::NoGo => Exit::Divergent,
        Verdict::Undecided => Exit::Undecided,
    })
}

/// Records that somebody stands for the plan or for evidence.
pub fn approve(
    context: &Context,
    packet: &PacketId,
    by: &str,
    review: bool,
    note: Option<&str>,
) -> Result<Exit, Failure> {
    let kind = if review { ApprovalKind::Review } else { ApprovalKind::Approval };
    let (path, subject) = app::approve(&context.workspace()?, packet, kind, by, note)?;
    let what = if review { "its manifest" } else { "the plan" };
    print(format!("{by} stands for {packet}: {what} {subject}, written to {}\n", path.display()).as_bytes())?;
    Ok(Exit::Success)
}

impl From<StatusError> for Failure {
    fn from(error: StatusError) -> Self {
        match error {
            StatusError::Workspace(error) => error.into(),
            StatusError::Evidence(error) => error.into(),
            StatusError::Store(error) => error.into(),
            StatusError::Runs(_) => Self::new(Exit::Engine, &error, None),
        }
    }
}

impl From<ApproveError> for Failure {
    fn from(error: ApproveError) -> Self {
        let (exit, advice) = match error {
            ApproveError::Workspace(error) => return error.into(),
            ApproveError::NoManifest { ref packet, .. } => (Exit::Undecided, Some(format!("rcrepro run {packet}"))),
            ApproveError::Name { .. } => (Exit::Usage, Some("rcrepro approve PACKET --by \"A Name\"".to_owned())),
            ApproveError::Io { .. } => (Exit::Engine, None),
        };
        Self::new(exit, &error, advice)
    }
}
