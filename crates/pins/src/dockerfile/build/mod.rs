//! What of a build by BuildKit can be told by reading its Dockerfile: the stages, what each line takes, and the lines that cannot
//! work with what the build is given.
//!
//! What a variable without a known value decides is not told. Stages that the target does not need are not built, and most of what
//! is in them counts for nothing. Source: BuildKit, `frontend/dockerfile/dockerfile2llb`, where each rule is a line.

mod copied;
mod mounts;
mod origin;
mod outline;
mod reader;
mod reading;
mod stages;
mod steps;
mod values;

pub use self::origin::origins;
pub use self::outline::{DockerOutline, DockerTarget, outline};
use self::reader::{Counts, Reader};
pub use self::reading::{BuildGiven, BuildReading, CopiedPath, LineFault, SecretMount, familiar, is_reserved};
use self::stages::Stages;
use super::front_end::{FrontEndRefusal, fails_on_warnings, refusals};

/// Reads a Dockerfile that is built with what is given.
#[must_use]
pub fn read_build(text: &str, given: &BuildGiven) -> BuildReading {
    let stages = Stages::read(text);
    let target = match given.target.as_str() {
        "" => stages.all.len().checked_sub(1),
        name => stages.find(name),
    };
    let mut reader = Reader::new(&stages, given);
    for FrontEndRefusal { line, says, hint } in refusals(text) {
        reader.refuse(Counts::Always, line, says, hint);
    }
    (0..stages.all.len()).for_each(|stage| reader.stage(stage));
    if let (Some(line), Some(target)) = (fails_on_warnings(text), target) {
        let says = "`# check=…error=true` fails the build if a rule of BuildKit's linter is broken, and its rules are not read here";
        let hint = "docker build --check lists what is broken; skip=RULE,RULE leaves rules out".to_owned();
        reader.notes.push((target, LineFault { line, says: says.to_owned(), hint }));
    }
    reader.finish(target)
}

#[cfg(test)]
mod tests;
