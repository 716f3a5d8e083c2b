//! What a Dockerfile can be asked for, and what it is built on, where no plan says anything of it yet.

use std::collections::BTreeSet;

use super::reader::Reader;
use super::reading::BuildGiven;
use super::stages::Stages;
use rcrepro_model::content::name::TreePath;

/// The targets of a Dockerfile and the images that it names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DockerOutline {
    /// The names of the stages that no other stage is made of, in their order; empty for a last stage without a name.
    pub targets: Vec<String>,
    /// The images that its lines name, in their short forms, and the named contexts, as far as they can be told.
    pub images: BTreeSet<String>,
    /// What its steps copy of the context, as far as its path is told by the line alone and has no wildcard.
    pub copied: BTreeSet<TreePath>,
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
    let targets = (0..stages.all.len()).filter(is_target).map(|at| stages.all[at].name.clone()).collect();
    let copied = reader.copied.iter().map(|(_, copied)| copied.path.clone()).collect();
    DockerOutline { targets, images: reader.images().clone(), copied }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_other_stage_is_made_of_is_a_target() {
        let text = "ARG GO=1.26\nARG BASE\nFROM --platform=$BUILDPLATFORM golang:${GO}-alpine AS build\nFROM docker.io/library/alpine:3.23 AS base\n\
                    FROM base AS runtime\nCOPY web/a b* /\nCOPY --from=build /a /a\nCOPY --from=payload / /\nFROM base AS agent_runtime\nFROM $BASE\n";
        let found = outline(text, "amd64");
        assert_eq!(found.targets, ["runtime", "agent_runtime", ""]);
        let images: Vec<&str> = found.images.iter().map(String::as_str).collect();
        assert_eq!(images, ["alpine:3.23", "golang:1.26-alpine", "payload"]);
        assert_eq!(found.copied.iter().map(TreePath::as_str).collect::<Vec<_>>(), ["web/a"]);
        assert_eq!(outline("", "amd64"), DockerOutline::default());
    }
}
