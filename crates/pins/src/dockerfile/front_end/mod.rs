//! What BuildKit's front end refuses by reading a Dockerfile, before any step runs, whatever the build is given.
//!
//! The reading is its own, beside [`lines`](super::lines): what is refused here must be refused there, so every rule is the one of its
//! source. Source: BuildKit, `frontend/dockerfile/parser` and `frontend/dockerfile/instructions`.

mod arguments;
mod documents;
mod flags;
mod raw;
mod refusal;

pub(super) use self::raw::{BOOLEANS, TRUE};
use self::raw::{RawFile, RawInstruction};
pub use self::refusal::FrontEndRefusal;

/// Lists what is refused. The first refusal ends a build; further ones are those of other instructions.
#[must_use]
pub fn refusals(text: &str) -> Vec<FrontEndRefusal> {
    let RawFile { instructions, mut refused, is_whole } = raw::read(text);
    let mut has_stage = false;
    for instruction in &instructions {
        let name = instruction.name.to_ascii_uppercase();
        let refusal = refusal(instruction, &name);
        has_stage |= name == "FROM";
        if refusal.is_none() && !has_stage && name != "ARG" {
            let says = format!("`{name}` is before the first `FROM`: only `ARG` may be there");
            refused.push(FrontEndRefusal::new(instruction.line, says, "begin the stage: FROM …"));
        }
        refused.extend(refusal);
    }
    if instructions.is_empty() && is_whole {
        refused.push(FrontEndRefusal::new(1, "the Dockerfile has no instructions", "begin it with FROM"));
    }
    refused.sort();
    refused
}

/// Gives the line of a `# check=` directive that turns warnings of the linter to errors.
#[must_use]
pub fn fails_on_warnings(text: &str) -> Option<usize> {
    let directives = super::lines::directives(text);
    let ((line, _), _, options) = directives.into_iter().find(|(_, name, _)| name == "check")?;
    let options = options.split(' ').next().unwrap_or_default();
    let is_set = |option: &str| match option.split_once('=') {
        Some((name, value)) => name.trim() == "error" && TRUE.contains(&value.trim()),
        None => false,
    };
    let skips_all = options.splitn(3, ';').any(|option| {
        option.split_once('=').is_some_and(|(name, value)| (name.trim(), value.trim()) == ("skip", "all"))
    });
    (!skips_all && options.splitn(3, ';').any(is_set)).then_some(line)
}

/// Finds what is wrong with an instruction: its name, its flags, its arguments.
fn refusal(instruction: &RawInstruction, name: &str) -> Option<FrontEndRefusal> {
    let RawInstruction { line, .. } = *instruction;
    let wrong = arguments::unreadable(instruction, name)
        .or_else(|| arguments::unknown(instruction, name))
        .or_else(|| arguments::wrong_words(instruction, name))
        .or_else(|| flags::wrong(instruction, name).map(|says| (says, "see the Dockerfile reference".to_owned())));
    wrong.map(|(says, hint)| FrontEndRefusal::new(line, says, hint))
}

#[cfg(test)]
mod tests;
