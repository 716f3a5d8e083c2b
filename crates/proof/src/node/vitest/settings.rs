//! What the line and the configuration files of vitest set, as far as text can tell: a configuration is a program, and a key that
//! it names counts as set.

use super::Call;
use crate::evidence::CommandEvidence;
use crate::inputs::{InputKind, Listing, Lookup};

/// Reporters that end with the summary line `Tests`.
pub(super) const TEXT: [&str; 7] = ["default", "verbose", "basic", "dot", "tree", "github-actions", "hanging-process"];
/// Reporters that write a report for programs.
const MACHINE: [&str; 5] = ["json", "junit", "tap", "tap-flat", "blob"];
/// The key that lets errors outside of tests pass.
const IGNORES: &str = "dangerouslyIgnoreUnhandledErrors";

/// What was found.
pub(super) struct Settings {
    /// The reporters that the line names, or else that the configuration may name; none when nobody names any.
    reporters: Vec<String>,
    /// What lets errors outside of tests pass.
    pub(super) ignores_errors: Option<String>,
    /// The configuration file that lets tests run again.
    pub(super) retries: Option<String>,
    /// A configuration file that cannot be looked at.
    pub(super) unread: Option<String>,
}

impl Settings {
    pub(super) fn of(call: &Call, evidence: &CommandEvidence<'_>) -> Self {
        let (files, unread) = configuration(call, evidence);
        let on_line = call.has(&["--dangerouslyIgnoreUnhandledErrors", "--dangerously-ignore-unhandled-errors"]);
        let in_file =
            || files.iter().find(|(_, text)| sets(text, IGNORES)).map(|(name, _)| format!("`{IGNORES}` in `{name}`"));
        let ignores_errors = if on_line { Some(format!("`--{IGNORES}`")) } else { in_file() };
        let mut reporters: Vec<String> =
            call.values(&["--reporter", "--reporters"]).into_iter().map(str::to_owned).collect();
        if reporters.is_empty() {
            let named = |name: &&&str| {
                files.iter().any(|(_, text)| {
                    text.contains("reporters")
                        && ["'", "\"", "`"].iter().any(|quote| text.contains(&format!("{quote}{name}{quote}")))
                })
            };
            reporters = MACHINE.iter().filter(named).map(|name| (*name).to_owned()).collect();
            if !reporters.is_empty() || call.forced {
                reporters.extend(TEXT.map(str::to_owned));
            }
        }
        if call.forced {
            reporters.extend(MACHINE.map(str::to_owned));
        }
        let retries = files.iter().find(|(_, text)| sets_retry(text)).map(|(name, _)| name.clone());
        Self { reporters, ignores_errors, retries, unread }
    }

    /// Whether one of these reporters may write to standard output; without a word the text reporters do.
    pub(super) fn may_write(&self, names: &[&str]) -> bool {
        match self.reporters.is_empty() {
            true => names.iter().any(|name| TEXT.contains(name)),
            false => self.reporters.iter().any(|found| names.contains(&found.as_str())),
        }
    }
}

/// Reads the configuration files: the one that the line names, else those that vitest looks for. Beside their texts comes the name
/// of one that cannot be looked at.
fn configuration(call: &Call, evidence: &CommandEvidence<'_>) -> (Vec<(String, String)>, Option<String>) {
    let root = call.value(&["-r", "--root", "--dir"]).unwrap_or(".");
    let is_one = |name: &str| {
        let (stem, end) = name.rsplit_once('.').unwrap_or((name, ""));
        ["vitest.config", "vite.config", "vitest.workspace", "vitest.projects"].contains(&stem)
            && ["ts", "mts", "cts", "js", "mjs", "cjs", "json"].contains(&end)
    };
    let found: Vec<(String, Option<String>)> = match call.value(&["-c", "--config"]) {
        Some(file) => vec![(file.to_owned(), call.path(file))],
        None => {
            let folder = call.path(root).unwrap_or_default();
            let Listing::Folder(names) = evidence.inputs.list(&folder) else { return (Vec::new(), None) };
            let files = names.into_iter().filter(|(name, kind)| *kind != InputKind::Folder && is_one(name));
            files.map(|(name, _)| (name.clone(), Some(format!("{folder}/{name}")))).collect()
        }
    };
    let (mut texts, mut unread): (Vec<(String, String)>, _) = (Vec::new(), None);
    for (name, path) in found {
        match path.map(|path| evidence.inputs.look(&path)) {
            Some(Lookup::File(bytes)) => texts.push((name, String::from_utf8_lossy(&bytes).into_owned())),
            Some(Lookup::Absent | Lookup::Unavailable) | None => unread = Some(name),
        }
    }
    for (name, text) in texts.clone() {
        texts.extend(named(call, root, &name, &text, evidence));
    }
    (texts, unread)
}

/// Reads the files that a configuration names by a relative path: what it imports, extends or merges. One that is not there is no
/// module, but a pattern or a folder.
fn named(call: &Call, root: &str, name: &str, text: &str, evidence: &CommandEvidence<'_>) -> Vec<(String, String)> {
    let words = text.split(['\'', '"', '`']).skip(1).step_by(2);
    let relative = words.filter(|word| word.starts_with("./") || word.starts_with("../"));
    let beside = name.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    let below = if call.value(&["-c", "--config"]).is_some() { beside } else { format!("{root}/{beside}") };
    relative
        .take(16)
        .filter_map(|word| {
            ["", ".ts", ".mts", ".js", ".mjs", ".cjs"].iter().find_map(|end| {
                let path = call.path(&format!("{below}{word}{end}"))?;
                match evidence.inputs.look(&path) {
                    Lookup::File(bytes) => {
                        let name = path.strip_prefix("/work/").unwrap_or(&path).to_owned();
                        Some((name, String::from_utf8_lossy(&bytes).into_owned()))
                    }
                    Lookup::Absent | Lookup::Unavailable => None,
                }
            })
        })
        .collect()
}

/// Whether a text gives the key `retry` a number above 0, or a value that only the program knows.
fn sets_retry(text: &str) -> bool {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut behind = lines.flat_map(|line| line.match_indices("retry").map(move |(at, word)| &line[at + word.len()..]));
    behind.any(|rest| {
        let value = rest.trim_start_matches(['\'', '"']).trim_start().strip_prefix(':').map(str::trim_start);
        value.is_some_and(|value| !(value.starts_with('0') || value.starts_with("undefined")))
    })
}

/// Whether a text gives a key any value but `false`.
fn sets(text: &str, key: &str) -> bool {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut behind = lines.filter_map(|line| line.split_once(key)).map(|(_, rest)| rest);
    behind.any(|rest| {
        !rest.trim_start_matches(['\'', '"']).trim_start().trim_start_matches(':').trim_start().starts_with("false")
    })
}
