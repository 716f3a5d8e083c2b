//! `rcrepro init`.

use crate::args::TemplateName;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::print;
use rcrepro_app::workspace::PLAN_FILE;
use rcrepro_app::workspace::files::write_new;

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

/// The plan of the template.
pub const RELEASE_CONFIDENCE: &str = include_str!("init/release-confidence.toml");

/// Writes a plan where there is none, and what it names as far as that is not there.
pub fn init(context: &Context, template: TemplateName) -> Result<Exit, Failure> {
    let text = match template {
        TemplateName::ReleaseConfidence => RELEASE_CONFIDENCE,
    };
    let path = context.directory.join(PLAN_FILE);
    write_new(&path, text.as_bytes()).map_err(|error| {
        let hint = (error.kind() == std::io::ErrorKind::AlreadyExists)
            .then(|| "read it with `rcrepro check`, or name another folder: rcrepro -C DIR init".to_owned());
        Failure::plain(Exit::Usage, format!("cannot write `{}`: {error}", path.display()), hint)
    })?;
    let mut text = format!("wrote {}\n", path.display());
    for (name, content) in files::FILES {
        let path = context.directory.join(name);
        match write_new(&path, content.as_bytes()) {
            Ok(()) => text += &format!("wrote {}\n", path.display()),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                text += &format!("kept  {}, which was there\n", path.display());
            }
            Err(error) => {
                let message = format!("cannot write `{}`: {error}", path.display());
                return Err(Failure::plain(Exit::Usage, message, None));
            }
        }
    }
    print(format!("{text}{NEXT}"))?;
    Ok(Exit::Success)
}
