//! Named build contexts: what `FROM NAME` and `COPY --from=NAME` of a Dockerfile take instead of an image, by
//! `--build-context`, by `additional_contexts` of compose and by `contexts` of bake.
//!
//! Source: Docker, "docker buildx build --build-context", "Bake file reference, target.contexts"; Compose Build
//! Specification, "additional_contexts"; README of docker/build-push-action, "build-contexts".

use std::sync::LazyLock;

use regex::Regex;

use crate::class::{FileClass, folder_of};
use crate::reference::{Mention, ReferencedTool, SourceKind};
use crate::syntax::yaml;
use rcrepro_format::syntax::jsonc;
use rcrepro_format::syntax::node::{SyntaxNode, Value};

/// A name that a build gives to something which is not the image of that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedContext {
    /// As a Dockerfile names it.
    pub name: String,
    /// The Dockerfile that is built with it, by its path from the plan's folder; none where that cannot be told.
    pub dockerfile: Option<String>,
}

/// Why the name of a context needs no digest.
const CONTEXT: &str = "named build context";

/// Marks the images of a Dockerfile that its builds replace by a context. Where the Dockerfile of a context cannot be told,
/// the context replaces only a name that says nothing of a registry or a tag.
pub fn set_aside(path: &str, mentions: &mut [Mention], contexts: &[NamedContext]) {
    let replaces = |context: &NamedContext, name: &str| {
        let plain = !name.contains(['/', ':', '@']);
        context.name.eq_ignore_ascii_case(name) && context.dockerfile.as_deref().map_or(plain, |built| built == path)
    };
    let kinds = [SourceKind::DockerfileFrom, SourceKind::DockerfileCopy];
    let replaced: Vec<(usize, usize)> = mentions
        .iter()
        .filter(|mention| kinds.contains(&mention.kind) && mention.tool == ReferencedTool::Image)
        .filter(|mention| contexts.iter().any(|context| replaces(context, &mention.value)))
        .map(|mention| (mention.line, mention.column))
        .collect();
    for mention in mentions.iter_mut().filter(|mention| replaced.contains(&(mention.line, mention.column))) {
        mention.look_alike.get_or_insert_with(|| CONTEXT.to_owned());
    }
}

/// Lists the contexts that a file names.
#[must_use]
pub fn named(path: &str, class: FileClass, text: &str) -> Vec<NamedContext> {
    if !text.contains("context") {
        return Vec::new();
    }
    let mut found = Vec::new();
    if matches!(class, FileClass::Script | FileClass::Yaml | FileClass::Text | FileClass::PackageJson) {
        let names = OPTION.captures_iter(text).map(|found| found["name"].to_owned());
        found.extend(names.map(|name| NamedContext { name, dockerfile: None }));
    }
    let is_bake = |ending: &str| path.ends_with(ending) && text.contains("contexts") && text.contains("target");
    if class == FileClass::Yaml && (text.contains("additional_contexts") || text.contains("contexts:")) {
        let documents = yaml::documents(text).unwrap_or_default();
        documents.iter().for_each(|document| of_document(path, document, &mut found));
    } else if is_bake(".hcl") {
        found.extend(of_hcl(text));
    } else if is_bake(".json")
        && let Ok(Some(document)) = jsonc::document(text, true)
    {
        for (_, target) in document.get("target").map(SyntaxNode::pairs).unwrap_or_default() {
            let names = pairs(target.get("contexts"));
            found.extend(names.map(|name| NamedContext { name, dockerfile: dockerfile(target, "") }));
        }
    }
    found
}

/// `--build-context NAME=…` wherever a build is written down.
static OPTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"--build-context(?:=|\s+|["'],?\s*["'])["']?(?P<name>[\w./:@-]+)="#).expect("a constant")
});

/// `NAME = "…"` and `"NAME" = "…"` within braces.
static PAIR: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(?m)"?(?P<name>[\w./:@-]+)"?\s*[=:]\s*""#).expect("a constant"));

/// Reads a compose file's services, or the steps of a workflow.
fn of_document(path: &str, document: &SyntaxNode, found: &mut Vec<NamedContext>) {
    for (_, service) in document.get("services").map(SyntaxNode::pairs).unwrap_or_default() {
        let Some(build) = service.get("build") else { continue };
        let names = pairs(build.get("additional_contexts")).chain(pairs(build.path(&["x-bake", "contexts"])));
        found.extend(names.map(|name| NamedContext { name, dockerfile: dockerfile(build, folder_of(path)) }));
    }
    let jobs = document.get("jobs").map(SyntaxNode::pairs).unwrap_or_default();
    let of_jobs = jobs.iter().filter_map(|(_, job)| job.get("steps"));
    let steps = of_jobs.chain(document.path(&["runs", "steps"])).flat_map(SyntaxNode::members);
    for with in steps.filter_map(|step| step.get("with")) {
        let lines = with.get("build-contexts").and_then(SyntaxNode::text).unwrap_or_default();
        let file = with.get("file").and_then(SyntaxNode::text);
        let file = file.filter(|file| !file.contains("${{")).map(|file| file.trim_start_matches("./").to_owned());
        let names = lines.lines().filter_map(|line| Some(line.trim().split_once('=')?.0.to_owned()));
        found.extend(names.map(|name| NamedContext { name, dockerfile: file.clone() }));
    }
}

/// Lists the names of a map, or of a list of `NAME=…`.
fn pairs(node: Option<&SyntaxNode>) -> impl Iterator<Item = String> {
    let names: Vec<&str> = match node.map(|node| &node.value) {
        Some(Value::Map(pairs)) => pairs.iter().filter_map(|(key, _)| key.text()).collect(),
        Some(Value::List(members)) => {
            members.iter().filter_map(|member| Some(member.text()?.split_once('=')?.0)).collect()
        }
        _ => Vec::new(),
    };
    names.into_iter().map(str::to_owned).collect::<Vec<_>>().into_iter()
}

/// Returns the Dockerfile of a build; none where a variable or another base keeps it from being told.
fn dockerfile(build: &SyntaxNode, folder: &str) -> Option<String> {
    let text = |key: &str| build.get(key).and_then(SyntaxNode::text);
    if build.get("inherits").is_some() {
        return None;
    }
    joined(&[folder, text("context").unwrap_or("."), text("dockerfile").unwrap_or("Dockerfile")])
}

/// Joins relative paths; none where one leads out or holds a variable.
fn joined(parts: &[&str]) -> Option<String> {
    let mut joined: Vec<&str> = Vec::new();
    for part in parts {
        if part.starts_with('/') || part.contains('$') || part.contains("://") {
            return None;
        }
        for step in part.split('/') {
            match step {
                "" | "." => {}
                ".." => drop(joined.pop()?),
                step => joined.push(step),
            }
        }
    }
    Some(joined.join("/"))
}

/// Reads the targets of a bake file: each block between braces, and in it the map `contexts`.
fn of_hcl(text: &str) -> Vec<NamedContext> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("target \"") {
        let Some(block) = braces(&text[at..]) else { continue };
        let Some(map) = block.find("contexts").and_then(|at| braces(&block[at..])) else { continue };
        let value = |key: &str| {
            let line = block.lines().find(|line| line.trim_start().split([' ', '=']).next() == Some(key))?;
            line.split('"').nth(1)
        };
        let file = joined(&[value("context").unwrap_or("."), value("dockerfile").unwrap_or("Dockerfile")]);
        let file = file.filter(|_| value("inherits").is_none());
        let names = PAIR.captures_iter(map).map(|found| found["name"].to_owned());
        found.extend(names.map(|name| NamedContext { name, dockerfile: file.clone() }));
    }
    found
}

/// Returns what lies between the first brace and the one that closes it.
fn braces(text: &str) -> Option<&str> {
    let start = text.find('{')? + 1;
    let mut open = 1_usize;
    for (at, c) in text[start..].char_indices() {
        open = match c {
            '{' => open + 1,
            '}' => open - 1,
            _ => open,
        };
        if open == 0 {
            return Some(&text[start..start + at]);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::class::class;
    use crate::dockerfile;

    fn names(path: &str, text: &str) -> Vec<(String, Option<String>)> {
        let found = named(path, class(path, text), text);
        found.into_iter().map(|context| (context.name, context.dockerfile)).collect()
    }

    #[test]
    fn every_way_to_name_a_context_is_read() {
        let compose = "services:\n  a:\n    build:\n      context: ./app\n      additional_contexts: {src: ., base: \"service:b\"}\n  \
                       b:\n    build: {context: ../up, dockerfile: x.Dockerfile, additional_contexts: [\"lib=../lib\"]}\n";
        let expected = |list: &[(&str, Option<&str>)]| -> Vec<(String, Option<String>)> {
            list.iter().map(|(name, file)| ((*name).to_owned(), file.map(str::to_owned))).collect()
        };
        assert_eq!(
            names("deploy/compose.yml", compose),
            expected(&[
                ("src", Some("deploy/app/Dockerfile")),
                ("base", Some("deploy/app/Dockerfile")),
                ("lib", Some("up/x.Dockerfile"))
            ])
        );
        let hcl = "target \"a\" {\n  dockerfile = \"build/Dockerfile\"\n  contexts = {\n    base = \"target:base\"\n    \
                   \"golang:1.26\" = \"docker-image://x\"\n  }\n}\ntarget \"b\" {\n  inherits = [\"a\"]\n  contexts = { src = \".\" }\n}\n";
        assert_eq!(
            names("docker-bake.hcl", hcl),
            expected(&[("base", Some("build/Dockerfile")), ("golang:1.26", Some("build/Dockerfile")), ("src", None)])
        );
        let json = r#"{"target": {"a": {"contexts": {"src": "."}}}}"#;
        assert_eq!(names("docker-bake.json", json), expected(&[("src", Some("Dockerfile"))]));
        let workflow = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n    - uses: docker/build-push-action@v6\n      \
                        with:\n        file: ./a/Dockerfile\n        build-contexts: |\n          src=.\n          base=target:x\n";
        assert_eq!(
            names(".github/workflows/a.yml", workflow),
            expected(&[("src", Some("a/Dockerfile")), ("base", Some("a/Dockerfile"))])
        );
        let script = "docker buildx build --build-context src=. --build-context=\"lib=../lib\" .\n";
        assert_eq!(names("build.sh", script), expected(&[("src", None), ("lib", None)]));
    }

    #[test]
    fn a_context_is_no_image_where_it_counts() {
        let looks = |path: &str, contexts: &[NamedContext]| -> Vec<String> {
            let text = "FROM src AS a\nFROM golang:1.26\nCOPY --from=src / /\n";
            let mut mentions = dockerfile::mentions(text);
            set_aside(path, &mut mentions, contexts);
            mentions.into_iter().filter(|m| m.look_alike.is_none()).map(|m| m.value).collect()
        };
        let context = |name: &str, dockerfile: Option<&str>| NamedContext {
            name: name.to_owned(),
            dockerfile: dockerfile.map(str::to_owned),
        };
        assert_eq!(looks("Dockerfile", &[context("src", None)]), ["golang:1.26", "1.26"]);
        assert_eq!(looks("Dockerfile", &[context("golang:1.26", None)]), ["src", "golang:1.26", "1.26", "src"]);
        assert_eq!(looks("Dockerfile", &[context("golang:1.26", Some("Dockerfile"))]), ["src", "src"]);
        assert_eq!(
            looks("other/Dockerfile", &[context("src", Some("Dockerfile"))]),
            ["src", "golang:1.26", "1.26", "src"],
            "another file's context"
        );
    }
}
