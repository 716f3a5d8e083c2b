//! What else a plan names: Dockerfiles with their stages, scanners' configuration, release scripts, and documents that quote
//! commands.

use crate::git_calls;
use crate::seen::{Place, SeenText};
use crate::{TrackedFiles, folder_of, name_of};
use rcrepro_model::plan::glob::PathGlobSet;
use rcrepro_pins::dockerfile::build::{DockerOutline, outline};
use rcrepro_pins::dockerfile::lines::{DockerfileInstruction, instructions};

/// A Dockerfile with its stages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DockerStages {
    /// The path from the project's folder.
    pub path: String,
    /// The names of its stages.
    pub stages: Vec<SeenText>,
    /// How many stages have no name.
    pub unnamed: usize,
    /// What it can be asked for, and what it is built on.
    pub outline: DockerOutline,
    /// The folder that is its context, where that is its own: what it copies is only there. None for the project's folder.
    pub context: Option<String>,
    /// Which clients and tools it needs.
    pub calls: StepCalls,
}

/// What the steps of a Dockerfile call, and so may want of the plan's inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepCalls {
    /// git, for something that a repository says, also in a script or makefile.
    pub git: bool,
    /// go, by name or perhaps by a script.
    pub go: bool,
    /// A client of npm's registry, by name or perhaps by a script.
    pub node: bool,
}

/// Clients of npm's registry.
const NODE_CLIENTS: [&str; 5] = ["corepack", "npm", "npx", "pnpm", "yarn"];

/// Configuration of scanners that changes what a green exit code means.
const SCANNER_FILES: [&str; 4] = [".gitleaks.toml", ".gitleaksignore", ".gitleaks.baseline.json", ".nsprc"];

/// How the release plan's own scripts are named, and what they are for.
const RELEASE_SCRIPTS: [(&str, ReleaseScript); 6] = [
    ("conformance-smoke", ReleaseScript::Conformance),
    ("conformance", ReleaseScript::Conformance),
    ("build-release", ReleaseScript::Build),
    ("release-build", ReleaseScript::Build),
    ("validate-release", ReleaseScript::Validate),
    ("verify-release", ReleaseScript::Validate),
];

/// The architecture for which variables of a Dockerfile are read.
const BUILDS_ON: &str = "amd64";

/// What rcrepro keeps beside the commands' own source: the plan, the definitions of its images, locks, and frozen data.
const PLAN_FILES: [&str; 6] =
    ["rcrepro.toml", "images/*.toml", "images/keys/**", "lockfiles/**", "advisories/npm*/**", "mirror/vulndb.zip"];

/// What a script of a release does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseScript {
    /// It tries what was built.
    Conformance,
    /// It makes the artefacts of a release.
    Build,
    /// It checks them.
    Validate,
}

/// Commands whose quotation in a document is worth a check.
const QUOTED: [&str; 7] = ["go build", "go test", "npm ci", "npx vitest", "npm test", "govulncheck", "gitleaks"];

/// Manifests of languages for which nothing is planned.
const OTHER_MANIFESTS: [&str; 7] =
    ["pyproject.toml", "requirements.txt", "Cargo.toml", "pom.xml", "build.gradle", "Gemfile", "composer.json"];

/// Lists the globs of what rcrepro keeps beside the plan, but for those that match a file of the project itself.
#[must_use]
pub fn plan_files(files: &dyn TrackedFiles) -> Vec<&'static str> {
    let is_free = |glob: &&str| {
        let matched = PathGlobSet::new([glob]).expect("a constant glob");
        !files.paths().iter().any(|path| matched.matches(path))
    };
    PLAN_FILES.into_iter().filter(is_free).collect()
}

/// Finds manifests of other languages at the top.
#[must_use]
pub fn other_manifests(files: &dyn TrackedFiles) -> Vec<String> {
    let tracked = |name: &&str| files.paths().binary_search(&(*name).to_owned()).is_ok();
    OTHER_MANIFESTS.into_iter().filter(tracked).map(str::to_owned).collect()
}

/// Whether a word of a step calls a program, by itself or where its output is substituted.
fn calls(word: &str, program: &str) -> bool {
    let mut calls = word.split("$(").chain(word.split('`')).skip(1);
    word == program || calls.any(|call| call.split_whitespace().next() == Some(program))
}

impl StepCalls {
    /// `git` tells whether the steps, or what they call, ask a repository something.
    fn of(steps: &[DockerfileInstruction], git: bool) -> Self {
        let of_runs = || steps.iter().filter(|step| step.name == "RUN").flat_map(|step| &step.words);
        let any = |programs: &[&str]| programs.iter().any(|program| of_runs().any(|word| calls(&word.text, program)));
        let (go, node) = (any(&["go"]), any(&NODE_CLIENTS));
        // What is called by a script, or by make, cannot be told.
        let is_hidden = !go && !node && of_runs().next().is_some();
        Self { git, go: go || is_hidden, node: node || is_hidden }
    }
}

/// Finds the Dockerfiles.
#[must_use]
pub fn dockerfiles(files: &dyn TrackedFiles) -> Vec<DockerStages> {
    let is_one = |path: &&String| {
        let name = name_of(path);
        (name == "Dockerfile" || name.starts_with("Dockerfile.") || name.ends_with(".Dockerfile"))
            && !path.split('/').any(|part| matches!(part, "node_modules" | "vendor" | "testdata" | ".devcontainer"))
    };
    let read = |path: &String| {
        let text = files.text(path)?;
        let all = instructions(&text);
        let git = git_calls::of_dockerfile(path, &text, &|path| files.text(path));
        let calls = StepCalls::of(&all, !git.is_empty());
        let names: Vec<Option<SeenText>> = all
            .iter()
            .filter(|instruction| instruction.name == "FROM")
            .map(|instruction| {
                let at = instruction.words.iter().position(|word| word.text.eq_ignore_ascii_case("as"))?;
                let name = instruction.words.get(at + 1)?;
                Some(SeenText::new(name.text.clone(), path, name.line))
            })
            .collect();
        let unnamed = names.iter().filter(|name| name.is_none()).count();
        let outline = outline(&text, BUILDS_ON);
        let stages = names.into_iter().flatten().collect();
        let context = context(files, folder_of(path), &outline);
        Some(DockerStages { path: path.clone(), stages, unnamed, outline, context, calls })
    };
    files.paths().iter().filter(is_one).filter_map(read).collect()
}

/// Gives the folder of a Dockerfile as its context, if all that it copies is there, and not all of it is in the project's folder.
fn context(files: &dyn TrackedFiles, folder: &str, outline: &DockerOutline) -> Option<String> {
    let is_in = |path: &str| {
        let first = files.paths().partition_point(|file| file.as_str() < path);
        let found = files.paths().get(first..).unwrap_or_default();
        // What sorts between a folder's name and its files begins with the name, too.
        found.iter().take_while(|file| file.starts_with(path)).any(|file| is_at_or_below(file, path))
    };
    let copied = &outline.copied;
    let is_own = copied.iter().all(|path| is_in(&format!("{folder}/{path}")));
    let is_needed = copied.iter().any(|path| !is_in(path.as_str()));
    (!folder.is_empty() && is_own && is_needed).then(|| folder.to_owned())
}

fn is_at_or_below(file: &str, path: &str) -> bool {
    file.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Finds the configuration of scanners at the top.
#[must_use]
pub fn scanner_files(files: &dyn TrackedFiles) -> Vec<Place> {
    let tracked = |name: &&str| files.paths().binary_search(&(*name).to_owned()).is_ok();
    SCANNER_FILES.into_iter().filter(tracked).map(|name| Place::new(name, 0)).collect()
}

/// Finds scripts that are named like those of the release plan, each purpose once.
#[must_use]
pub fn release_scripts(files: &dyn TrackedFiles) -> Vec<(ReleaseScript, String)> {
    let mut found: Vec<(ReleaseScript, String)> = Vec::new();
    for (wanted, purpose) in RELEASE_SCRIPTS {
        let path = files.paths().iter().find(|path| {
            name_of(path).strip_suffix(".sh") == Some(wanted)
                && matches!(folder_of(path), "" | "scripts" | "hack" | "script")
        });
        if let Some(path) = path
            && !found.iter().any(|(known, _)| *known == purpose)
        {
            found.push((purpose, path.clone()));
        }
    }
    found
}

/// Finds the documents near the top that quote commands.
#[must_use]
pub fn documents(files: &dyn TrackedFiles) -> Vec<String> {
    let is_near = |path: &&String| path.ends_with(".md") && matches!(folder_of(path), "" | "docs");
    let quotes = |path: &&String| {
        files.text(path).is_some_and(|text| {
            QUOTED.iter().any(|command| text.contains(&format!("`{command}")) || text.contains(&format!("\n{command}")))
        })
    };
    files.paths().iter().filter(is_near).filter(quotes).cloned().collect()
}
