//! What the working copy has and the commit does not: it does not count, and people forget that.

use rcrepro_app::workspace::{Workspace, WorkspaceError};
use rcrepro_model::text::printable;
use rcrepro_store::git::status::{Uncommitted, UncommittedChange};

/// How many files are named.
const NAMED: usize = 5;

/// Lists the files that differ, where the commit is the last one; another commit is not what a person has in hand.
pub fn files(workspace: &Workspace, revision: &str) -> Result<Vec<Uncommitted>, WorkspaceError> {
    if revision == "HEAD" { workspace.uncommitted() } else { Ok(Vec::new()) }
}

/// Writes a warning with the first files that differ, or why they are unknown; empty if no file differs.
pub fn warning(files: &Result<Vec<Uncommitted>, WorkspaceError>) -> String {
    let files = match files {
        Ok(files) if files.is_empty() => return String::new(),
        Ok(files) => files,
        Err(error) => {
            let error = sources(error);
            return format!("   warning  whether the working copy is as its commit has it is not known: {error}\n");
        }
    };
    let mut text = match files.len() {
        1 => {
            "   warning  1 file of the working copy is not as HEAD has it, and the commit is what counts:\n".to_owned()
        }
        count => {
            format!(
                "   warning  {count} files of the working copy are not as HEAD has them, and the commit is what counts:\n"
            )
        }
    };
    for file in files.iter().take(NAMED) {
        let how = match file.change {
            UncommittedChange::Changed => "changed",
            UncommittedChange::Deleted => "deleted",
            UncommittedChange::New => "new",
        };
        text += &format!("            {how} {}\n", printable::line(file.path.as_ref()));
    }
    if let Some(more) = files.len().checked_sub(NAMED).filter(|more| *more > 0) {
        text += &format!("            and {more} more\n");
    }
    text + "            to let them count: git add -A && git commit\n"
}

/// Writes an error with what caused it, in a line.
fn sources(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source()).map(|cause| format!(": {cause}"));
    format!("{error}{}", causes.collect::<String>()).replace('\n', " ")
}
