//! `rcrepro init`.

use super::args::TemplateName;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::output::print;
use crate::app::files::write_new;
use crate::app::workspace::PLAN_FILE;

/// The plan of the template.
pub const RELEASE_CONFIDENCE: &str = include_str!("init/release-confidence.toml");

/// Writes a plan where there is none.
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
    let text = format!(
        "wrote {}\nnext: name your images and frozen inputs in it, then: rcrepro check && rcrepro lock\n",
        path.display()
    );
    print(text.as_bytes())?;
    Ok(Exit::Success)
}
