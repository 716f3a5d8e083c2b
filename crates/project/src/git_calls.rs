//! Calls of `git` that want a repository: on command lines, in Dockerfiles, and in the scripts, makefiles and packages' scripts that they call.
//!
//! This reads text, not shell: a call in a text that is only printed is taken for one, and one that is put together at run time
//! is not seen.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use rcrepro_model::execution::derive::git_path;
use rcrepro_model::execution::fault::follow;
use rcrepro_pins::dockerfile::dockerignore::Ignored;
use rcrepro_pins::dockerfile::lines::{DockerfileInstruction, instructions};

/// How many scripts are followed from one line.
const FOLLOWED: usize = 64;
/// The scripts of a package that its client runs without being asked by name.
const LIFECYCLE: [&str; 5] = ["install", "postinstall", "preinstall", "prepare", "prepublish"];

/// A call of git where a command may stand, with its subcommand.
static CALL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?m)(?:^|[;&|({`"']|\b(?:if|then|else|do|while|until|exec|time|env|shell|RUN(?:\s+--\S+)*)\s|!\s)\s*[@+-]*(?:[A-Za-z_]\w*=\S*\s+)*git\s+(?:-[Cc]\s+\S+\s+|--?[a-z-]+(?:=\S+)?\s+)*(?P<what>[a-z-]+)"#,
    )
    .expect("a constant pattern")
});

/// Folders that a line goes into.
static FOLDER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:\bcd|\s-C|--prefix)[\s=]+(?P<at>[\w./-]+)").expect("a constant pattern"));

/// Programs that read a file which the line does not name.
static READER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(?P<program>g?make|npm|pnpm|yarn)\b").expect("a constant pattern"));

/// Subcommands that say something of a repository.
const SUBCOMMANDS: [&str; 17] = [
    "archive",
    "branch",
    "describe",
    "diff",
    "diff-index",
    "for-each-ref",
    "log",
    "ls-files",
    "ls-tree",
    "name-rev",
    "rev-list",
    "rev-parse",
    "show",
    "status",
    "submodule",
    "symbolic-ref",
    "tag",
];

/// A call of git, on the line of a command or in a script that it runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GitCall {
    /// The script and the line in it; none for the command's own line.
    pub place: Option<(String, usize)>,
    /// The call, such as `git describe`.
    pub call: String,
}

/// Reads a file of the project by its path; none where there is none.
pub type ReadFile<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Lists the calls that a shell line comes to.
#[must_use]
pub fn of_line(line: &str, read: ReadFile<'_>) -> Vec<GitCall> {
    let mut found: Vec<_> = in_text(line).into_iter().map(|(_, call)| GitCall { place: None, call }).collect();
    found.extend(of_scripts(line, read));
    found
}

/// Lists the calls that the steps of a Dockerfile come to, each with its place; none where `.dockerignore` leaves the repository out, because a build
/// by hand finds none there, either.
#[must_use]
pub fn of_dockerfile(path: &str, text: &str, read: ReadFile<'_>) -> Vec<GitCall> {
    let ignored = read(".dockerignore").and_then(|text| Ignored::read(&text).ok());
    if ignored.is_some_and(|ignored| ignored.leaves_out(&git_path())) {
        return Vec::new();
    }
    let is_step = |step: &DockerfileInstruction| step.name == "RUN";
    let steps: Vec<String> = instructions(text)
        .into_iter()
        .filter(is_step)
        .map(|step| step.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "))
        .collect();
    let own = in_text(text).into_iter().map(|(line, call)| GitCall { place: Some((path.to_owned(), line)), call });
    own.chain(of_scripts(&steps.join("\n"), read)).collect()
}

/// Lists the calls in the scripts that a text comes to.
fn of_scripts(text: &str, read: ReadFile<'_>) -> Vec<GitCall> {
    let mut found = Vec::new();
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    let mut open: Vec<(String, String)> = vec![(String::new(), text.to_owned())];
    while let Some((folder, text)) = open.pop() {
        for path in called(&folder, &text) {
            let Some(script) = read(&path).map(|script| of_package(&path, script, &text)) else { continue };
            if seen.len() >= FOLLOWED || !seen.insert((path.clone(), script.clone())) {
                continue;
            }
            let call = |(line, call)| GitCall { place: Some((path.clone(), line)), call };
            found.extend(
                in_text(&script).into_iter().map(call).filter(|call| !found.contains(call)).collect::<Vec<_>>(),
            );
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            open.push((folder.to_owned(), script));
        }
    }
    found
}

/// Empties the lines of a package's scripts that a text does not come to; any other file is as it was.
fn of_package(path: &str, text: String, caller: &str) -> String {
    let package = (path.rsplit('/').next() == Some("package.json")).then(|| serde_json::from_str::<Value>(&text).ok());
    let package = package.flatten().unwrap_or_default();
    let Some(scripts) = package["scripts"].as_object() else { return text };
    let names = |name: &str, text: &str| {
        let mut words = text.split(|c: char| c.is_whitespace() || "\"'`;&|()".contains(c));
        words.any(|word| word == name)
    };
    let stem = |name: &str| name.strip_prefix("pre").or_else(|| name.strip_prefix("post")).unwrap_or(name).to_owned();
    let mut open: Vec<String> = vec![caller.to_owned()];
    let mut run: BTreeSet<&str> = BTreeSet::new();
    while let Some(text) = open.pop() {
        for (name, line) in scripts {
            let is_run = LIFECYCLE.contains(&name.as_str()) || names(name, &text) || names(&stem(name), &text);
            if is_run && run.insert(name) {
                open.push(line.as_str().unwrap_or_default().to_owned());
            }
        }
    }
    let keep = |line: &str| {
        let key = line.trim_start().strip_prefix('"').and_then(|rest| rest.split_once('"')).map(|(key, _)| key);
        if key.is_some_and(|key| scripts.contains_key(key) && !run.contains(key)) {
            String::new()
        } else {
            line.to_owned()
        }
    };
    text.lines().map(keep).collect::<Vec<_>>().join("\n")
}

/// Lists the calls in a text, each with its line; none in one that makes a repository of its own.
fn in_text(text: &str) -> Vec<(usize, String)> {
    let of_line = |line: &str| -> Vec<String> {
        if line.trim_start().starts_with('#') {
            return Vec::new();
        }
        let named = CALL.captures_iter(line).filter_map(|call| Some(call.name("what")?.as_str().to_owned()));
        named.collect()
    };
    let all: Vec<(usize, String)> = (1..)
        .zip(text.lines())
        .flat_map(|(number, line)| of_line(line).into_iter().map(move |what| (number, what)))
        .collect();
    if all.iter().any(|(_, what)| ["init", "clone"].contains(&what.as_str())) {
        return Vec::new();
    }
    let wanted = all.into_iter().filter(|(_, what)| SUBCOMMANDS.contains(&what.as_str()));
    wanted.map(|(line, what)| (line, format!("git {what}"))).collect()
}

/// Lists the paths of the source that a text in a folder may call, or that a program on it reads.
fn called(folder: &str, text: &str) -> BTreeSet<String> {
    let mut folders: BTreeSet<String> = [folder.to_owned(), String::new()].into();
    let inner = FOLDER.captures_iter(text).filter_map(|found| follow(folder, found.name("at")?.as_str()));
    folders.extend(inner.take(FOLLOWED).collect::<Vec<_>>());
    let mut names: BTreeSet<&str> = text
        .split(|c: char| c.is_whitespace() || "\"'`;&|()=$<>{},".contains(c))
        // A makefile's lines may begin with a mark for make.
        .map(|word| word.trim_start_matches(['@', '+', '-']))
        .filter(|word| word.contains('/') || word.ends_with(".sh"))
        .collect();
    for found in READER.captures_iter(text).filter_map(|found| found.name("program")) {
        match found.as_str() {
            "make" | "gmake" => names.extend(["GNUmakefile", "makefile", "Makefile"]),
            _ => names.extend(["package.json"]),
        }
    }
    let paths = folders.iter().flat_map(|folder| names.iter().filter_map(|name| follow(folder, name)));
    paths.filter(|path| !path.is_empty()).collect()
}
