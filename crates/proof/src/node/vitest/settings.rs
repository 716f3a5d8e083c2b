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
        Self { reporters, ignores_errors, unread }
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
    let (mut texts, mut unread) = (Vec::new(), None);
    for (name, path) in found {
        match path.map(|path| evidence.inputs.look(&path)) {
            Some(Lookup::File(bytes)) => texts.push((name, String::from_utf8_lossy(&bytes).into_owned())),
            Some(Lookup::Absent | Lookup::Unavailable) | None => unread = Some(name),
        }
    }
    (texts, unread)
}

/// Whether a text gives a key any value but `false`.
fn sets(text: &str, key: &str) -> bool {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut behind = lines.filter_map(|line| line.split_once(key)).map(|(_, rest)| rest);
    behind.any(|rest| {
        !rest.trim_start_matches(['\'', '"']).trim_start().trim_start_matches(':').trim_start().starts_with("false")
    })
}
