//! `rcrepro init`.

use std::path::Path;

use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::show;
use rcrepro_app::workspace::PLAN_FILE;
use rcrepro_app::workspace::files::write_new;
use rcrepro_app::workspace::project;
use rcrepro_arguments::TemplateName;
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::text::plural::counted;
use rcrepro_model::text::printable;
use rcrepro_project::draft::{self, Draft};
use rcrepro_project::survey::ProjectSurvey;

mod files;
#[cfg(test)]
mod tests;

/// What is to be done next, as far as the plan's own commands go.
const NEXT: &str = "\
next: fit rcrepro.toml to the project (versions, folders, globs), commit all of it, and then
  rcrepro check                        is the plan sound, and what is missing?
  rcrepro image lock                   lock what goes into the images
  rcrepro lock                         lock the frozen inputs; Go's vulnerability database is expected at mirror/vulndb.zip
  rcrepro status --write               write the board into its documents
  git add -A && git commit             what is certified is what was committed: the plan and its locks, too
  rcrepro approve RC-00 --by NAME      approve the plan
  rcrepro run --all                    run what is ready, in order
  rcrepro status                       which packet is next, and why
";

/// What is to be done next with a plan that was made from the project.
const NEXT_OF_PROJECT: &str = "\
next: read rcrepro.toml, and
  rcrepro check                        is the plan sound, and what is still to be done?
  rcrepro image lock                   lock what goes into the images
  rcrepro lock                         lock the frozen inputs
  git add -A && git commit             what is certified is what was committed: the plan and its locks, too
  rcrepro run RC-05                    run the commands and record them
";

/// The plan of the template.
pub const RELEASE_CONFIDENCE: &str = include_str!("init/release-confidence.toml");

/// Writes a plan where there is none, and what it names as far as that is not there.
pub fn init(context: &Context, template: TemplateName, explain: bool) -> Result<Exit, Failure> {
    if explain {
        let survey = project::survey(&context.directory)?;
        let text = || survey.explain().iter().map(|line| format!("{}\n", printable::line(line))).collect();
        show(context.json, || json!({ "seen": survey.explain() }), text)?;
        return Ok(Exit::Success);
    }
    match template {
        TemplateName::Project => of_project(context),
        TemplateName::ReleaseConfidence => of_template(context),
    }
}

fn of_template(context: &Context) -> Result<Exit, Failure> {
    let text = write_all(context, RELEASE_CONFIDENCE, files::FILES.iter().chain(&files::DOCUMENTS).copied())?;
    print_written(context, &text, NEXT)
}

fn of_project(context: &Context) -> Result<Exit, Failure> {
    let survey = project::survey(&context.directory)?;
    let draft = draft::draft(&survey, &name_of(&context.directory), ImagePlatform::host());
    let beside = beside(&draft);
    let text = write_all(context, &draft.plan, beside.iter().map(|(name, text)| (name.as_str(), text.as_str())))?;
    print_written(context, &text, &format!("{}{NEXT_OF_PROJECT}", counts(&survey, &draft)))
}

/// Says which files were written and kept, and what comes next.
fn print_written(context: &Context, files: &str, next: &str) -> Result<Exit, Failure> {
    let document = || json!({ "files": files.lines().collect::<Vec<_>>(), "next": "rcrepro check" });
    show(context.json, document, || format!("{files}{next}"))?;
    Ok(Exit::Success)
}

/// The name of the folder, which is usually that of the project.
fn name_of(directory: &Path) -> String {
    let folder = directory.canonicalize().ok();
    folder.and_then(|folder| Some(folder.file_name()?.to_str()?.to_owned())).unwrap_or_else(|| "release".to_owned())
}

fn counts(survey: &ProjectSurvey, draft: &Draft) -> String {
    let todo = draft.plan.matches("TODO").count();
    let todo = if todo == 0 { String::new() } else { format!("; {todo} marked TODO could not be told") };
    let commands = draft.plan.matches("[[sets.").count();
    format!("planned {} from {}{todo}\n", counted(commands, "command"), counted(survey.files, "tracked file"))
}

/// Lists what a plan from the project names: image definitions, with their versions set, and Debian's keys.
fn beside(draft: &Draft) -> Vec<(String, String)> {
    let definition = |name: &str| {
        let own = if name == "go-tools" { "go" } else { name };
        let path = format!("images/{own}.toml");
        files::FILES.iter().find(|(file, _)| *file == path).map_or("", |(_, content)| *content)
    };
    let mut found: Vec<(String, String)> = files::FILES
        .iter()
        .filter(|(name, _)| !name.starts_with("images/") || name.starts_with("images/keys/"))
        .map(|(name, content)| ((*name).to_owned(), (*content).to_owned()))
        .collect();
    for (name, changes) in &draft.images {
        let text = changes.iter().fold(definition(name).to_owned(), |text, (from, to)| text.replace(from, to));
        found.push((format!("images/{name}.toml"), text));
    }
    found
}

/// Writes a plan and what it names. The plan comes last, so that a half of it can be written again.
fn write_all<'a>(
    context: &Context,
    plan: &str,
    beside: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<String, Failure> {
    let path = context.directory.join(PLAN_FILE);
    if path.symlink_metadata().is_ok() {
        let hint = Some("read it with `rcrepro check`, or name another folder: rcrepro -C DIR init".to_owned());
        return Err(Failure::plain(Exit::Usage, format!("cannot write `{}`: it is there", path.display()), hint));
    }
    let beside: Vec<(&str, &str)> = beside.into_iter().collect();
    for (name, _) in &beside {
        folders_above(&context.directory, name)?;
    }
    let mut text = String::new();
    for (name, content) in beside {
        text += &write_beside(&context.directory, name, content)?;
    }
    write_new(&path, plan.as_bytes()).map_err(|error| unwritten(&path, &error))?;
    Ok(format!("{text}wrote {}\n", path.display()))
}

/// Refuses a file, before anything is written, if a link or another file is in the place of a folder above it.
fn folders_above(directory: &Path, name: &str) -> Result<(), Failure> {
    let above: Vec<&Path> =
        Path::new(name).ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()).collect();
    for folder in above.iter().rev().map(|folder| directory.join(folder)) {
        let Ok(found) = folder.symlink_metadata() else { continue };
        if !found.is_dir() {
            let (path, folder) = (directory.join(name), folder.display());
            let is = if found.is_symlink() { "a symbolic link" } else { "a file" };
            let message = format!("cannot write `{}`: `{folder}` is {is}, expected a folder", path.display());
            let hint = Some(format!("move it away, then again: mv {folder} {folder}.aside && rcrepro init"));
            return Err(Failure::plain(Exit::Usage, message, hint));
        }
    }
    Ok(())
}

/// Writes a file where there is none, and says which it was.
fn write_beside(directory: &Path, name: &str, content: &str) -> Result<String, Failure> {
    let path = directory.join(name);
    match write_new(&path, content.as_bytes()) {
        Ok(()) => Ok(format!("wrote {}\n", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Ok(format!("kept  {}, which was there\n", path.display()))
        }
        Err(error) => Err(unwritten(&path, &error)),
    }
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    let folder = path.parent().map_or_else(|| ".".to_owned(), |folder| folder.display().to_string());
    let hint = Some(format!("ls -ld {folder}, then again: rcrepro init"));
    Failure::plain(Exit::Undecided, format!("cannot write `{}`: {error}", path.display()), hint)
}
