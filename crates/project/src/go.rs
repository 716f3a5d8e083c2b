//! Go: modules, workspaces, cgo, and embedded files.
//!
//! Source: Go Modules Reference, "go.mod files", "go.work files"; package embed, "Directives".

use std::collections::BTreeSet;

use crate::makefile::FileRule;
use crate::seen::{Place, SeenText};
use crate::{TrackedFiles, folder_of, is_example, joined, lies_in, name_of};

/// A folder with a `go.mod` and at least one file of Go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoModule {
    /// The folder of its `go.mod`; empty for the project's own.
    pub folder: String,
    /// Where its `module` line is.
    pub place: Place,
    /// How many modules it requires.
    pub requires: usize,
    /// Whether there is a `go.sum` beside it.
    pub has_sums: bool,
    /// `replace` directives that lead to folders.
    pub local_replaces: Vec<SeenText>,
    /// Whether its dependencies are in `vendor/`.
    pub is_vendored: bool,
    /// How many files of Go it has, tests not counted.
    pub files: usize,
    /// How many files of tests it has.
    pub tests: usize,
    /// Whether every file wants the tag of files that only name the tools of developers, so that `./...` matches nothing.
    pub is_tools: bool,
    /// The first file that imports "C".
    pub cgo: Option<Place>,
    /// Patterns of `//go:embed` that no tracked file matches.
    pub missing_embeds: Vec<MissingEmbed>,
}

/// A pattern that no tracked file matches: something has to make the files first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingEmbed {
    /// The pattern as it is written.
    pub pattern: String,
    /// The path up to its first wildcard, from the project's folder.
    pub path: String,
    /// The line.
    pub place: Place,
    /// The rule of a makefile that makes it.
    pub rule: Option<FileRule>,
}

/// What `go.mod` says, as far as it counts here.
#[derive(Debug, Default)]
struct ModFile {
    module: usize,
    requires: usize,
    local_replaces: Vec<(usize, String)>,
}

/// Finds every module, those in other modules too, without what Go itself ignores.
#[must_use]
pub fn modules(files: &dyn TrackedFiles) -> Vec<GoModule> {
    let mut modules: Vec<GoModule> = files
        .paths()
        .iter()
        .filter(|path| name_of(path) == "go.mod" && !is_ignored(path) && !is_example(path))
        .filter_map(|path| module(files, path))
        .collect();
    for path in files.paths().iter().filter(|path| path.ends_with(".go") && !is_ignored(path)) {
        let owner =
            modules.iter_mut().filter(|module| lies_in(path, &module.folder)).max_by_key(|module| module.folder.len());
        let Some(owner) = owner else { continue };
        if path.ends_with("_test.go") {
            owner.tests += 1;
            owner.is_tools = false;
            continue;
        }
        owner.files += 1;
        if let Some(text) = files.text(path) {
            owner.is_tools &= text.lines().any(|line| matches!(line, "//go:build tools" | "// +build tools"));
            read_source(files, owner, path, &text);
        }
    }
    modules.retain(|module| module.files + module.tests > 0);
    modules
}

/// Finds the workspace file at the top.
#[must_use]
pub fn workspace(files: &dyn TrackedFiles) -> Option<SeenText> {
    let text = files.text("go.work")?;
    let members: Vec<&str> = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default().trim())
        .map(|line| line.strip_prefix("use").unwrap_or(line).trim())
        .filter(|line| line.starts_with('.') || line.starts_with('/'))
        .collect();
    Some(SeenText::new(members.join(", "), "go.work", 0))
}

/// Whether Go takes a path for no package of the module: names that begin with `.` or `_`, `testdata`, and vendored code.
fn is_ignored(path: &str) -> bool {
    let folders = folder_of(path).split('/');
    folders
        .into_iter()
        .any(|part| part.starts_with(['.', '_']) || matches!(part, "testdata" | "vendor" | "node_modules"))
}

fn module(files: &dyn TrackedFiles, path: &str) -> Option<GoModule> {
    let ModFile { module, requires, local_replaces } = mod_file(&files.text(path)?);
    let folder = folder_of(path);
    let has = |name: &str| files.paths().binary_search(&joined(folder, name)).is_ok();
    Some(GoModule {
        folder: folder.to_owned(),
        place: Place::new(path, module),
        requires,
        has_sums: has("go.sum"),
        local_replaces: local_replaces.into_iter().map(|(line, text)| SeenText::new(text, path, line)).collect(),
        is_vendored: has("vendor/modules.txt"),
        files: 0,
        tests: 0,
        is_tools: true,
        cgo: None,
        missing_embeds: Vec::new(),
    })
}

fn mod_file(text: &str) -> ModFile {
    let mut found = ModFile::default();
    let mut block = "";
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split("//").next().unwrap_or_default().trim();
        let (directive, rest) = match (block, line.split_once(char::is_whitespace)) {
            (_, None) if line == ")" => {
                block = "";
                continue;
            }
            ("", Some((directive, rest))) if rest.trim() == "(" => {
                block = match directive {
                    "require" => "require",
                    "replace" => "replace",
                    _ => "other",
                };
                continue;
            }
            ("", Some((directive, rest))) => (directive, rest.trim()),
            ("", None) => continue,
            _ if line.is_empty() => continue,
            (block, _) => (block, line),
        };
        match directive {
            "module" => found.module = number,
            "require" => found.requires += 1,
            "replace" => {
                if let Some((_, target)) = rest.split_once("=>")
                    && target.trim().starts_with(['.', '/'])
                {
                    found.local_replaces.push((number, target.trim().to_owned()));
                }
            }
            _ => {}
        }
    }
    found
}

fn read_source(files: &dyn TrackedFiles, module: &mut GoModule, path: &str, text: &str) {
    if text.contains("go:build ignore") {
        return;
    }
    for (number, line) in (1..).zip(text.lines()) {
        if module.cgo.is_none() && matches!(line.trim(), "import \"C\"" | "import\"C\"") {
            module.cgo = Some(Place::new(path, number));
        }
        let Some(patterns) = line.strip_prefix("//go:embed ") else { continue };
        for pattern in patterns_of(patterns) {
            let path_of = joined(folder_of(path), pattern.strip_prefix("all:").unwrap_or(&pattern));
            if !is_matched(files, &path_of, pattern.starts_with("all:")) {
                let fixed = path_of.split(['*', '?', '[']).next().unwrap_or_default().trim_end_matches('/');
                let folders: BTreeSet<&str> = ["", module.folder.as_str()].into();
                let folders: Vec<&str> = folders.into_iter().rev().collect();
                module.missing_embeds.push(MissingEmbed {
                    pattern: pattern.clone(),
                    path: fixed.to_owned(),
                    place: Place::new(path, number),
                    rule: FileRule::of(files, &folders, fixed),
                });
            }
        }
    }
}

/// Splits the patterns of a directive; one in quotes may hold spaces.
fn patterns_of(text: &str) -> Vec<String> {
    let mut patterns = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let quoted = matches!(first, '"' | '`').then(|| rest[1..].split_once(first)).flatten();
        let (pattern, after) = quoted.unwrap_or_else(|| rest.split_once(char::is_whitespace).unwrap_or((rest, "")));
        patterns.push(pattern.to_owned());
        rest = after.trim_start();
    }
    patterns
}

/// Whether a tracked file matches. A folder matches by any file in it whose name does not begin with `.` or `_`, unless all
/// of them are wanted.
fn is_matched(files: &dyn TrackedFiles, path: &str, all: bool) -> bool {
    let fixed = path.split(['*', '?', '[']).next().unwrap_or_default();
    let has_wildcard = fixed.len() < path.len();
    files.paths().iter().any(|file| {
        if file == path {
            return true;
        }
        let rest = match has_wildcard {
            true => file.strip_prefix(fixed),
            false => file.strip_prefix(path).and_then(|rest| rest.strip_prefix('/')),
        };
        // Deeper patterns than a prefix are taken to match: this only finds folders in which there is nothing.
        rest.is_some_and(|rest| all || !rest.split('/').any(|part| part.starts_with(['.', '_'])))
    })
}
