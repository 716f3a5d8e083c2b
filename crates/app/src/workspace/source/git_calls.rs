//! Calls of `git` that want a repository: on command lines, in Dockerfiles, and in the scripts, makefiles and packages' scripts that they call.
//! Commands and images without `git = true` are made of a tree without `.git`, and what git answers there (nothing, or an error that a script
//! swallows) ends up in versions and stamps.

use std::collections::{BTreeMap, BTreeSet};

use crate::workspace::PLAN_FILE;
use rcrepro_model::content::name::Name;
use rcrepro_model::execution::fault::Fault;
use rcrepro_model::plan::release_image::ReleaseImage;
use rcrepro_model::plan::{CommandSpec, Plan};
use rcrepro_project::git_calls::{self, GitCall, ReadFile};

/// What mends it.
const HINT: &str = "git = true of the command lays its commit into /work/.git; or hand in what git would say, by `env`";
/// What mends it for a release image.
const IMAGE_HINT: &str =
    "git = true of the image's table lays its commit into the context; or hand in what git would say, by `arguments`";
/// The most bytes of a script that are read.
const SCRIPT_LIMIT: usize = 1 << 20;

/// Tells whether a file is a script that a line may call.
pub(super) fn is_script(path: &str, bytes: &[u8]) -> bool {
    if bytes.len() > SCRIPT_LIMIT {
        return false;
    }
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let mut words = first.split(u8::is_ascii_whitespace);
    path.ends_with(".sh")
        || path.ends_with(".mk")
        || (first.starts_with(b"#!") && words.any(|word| word.ends_with(b"sh")))
}

/// Lists the calls that a command comes to.
pub(super) fn calls(spec: &CommandSpec, read: ReadFile<'_>) -> Vec<GitCall> {
    git_calls::of_line(&spec.line, read)
}

/// Makes a note for each place that calls git, with the commands that come to it.
pub(super) fn notes(plan: &Plan, read: ReadFile<'_>) -> Vec<Fault> {
    let mut scripts: BTreeMap<(String, usize, String), BTreeSet<&str>> = BTreeMap::new();
    let mut notes = Vec::new();
    for spec in plan.sets.values().flatten().filter(|spec| !spec.git) {
        for GitCall { place, call } in calls(spec, read) {
            match place {
                Some((path, line)) => drop(scripts.entry((path, line, call)).or_default().insert(spec.id.as_str())),
                None => {
                    let says = format!(
                        "`{call}` on the line of `{}` finds no repository: there is no `.git` in `/work`",
                        spec.id
                    );
                    notes.push(Fault::of_file(PLAN_FILE, says).hint(HINT));
                }
            }
        }
    }
    for ((path, line, call), commands) in scripts {
        let by = commands.into_iter().collect::<Vec<_>>().join(", ");
        let says = format!("`{call}` finds no repository: there is no `.git` in `/work`, called by {by}");
        notes.push(Fault::of_file(path, says).at(line).hint(HINT));
    }
    notes.extend(plan.release_images.iter().flat_map(|(name, image)| of_image(name, image, read)));
    notes
}

/// Makes a note for each place that a build of a release image comes to and that calls git without a repository.
fn of_image(name: &Name, image: &ReleaseImage, read: ReadFile<'_>) -> Vec<Fault> {
    let text = match &image.buildkit {
        Some(buildkit) if buildkit.context.is_none() && !buildkit.git => read(image.dockerfile.as_str()),
        _ => None,
    };
    let Some(text) = text else { return Vec::new() };
    let all = git_calls::of_dockerfile(image.dockerfile.as_str(), &text, read).into_iter();
    let all = all.filter_map(|GitCall { place, call }| place.map(|(path, line)| (path, line, call)));
    let fault = |(path, line, call): (String, usize, String)| {
        let says = format!("`{call}` finds no repository: the context of release image `{name}` has no `.git`");
        Fault::of_file(path, says).at(line).hint(IMAGE_HINT)
    };
    all.map(fault).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_model::plan::release_image::BuildkitImage;

    fn texts(line: &str, source: &[(&str, &str)]) -> Vec<String> {
        let plan = format!(
            "version = 1\nname = \"x\"\n[images.i]\nbuild = \"images/i.toml\"\n[[sets.all]]\nid = \"build\"\n\
             run = '''{line}'''\nimage = \"i\"\n[packets.RC-01]\ntitle = \"x\"\nsets = [\"all\"]\n"
        );
        let plan = rcrepro_format::plan::plan_toml::parse(&plan, &[]).expect("a plan");
        let source: BTreeMap<&str, &str> = source.iter().copied().collect();
        let found = notes(&plan, &|path| source.get(path).map(|text| (*text).to_owned()));
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn calls_on_lines_and_in_scripts_are_found() {
        let script = "#!/bin/sh\n# git log\nV=$(git describe --always --dirty 2>/dev/null || echo unknown)\n";
        assert_eq!(
            texts("./scripts/build.sh", &[("scripts/build.sh", script)]),
            ["scripts/build.sh:3: `git describe` finds no repository: there is no `.git` in `/work`, called by build"]
        );
        let line = texts("go build -ldflags \"-X main.v=$(git rev-parse HEAD)\"", &[]);
        assert_eq!(
            line,
            ["rcrepro.toml: `git rev-parse` on the line of `build` finds no repository: there is no `.git` in `/work`"]
        );
    }

    #[test]
    fn a_dockerfile_and_what_it_calls_are_read_as_lines_are() {
        let dockerfile = "FROM go AS b\nCOPY . .\nRUN --mount=type=cache,target=/c V=$(git describe) && make\n\
                          RUN git rev-parse HEAD > /v && \\\n  git log -1\nRUN echo legit log\n";
        let makefile = "V := $(shell git describe)\nall:\n\ttrue\n";
        let image = ReleaseImage::new("build/Dockerfile".parse().expect("a path"), "");
        let found = |git: Option<bool>| {
            let mut image = image.clone();
            image.buildkit = git.map(|git| BuildkitImage { git, ..BuildkitImage::new("b".parse().expect("a name")) });
            let read = |path: &str| match path {
                "build/Dockerfile" => Some(dockerfile.to_owned()),
                "Makefile" => Some(makefile.to_owned()),
                _ => None,
            };
            let faults = of_image(&"app".parse().expect("a name"), &image, &read);
            faults.iter().map(|fault| fault.to_string().split(" finds").next().map(str::to_owned)).collect::<Vec<_>>()
        };
        let expected = [
            "build/Dockerfile:3: `git describe`",
            "build/Dockerfile:4: `git rev-parse`",
            "build/Dockerfile:5: `git log`",
            "Makefile:1: `git describe`",
        ];
        assert_eq!(found(Some(false)), expected.map(|text| Some(text.to_owned())));
        assert!(found(Some(true)).is_empty() && found(None).is_empty());
    }

    #[test]
    fn scripts_are_known_by_their_name_or_first_line() {
        for (path, bytes) in
            [("a.sh", "x"), ("a", "#!/bin/sh"), ("a", "#!/usr/bin/env bash\n"), ("a", "#!/bin/bash -eu\nx")]
        {
            assert!(is_script(path, bytes.as_bytes()), "{path} {bytes}");
        }
        for (path, bytes) in [("a.go", "package a"), ("a", "#!/usr/bin/env node\nsh"), ("a", "sh")] {
            assert!(!is_script(path, bytes.as_bytes()), "{path} {bytes}");
        }
    }

    #[test]
    fn makefiles_and_packages_are_followed() {
        let makefile = ("Makefile", "V := $(shell git describe)\nbuild:\n\t@./scripts/more.sh\n");
        let more = ("scripts/more.sh", "if git diff --quiet; then :; fi\n");
        let found = texts("make build", &[makefile, more]);
        assert_eq!(found.len(), 2, "{found:?}");
        let package = ("web/package.json", "{ \"scripts\": {\n\"build\": \"git -C .. log -1 > v && tsc\" } }");
        let found = texts("cd web && npm run build", &[package]);
        assert!(found[0].starts_with("web/package.json:2: `git log`"), "{found:?}");
        let scripts = "{ \"scripts\": {\n\"tag\": \"git tag -s v1\",\n\"build\": \"npm run stamp && tsc\",\n\"postbuild\": \"git status\",\n\
                       \"stamp\": \"git log -1\",\n\"prepare\": \"git diff\" } }";
        let found = texts("cd web && npm run build", &[("web/package.json", scripts)]);
        let called: Vec<&str> = found.iter().filter_map(|note| note.split(" finds").next()).collect();
        let expected =
            ["web/package.json:4: `git status`", "web/package.json:5: `git log`", "web/package.json:6: `git diff`"];
        assert_eq!(called, expected, "nobody calls `tag`");
    }

    #[test]
    fn what_wants_no_repository_or_makes_one_is_no_call() {
        for line in ["git --version", "git config --global user.name x", "digit log", "mygit status", "./legit log"] {
            assert!(texts(line, &[]).is_empty(), "{line}");
        }
        assert!(texts("sh t.sh", &[("t.sh", "git init -q .\ngit status\n")]).is_empty());
        assert!(texts("sh t.sh", &[("other.sh", "git status\n")]).is_empty(), "nobody calls it");
    }
}
