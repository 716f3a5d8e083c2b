//! What a Dockerfile can be asked for, and what it is built on, where no plan says anything of it yet.

use std::collections::BTreeSet;

use super::reader::Reader;
use super::reading::{BuildGiven, is_predefined};
use super::stages::{Stages, argument};
use rcrepro_model::content::name::TreePath;

/// The targets of a Dockerfile and the images that it names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DockerOutline {
    /// The stages that no other stage is made of, in their order.
    pub targets: Vec<DockerTarget>,
    /// The images that its lines name, in their short forms, and the named contexts, as far as they can be told.
    pub images: BTreeSet<String>,
    /// What its steps copy of the context, as far as its path is told by the line alone and has no wildcard.
    pub copied: BTreeSet<TreePath>,
    /// The arguments that no line gives a value, but for those that each build has.
    pub arguments: BTreeSet<String>,
}

/// A stage that can be asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DockerTarget {
    /// Its name; empty for a last stage without one.
    pub name: String,
    /// The program that its `CMD` begins with, where neither it nor the stages that it is based on have an `ENTRYPOINT`.
    pub program: Option<String>,
}

/// Reads a Dockerfile for a machine's architecture, as Go names it. Build arguments have their defaults.
#[must_use]
pub fn outline(text: &str, architecture: &str) -> DockerOutline {
    let stages = Stages::read(text);
    let given = BuildGiven {
        architecture: architecture.to_owned(),
        target_architecture: architecture.to_owned(),
        ..BuildGiven::default()
    };
    let mut reader = Reader::new(&stages, &given);
    (0..stages.all.len()).for_each(|stage| reader.stage(stage));
    let taken: BTreeSet<usize> = reader.links.iter().flatten().copied().collect();
    let last = stages.all.len().saturating_sub(1);
    let is_target = |at: &usize| !taken.contains(at) && (*at == last || !stages.all[*at].name.is_empty());
    let target = |at: usize| DockerTarget { name: stages.all[at].name.clone(), program: program(&stages, at) };
    let targets = (0..stages.all.len()).filter(is_target).map(target).collect();
    let copied = reader.copied.iter().map(|(_, copied)| copied.path.clone()).collect();
    DockerOutline { targets, images: reader.images().clone(), copied, arguments: without_a_value(&stages) }
}

fn without_a_value(stages: &Stages) -> BTreeSet<String> {
    let given: BTreeSet<&str> =
        stages.arguments().map(argument).filter(|(_, value)| value.is_some()).map(|(name, _)| name).collect();
    let names = stages.arguments().map(|word| argument(word).0);
    names.filter(|name| !given.contains(name) && !is_predefined(name)).map(str::to_owned).collect()
}

/// Finds the program that starts a stage's image unless another one is named, as far as its lines tell.
fn program(stages: &Stages, at: usize) -> Option<String> {
    let (mut next, mut command) = (Some(at), None);
    while let Some(at) = next {
        for step in stages.all[at].steps.iter().rev() {
            match step.name.as_str() {
                "ENTRYPOINT" => return None,
                "CMD" => command = command.or(Some(step)),
                _ => {}
            }
        }
        next = stages.find_before(&stages.all[at].base.text, at);
    }
    let words = command.filter(|step| step.is_list())?.flags().1;
    let list: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    let first = list.join(" ").trim_matches(['[', ']', ' ']).split(',').next().map(|first| first.trim().to_owned());
    first.filter(|program| !program.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_other_stage_is_made_of_is_a_target() {
        let text = "ARG GO=1.26\nARG BASE\nFROM --platform=$BUILDPLATFORM golang:${GO}-alpine AS build\nFROM docker.io/library/alpine:3.23 AS base\n\
                    FROM base AS runtime\nCOPY web/a b* /\nCOPY --from=build /a /a\nCOPY --from=payload / /\nFROM base AS agent_runtime\nFROM $BASE\n";
        let found = outline(text, "amd64");
        let names: Vec<&str> = found.targets.iter().map(|target| target.name.as_str()).collect();
        assert_eq!(names, ["runtime", "agent_runtime", ""]);
        assert_eq!(found.arguments.into_iter().collect::<Vec<_>>(), ["BASE"]);
        let images: Vec<&str> = found.images.iter().map(String::as_str).collect();
        assert_eq!(images, ["alpine:3.23", "golang:1.26-alpine", "payload"]);
        assert_eq!(found.copied.iter().map(TreePath::as_str).collect::<Vec<_>>(), ["web/a"]);
        assert_eq!(outline("", "amd64"), DockerOutline::default());
    }

    #[test]
    fn what_has_no_entry_point_is_started_by_its_command() {
        let cases = [
            ("FROM scratch\nCMD [\"/a\", \"--help\"]\n", Some("/a")),
            ("FROM scratch\nCMD [ \"/a\" ]\n", Some("/a")),
            ("FROM scratch AS low\nCMD [\"/low\"]\nFROM low\nRUN x\n", Some("/low")),
            ("FROM scratch AS low\nCMD [\"/low\"]\nFROM low\nCMD [\"/high\"]\n", Some("/high")),
            ("FROM scratch AS low\nENTRYPOINT [\"/low\"]\nFROM low\nCMD [\"serve\"]\n", None),
            ("FROM scratch\nCMD exec /a\n", None),
            ("FROM scratch\nCMD []\n", None),
            ("FROM scratch\n", None),
        ];
        for (text, program) in cases {
            assert_eq!(outline(text, "amd64").targets[0].program.as_deref(), program, "{text}");
        }
    }

    #[test]
    fn arguments_that_a_line_or_the_build_gives_need_no_value() {
        let text = "ARG A=1\nARG B\nFROM scratch\nARG A\nARG C TARGETARCH BUILDKIT_SBOM_SCAN_STAGE=true HTTP_PROXY\nONBUILD ARG D\n";
        assert_eq!(outline(text, "amd64").arguments.into_iter().collect::<Vec<_>>(), ["B", "C", "D"]);
    }
}
