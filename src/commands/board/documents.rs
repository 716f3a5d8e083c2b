//! `rcrepro documents`.

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::show;
use crate::today::today;
use rcrepro_app::board::documents;
use rcrepro_model::standing::Standing;
use rcrepro_report::documents as report;

/// Judges the commands that documents quote.
pub fn documents(context: &Context, revision: &str) -> Result<Exit, Failure> {
    let workspace = context.committed(revision)?;
    let found = documents::align(&workspace, revision)?;
    let tampered = documents::tampered(&workspace, &found, &context.store, today())?;
    let standing = if tampered.is_some() { Standing::Tampered } else { found.standing() };
    let hollow = found.hollow();
    let document = || {
        let mut document = report::json(&found.documents, &found.quoted, &found.unmatched, hollow.as_deref());
        document["standing"] = standing.as_str().into();
        document
    };
    show(context.json, document, || report::text(&found.documents, &found.quoted, hollow.as_deref()))?;
    if let Some(tampered) = tampered {
        return Err(tampered.into());
    }
    let why = match (standing, hollow) {
        (Standing::Undecided, Some(why)) => why,
        (standing, _) => return Ok(standing.into()),
    };
    let hint = "name documents that quote commands in the plan: [documents] paths = [\"README.md\", \"docs/**/*.md\"]";
    Err(Failure::plain(Exit::Undecided, format!("nothing was decided: {why}"), Some(hint.to_owned())))
}
