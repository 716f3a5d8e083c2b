//! `rcrepro status --write` and `--check`: the written sections of documents.

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::show;
use crate::today::today;
use rcrepro_app::board::sections::{Sections, SectionsIoError, SectionsState};
use rcrepro_app::board::{Status, status_with_sections};
use rcrepro_model::content::name::TreePath;
use rcrepro_model::standing::Standing;
use rcrepro_report::sections::{DocumentLine, json, text};

/// Writes the sections of every document, and says which documents changed.
pub fn write(context: &Context, revision: &str) -> Result<Exit, Failure> {
    let status = status_with_sections(&context.committed(revision)?, revision, &context.store, today())?;
    let sections = status.sections?;
    checkable(&sections)?;
    let changed = sections.write(&status.texts)?;
    let text = || match changed.is_empty() {
        true => "nothing changed: every section is current\n".to_owned(),
        false => changed.iter().map(|path| format!("wrote {path}\n")).collect(),
    };
    show(context.json, || serde_json::json!({ "written": changed }), text)?;
    Ok(Exit::Success)
}

/// Writes the sections that evidence made stale, and gives the documents that changed. Where documents or markers are not as they
/// should be nothing is written: the board says so.
pub fn renew(status: &Status) -> Result<Vec<TreePath>, Failure> {
    let Ok(sections) = &status.sections else { return Ok(Vec::new()) };
    match sections.write(&status.texts) {
        Err(error @ SectionsIoError::Io { .. }) => Err(error.into()),
        written => Ok(written.unwrap_or_default()),
    }
}

/// Says which sections are not what [`write()`] would write.
pub fn check(context: &Context, revision: &str) -> Result<Exit, Failure> {
    let status = status_with_sections(&context.recorded(revision)?, revision, &context.store, today())?;
    let sections = status.sections?;
    let found = sections.check(&status.texts)?;
    let lines: Vec<DocumentLine<'_>> = found.iter().map(|(path, standing)| line(path.as_str(), standing)).collect();
    let standing = Standing::of_evidence(found.values());
    show(context.json, || json(&lines, standing), || text(&lines))?;
    // A document that is gone is found out without any section.
    if !found.values().any(|standing| *standing == SectionsState::Gone) {
        checkable(&sections)?;
    }
    Ok(standing.into())
}

/// Refuses where there is nothing to write or check: that would be a pass for nothing.
fn checkable(sections: &Sections) -> Result<(), Failure> {
    let mut outline = sections.outline().peekable();
    if outline.peek().is_none() {
        let hint = "name a document in the plan: [documents] generated = [\"docs/progress.md\"]".to_owned();
        let what = "nothing was decided: the plan names no document with written sections";
        return Err(Failure::plain(Exit::Undecided, what, Some(hint)));
    }
    if outline.all(|(_, names)| names.is_some_and(std::collections::BTreeMap::is_empty)) {
        let hint =
            "mark one in a document, each line alone: <!-- rcrepro:begin board --> and <!-- rcrepro:end board -->";
        let what = "nothing was decided: no document under `[documents] generated` has a section";
        return Err(Failure::plain(Exit::Undecided, what, Some(hint.to_owned())));
    }
    Ok(())
}

fn line<'a>(path: &'a str, standing: &'a SectionsState) -> DocumentLine<'a> {
    let of = |state| DocumentLine { path, state, current: &[], stale: &[] };
    match standing {
        SectionsState::Gone => of("gone"),
        SectionsState::Bare => of("bare"),
        SectionsState::Stale { sections } => DocumentLine { stale: sections, ..of("stale") },
        SectionsState::Current { sections } => DocumentLine { current: sections, ..of("current") },
    }
}
