//! Dockerfiles: the images of `FROM`, `COPY --from`, `RUN --mount` and `# syntax`, and the versions in `ARG` and `ENV`.
//!
//! An `ARG` before the first `FROM` is resolved to its default; the names of stages and `scratch` are not images.
//! Source: Dockerfile reference, "FROM", "ARG", "Parser directives".

pub mod build;
pub mod buildkit;
pub mod dockerignore;
pub mod front_end;
pub mod lines;
pub mod sources;

use std::collections::{BTreeMap, BTreeSet};

use super::image;
use super::keys::version_key;
use super::reference::{Mention, ReferencedTool, SourceKind};
use crate::dockerfile::lines::{DockerfileInstruction, Word, directives, instructions};
use crate::syntax::arguments;
use crate::syntax::expand::expand;

/// Finds what a Dockerfile names.
#[must_use]
pub fn mentions(text: &str) -> Vec<Mention> {
    let mut reader = Reader::default();
    for (place, name, value) in directives(text) {
        if name == "syntax" {
            reader.found.extend(image::mentions(place, SourceKind::DockerfileSyntax, &value));
        }
    }
    for instruction in instructions(text) {
        reader.take(&instruction);
    }
    reader.found
}

#[derive(Default)]
struct Reader {
    found: Vec<Mention>,
    /// Arguments before the first `FROM`, with their defaults.
    global: BTreeMap<String, String>,
    /// Those whose own line mentions a toolchain.
    said: BTreeSet<String>,
    /// The names of stages, in small letters.
    stages: BTreeSet<String>,
    begun: bool,
}

impl Reader {
    fn take(&mut self, instruction: &DockerfileInstruction) {
        let words = &instruction.words;
        match instruction.name.as_str() {
            "FROM" => self.from(words),
            "ARG" => words.iter().for_each(|word| self.argument(word)),
            "ENV" => self.environment(words),
            "COPY" | "ADD" => {
                instruction.flag("from").iter().for_each(|source| self.source(source));
            }
            "RUN" => {
                let options = instruction.flag("mount").into_iter().flat_map(|options| options.split(','));
                options.filter_map(|option| option.after("from=")).for_each(|source| self.source(&source));
            }
            _ => {}
        }
    }

    fn from(&mut self, words: &[Word]) {
        self.begun = true;
        let mut words = words.iter().filter(|word| !word.text.starts_with("--"));
        let Some(source) = words.next() else { return };
        let expanded = expand(&source.text, &self.global);
        let text = expanded.clone().unwrap_or_else(|| source.text.clone());
        let is_stage = match &expanded {
            Some(text) => self.stages.contains(&text.to_ascii_lowercase()),
            None => self.stages.iter().any(|stage| may_name(&source.text, stage)),
        };
        if text != "scratch" && !is_stage {
            let mut mentions = image::mentions(source.place(), SourceKind::DockerfileFrom, &text);
            if expanded.is_none() {
                let why = format!("`{}` has no default for every variable", source.text);
                mentions = vec![
                    Mention::new(source.place(), ReferencedTool::Image, SourceKind::DockerfileFrom, text).unclear(why),
                ];
            } else if self.said.iter().any(|name| holds_variable(&source.text, name)) {
                // The version is in the argument's line, where it has to be changed.
                mentions.retain(|mention| mention.tool == ReferencedTool::Image);
            }
            self.found.extend(mentions);
        }
        if words.next().is_some_and(|word| word.text.eq_ignore_ascii_case("as")) {
            self.stages.extend(words.next().map(|name| name.text.to_ascii_lowercase()));
        }
    }

    /// Takes an image that files are copied from: neither a stage nor a stage's number.
    fn source(&mut self, word: &Word) {
        let text = expand(&word.text, &self.global).unwrap_or_else(|| word.text.clone());
        let number = text.bytes().all(|byte| byte.is_ascii_digit());
        if !number && !self.stages.contains(&text.to_ascii_lowercase()) {
            self.found.extend(image::mentions(word.place(), SourceKind::DockerfileCopy, &text));
        }
    }

    fn argument(&mut self, word: &Word) {
        let Some((name, value)) = word.split_once('=') else {
            return;
        };
        let Some(text) = expand(&value.text, &self.global) else {
            if version_key(&name.text).is_some() {
                self.found.extend(arguments::of(
                    &name.text,
                    &value.text,
                    value.place(),
                    SourceKind::DockerfileArg,
                    false,
                ));
            }
            return;
        };
        let mut mentions = arguments::of(&name.text, &text, value.place(), SourceKind::DockerfileArg, false);
        // Where the argument is used as an image, `FROM` tells of the image.
        mentions.retain(|mention| mention.tool != ReferencedTool::Image);
        if !self.begun {
            if !mentions.is_empty() {
                self.said.insert(name.text.clone());
            }
            self.global.insert(name.text, text);
        }
        self.found.extend(mentions);
    }

    fn environment(&mut self, words: &[Word]) {
        let old = words.first().is_some_and(|word| !word.text.contains('='));
        if old {
            if let [name, value, ..] = words {
                self.found.extend(arguments::of(
                    &name.text,
                    &value.text,
                    value.place(),
                    SourceKind::DockerfileEnv,
                    true,
                ));
            }
            return;
        }
        for (name, value) in words.iter().filter_map(|word| word.split_once('=')) {
            self.found.extend(arguments::of(&name.text, &value.text, value.place(), SourceKind::DockerfileEnv, true));
        }
    }
}

/// Whether a text with variables that the builder sets, such as `build-$TARGETOS`, may come to the name of a stage: what it says
/// before the first and after the last variable is that stage's, and it says something before.
fn may_name(text: &str, stage: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let Some((before, rest)) = text.split_once('$') else { return false };
    let last = rest.rsplit('$').next().unwrap_or_default();
    let after = match last.strip_prefix('{') {
        Some(braced) => braced.split_once('}').map_or("", |(_, after)| after),
        None => last.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_'),
    };
    !before.is_empty()
        && !before.contains([':', '@'])
        && stage.len() > before.len() + after.len()
        && stage.starts_with(before)
        && stage.ends_with(after)
}

fn holds_variable(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].ends_with('$') || text[..at].ends_with("${");
        let after = text[at + name.len()..].chars().next();
        before && after.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(usize, SourceKind, ReferencedTool, String)> {
        mentions(text).into_iter().map(|m| (m.line, m.kind, m.tool, m.value)).collect()
    }

    #[test]
    fn images_are_those_that_are_fetched() {
        let text = "# syntax=docker/dockerfile:1\nFROM --platform=$BUILDPLATFORM golang:1.26.8 AS Build\nFROM build AS more\n\
                    FROM scratch\nCOPY --from=build /a /b\nCOPY --from=0 /a /b\nCOPY --from=busybox:1.36 /a /b\n\
                    RUN --mount=type=bind,from=tools:2,target=/t true\n";
        let images: Vec<_> =
            found(text).into_iter().filter(|f| f.2 == ReferencedTool::Image).map(|f| (f.0, f.3)).collect();
        let expected = [(1, "docker/dockerfile:1"), (2, "golang:1.26.8"), (7, "busybox:1.36"), (8, "tools:2")];
        assert_eq!(images, expected.map(|(line, text)| (line, text.to_owned())));
    }

    #[test]
    fn arguments_are_resolved_to_their_defaults() {
        let text = "ARG GO_VERSION=1.26.8\nARG OS=bookworm\nARG IMAGE=node:20.1.0-${OS}\nFROM golang:${GO_VERSION}-${OS} AS a\n\
                    FROM $IMAGE\nARG NONE\nFROM x:${NONE}\nENV NODE_VERSION 20.1.0\nENV A=b GOLANG_VERSION=1.2.3\n";
        assert_eq!(
            found(text),
            [
                (1, SourceKind::DockerfileArg, ReferencedTool::Go, "1.26.8".to_owned()),
                (3, SourceKind::DockerfileArg, ReferencedTool::Node, "20.1.0".to_owned()),
                (4, SourceKind::DockerfileFrom, ReferencedTool::Image, "golang:1.26.8-bookworm".to_owned()),
                (5, SourceKind::DockerfileFrom, ReferencedTool::Image, "node:20.1.0-bookworm".to_owned()),
                (7, SourceKind::DockerfileFrom, ReferencedTool::Image, "x:${NONE}".to_owned()),
                (8, SourceKind::DockerfileEnv, ReferencedTool::Node, "20.1.0".to_owned()),
                (9, SourceKind::DockerfileEnv, ReferencedTool::Go, "1.2.3".to_owned()),
            ]
        );
        assert!(mentions(text)[4].unclear.is_some());
    }

    #[test]
    fn a_stage_may_be_chosen_by_the_platform() {
        let text = "FROM scratch AS build-linux\nFROM scratch AS build-windows-debug\nFROM build-$TARGETOS\n\
                    FROM build-${TARGETOS}${D:+-debug}\nFROM other-$TARGETOS\nFROM build-${TARGETOS}:1\n";
        let images: Vec<_> = found(text).into_iter().map(|f| (f.0, f.3)).collect();
        assert_eq!(images, [(5, "other-$TARGETOS".to_owned()), (6, "build-${TARGETOS}:1".to_owned())]);
    }

    #[test]
    fn heredocs_comments_and_continuations_are_read_as_docker_reads_them() {
        let text = "FROM \\\n  # a comment within\n  alpine:3 # no comment here\nRUN <<EOF\nFROM golang:1\nEOF\n# FROM node:1\nrun true\nfrom node:20\n";
        let images: Vec<_> =
            found(text).into_iter().filter(|f| f.2 == ReferencedTool::Image).map(|f| (f.0, f.3)).collect();
        assert_eq!(images, [(3, "alpine:3".to_owned()), (9, "node:20".to_owned())]);
    }
}
