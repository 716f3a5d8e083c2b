//! A Dockerfile as its stages: what is before the first, and what each is based on and does.

use crate::dockerfile::lines::{DockerfileInstruction, Word, instructions};

/// A Dockerfile that is read once.
#[derive(Debug, Default)]
pub(super) struct Stages {
    /// The words of each `ARG` before the first `FROM`.
    pub globals: Vec<Word>,
    /// The stages in their order.
    pub all: Vec<Stage>,
}

/// What is between one `FROM` and the next.
#[derive(Debug)]
pub(super) struct Stage {
    /// Its name in small letters; empty without one.
    pub name: String,
    /// What it is based on, as it is written.
    pub base: Word,
    /// Its platform, as it is written.
    pub platform: Option<Word>,
    /// What follows `FROM`.
    pub steps: Vec<DockerfileInstruction>,
}

impl Stages {
    /// Reads a text.
    pub fn read(text: &str) -> Self {
        let mut found = Self::default();
        for instruction in instructions(text) {
            if instruction.name == "FROM" {
                found.all.extend(Stage::begun(&instruction));
            } else if let Some(stage) = found.all.last_mut() {
                stage.steps.push(instruction);
            } else if instruction.name == "ARG" {
                found.globals.extend(instruction.words);
            }
        }
        found
    }

    /// Lists the words of every `ARG`, those that a stage keeps for others among them.
    pub fn arguments(&self) -> impl Iterator<Item = &Word> {
        let of_stages = self.all.iter().flat_map(|stage| &stage.steps).flat_map(|step| match step.name.as_str() {
            "ARG" => step.words.as_slice(),
            "ONBUILD" if step.words.first().is_some_and(|word| word.text.eq_ignore_ascii_case("ARG")) => {
                &step.words[1..]
            }
            _ => &[],
        });
        self.globals.iter().chain(of_stages)
    }

    /// Finds the stage that `COPY --from` and mounts mean by a name: the last one of it, in any letters.
    pub fn find(&self, name: &str) -> Option<usize> {
        let name = name.to_ascii_lowercase();
        self.all.iter().rposition(|stage| !stage.name.is_empty() && stage.name == name)
    }

    /// Finds the stage that `FROM` means by a name: the last one of it before a stage, in small letters.
    pub fn find_before(&self, name: &str, before: usize) -> Option<usize> {
        self.all[..before].iter().rposition(|stage| !stage.name.is_empty() && stage.name == name)
    }
}

impl Stage {
    fn begun(from: &DockerfileInstruction) -> Option<Self> {
        let (_, words) = from.flags();
        let (base, rest) = words.split_first()?;
        let name = match rest {
            [word, name, ..] if word.text.eq_ignore_ascii_case("as") => name.text.to_ascii_lowercase(),
            _ => String::new(),
        };
        Some(Self { name, base: base.clone(), platform: from.flag("platform").pop(), steps: Vec::new() })
    }

    /// Lists what the stages that are based on this one begin with.
    pub fn triggers(&self) -> impl Iterator<Item = DockerfileInstruction> + '_ {
        self.steps.iter().filter_map(DockerfileInstruction::trigger)
    }
}

/// Returns the name and the default of an argument.
pub(super) fn argument(word: &Word) -> (&str, Option<&str>) {
    word.text.split_once('=').map_or((word.text.as_str(), None), |(name, default)| (name, Some(default)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_found_as_buildkit_finds_them() {
        let text =
            "ARG A\nfrom --platform=$BUILDPLATFORM x as Build\nARG B=1\nFROM y\nONBUILD ARG C\nFROM z AS build\n";
        let stages = Stages::read(text);
        let names: Vec<&str> = stages.all.iter().map(|stage| stage.name.as_str()).collect();
        assert_eq!(names, ["build", "", "build"]);
        assert_eq!((stages.find("BUILD"), stages.find("")), (Some(2), None));
        let before = |name| stages.find_before(name, 2);
        assert_eq!((before("build"), before("Build"), before("")), (Some(0), None, None));
        let arguments: Vec<&str> = stages.arguments().map(|word| argument(word).0).collect();
        assert_eq!(arguments, ["A", "B", "C"]);
        assert_eq!(stages.all[0].platform.as_ref().map(|word| word.text.as_str()), Some("$BUILDPLATFORM"));
    }
}
