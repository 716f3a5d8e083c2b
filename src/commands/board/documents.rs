//! `rcrepro documents`.

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::show;
use crate::today::today;
use rcrepro_app::board::documents::{self, Unsound};
use rcrepro_model::standing::Standing;
use rcrepro_report::documents as report;

/// Judges the commands that documents quote.
pub fn documents(context: &Context, revision: &str) -> Result<Exit, Failure> {
    let workspace = context.recorded(revision)?;
    let found = documents::align(&workspace, revision)?;
    let unsound = documents::unsound(&workspace, &found, &context.store, today())?;
    let standing = Standing::worst([found.standing(), unsound.as_ref().map_or(Standing::Passed, Unsound::standing)]);
    let (hollow, unshown) = (found.hollow(), unsound.as_ref().and_then(Unsound::undecided));
    let undecided = hollow.as_ref().or(unshown.as_ref());
    let document = || {
        let mut document =
            report::json(&found.documents, &found.quoted, &found.unmatched, undecided.map(String::as_str));
        document["standing"] = standing.as_str().into();
        document
    };
    show(context.json, document, || report::text(&found.documents, &found.quoted, undecided.map(String::as_str)))?;
    match unsound {
        Some(Unsound::Tampered(tampered)) => return Err(tampered.into()),
        Some(Unsound::Undecided { path, .. }) if standing == Standing::Undecided && hollow.is_none() => {
            let message = format!("nothing was decided: {}", unshown.unwrap_or_default());
            let hint = format!("rcrepro verify {}", path.display());
            return Err(Failure::plain(Exit::Undecided, message, Some(hint)));
        }
        _ => {}
    }
    let why = match (standing, hollow) {
        (Standing::Undecided, Some(why)) => why,
        (standing, _) => return Ok(standing.into()),
    };
    let hint = "name documents that quote commands in the plan: [documents] paths = [\"README.md\", \"docs/**/*.md\"]";
    Err(Failure::plain(Exit::Undecided, format!("nothing was decided: {why}"), Some(hint.to_owned())))
}
