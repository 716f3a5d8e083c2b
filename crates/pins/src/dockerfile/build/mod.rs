//! What of a build by BuildKit can be told by reading its Dockerfile: the stages, what each line takes, and the lines that cannot
//! work with what the build is given.
//!
//! What a variable without a known value decides is not told. Stages that the target does not need are not built, and most of what
//! is in them counts for nothing. Source: BuildKit, `frontend/dockerfile/dockerfile2llb`, where each rule is a line.

mod origin;
mod reader;
mod reading;
mod stages;
mod steps;
mod values;

pub use self::origin::origins;
use self::reader::Reader;
pub use self::reading::{BuildGiven, BuildReading, LineFault, SecretMount, familiar, is_reserved};
use self::stages::Stages;

/// Reads a Dockerfile that is built with what is given.
#[must_use]
pub fn read_build(text: &str, given: &BuildGiven) -> BuildReading {
    let stages = Stages::read(text);
    let target = match given.target.as_str() {
        "" => stages.all.len().checked_sub(1),
        name => stages.find(name),
    };
    let mut reader = Reader::new(&stages, given);
    (0..stages.all.len()).for_each(|stage| reader.stage(stage));
    reader.finish(target)
}

#[cfg(test)]
mod tests;
