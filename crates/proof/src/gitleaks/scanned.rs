//! What a call scans, and how a finding in it names its file.
//!
//! From gitleaks 8.30's own source (`cmd/directory.go`, `cmd/detect.go`, `cmd/stdin.go`) and from runs of it: a finding has the path that the line
//! names, cleaned by text, with the rest of its own path behind: `src/x.txt` for `dir ./src/`, `../src/x.txt` for `dir ../src`, `x.txt` for
//! `dir .`, an absolute path for an absolute one. What is read from a pipe has no name; commits name files from the repository's root.

use super::Call;
use crate::shell::is_literal;

/// The folder that holds the source.
pub(super) const SOURCE: &str = "/work";

/// Flags with a value, by one letter.
const SHORT: &str = "bcfilrs";
/// Flags with a value.
const LONG: [&str; 16] = [
    "--baseline-path",
    "--config",
    "--diagnostics",
    "--diagnostics-dir",
    "--enable-rule",
    "--exit-code",
    "--gitleaks-ignore-path",
    "--log-level",
    "--log-opts",
    "--max-archive-depth",
    "--max-decode-depth",
    "--max-target-megabytes",
    "--report-format",
    "--report-path",
    "--report-template",
    "--source",
];
const ALSO_LONG: [&str; 2] = ["--platform", "--timeout"];

/// What a call scans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scanned {
    /// The absolute folder or file; `None` when it cannot be told.
    pub path: Option<String>,
    /// Where comments are looked for: at most all of the source.
    pub searched: String,
    pub names: Names,
}

/// How findings name their files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Names {
    /// By a path that begins with this one, or is it; `.` for one below the folder that gitleaks runs in.
    Below(String),
    /// Not at all.
    Nameless,
    /// In a way that cannot be told here.
    Unknown,
}

impl Scanned {
    pub(super) fn of(call: &Call) -> Self {
        let whole = |path, names| Self { path, searched: SOURCE.to_owned(), names };
        // Of a script that calls it the plan says no more than that it does.
        if call.forced {
            return whole(None, Names::Unknown);
        }
        let plain = plain(call);
        let mode = plain.first().map_or("", |word| word);
        let by_flag = || call.value(&["-s", "--source"]).unwrap_or(".");
        // With several paths gitleaks takes none of them.
        let by_word = || if let [_, path] = plain.as_slice() { *path } else { "." };
        let path = if matches!(mode, "detect" | "protect") { by_flag() } else { by_word() };
        let at = call.path(path).filter(|_| is_literal(path));
        if mode == "stdin" || (mode == "detect" && call.has(&["--pipe"])) {
            return whole(at, Names::Nameless);
        }
        let has_folder = matches!(mode, "dir" | "directory" | "file") || (mode == "detect" && call.has(&["--no-git"]));
        match at {
            Some(at) if has_folder => {
                let names = if call.has(&["--follow-symlinks"]) { Names::Unknown } else { Names::Below(clean(path)) };
                Self { path: Some(at.clone()), searched: at, names }
            }
            at => whole(at, Names::Unknown),
        }
    }
}

impl Names {
    /// Whether a finding may have this very name.
    pub(super) fn has(&self, file: &str) -> bool {
        let prefix = match self {
            Self::Below(prefix) => prefix.as_str(),
            Self::Nameless => return file.is_empty(),
            Self::Unknown => return true,
        };
        let below = match prefix {
            "." => Some(file),
            "/" => file.strip_prefix('/'),
            prefix if file == prefix => return true,
            prefix => file.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/')),
        };
        below.is_some_and(|rest| rest.split('/').all(|part| !matches!(part, "" | "." | "..")))
    }
}

/// Takes clusters of flags apart, as gitleaks' parser of flags does: `-vi FILE` and `-iFILE` are `-i FILE`.
pub(super) fn apart(call: &Call) -> Call {
    let (mut arguments, mut words) = (Vec::new(), call.arguments.iter());
    for word in words.by_ref() {
        match word.strip_prefix('-') {
            Some("-") => {
                arguments.push(word.clone());
                break;
            }
            Some(letters) if !letters.starts_with('-') && letters.len() > 1 => arguments.extend(cluster(letters)),
            _ => arguments.push(word.clone()),
        }
    }
    arguments.extend(words.cloned());
    Call { arguments, ..call.clone() }
}

fn cluster(letters: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, letter) in letters.char_indices() {
        found.push(format!("-{letter}"));
        let rest = &letters[at + letter.len_utf8()..];
        if SHORT.contains(letter) {
            let value = rest.strip_prefix('=').unwrap_or(rest);
            found.extend((!rest.is_empty()).then(|| value.to_owned()));
            break;
        }
        if let Some(value) = rest.strip_prefix('=') {
            found.pop();
            found.push(format!("-{letter}={value}"));
            break;
        }
    }
    found
}

/// Lists the words that are neither flags nor their values: the subcommand, and paths.
fn plain(call: &Call) -> Vec<&str> {
    let (mut found, mut words) = (Vec::new(), call.arguments.iter().map(String::as_str));
    while let Some(word) = words.next() {
        match word.strip_prefix('-') {
            Some("-") => found.extend(words.by_ref()),
            Some(letter) if letter.len() == 1 && SHORT.contains(letter) => drop(words.next()),
            Some(_) if LONG.contains(&word) || ALSO_LONG.contains(&word) => drop(words.next()),
            Some(rest) if !rest.is_empty() => {}
            _ => found.push(word),
        }
    }
    found
}

/// Shortens a path by text, as Go's `filepath.Clean` does.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_scanned_and_how_it_is_named() {
        let below = |prefix: &str| Names::Below(prefix.to_owned());
        for (line, path, names) in [
            ("gitleaks dir", Some("/work"), below(".")),
            ("gitleaks dir ./src/../src// -v", Some("/work/src"), below("src")),
            ("gitleaks -v directory -l warn -- src", Some("/work/src"), below("src")),
            ("gitleaks dir src deep", Some("/work"), below(".")),
            ("gitleaks dir /work/src", Some("/work/src"), below("/work/src")),
            ("cd src && gitleaks dir ../deep", Some("/work/deep"), below("../deep")),
            ("gitleaks detect --no-git -vs src x", Some("/work/src"), below("src")),
            ("gitleaks detect --no-git -s=src", Some("/work/src"), below("src")),
            ("gitleaks detect -s src", Some("/work/src"), Names::Unknown),
            ("gitleaks git src", Some("/work/src"), Names::Unknown),
            ("gitleaks dir --follow-symlinks src", Some("/work/src"), Names::Unknown),
            ("gitleaks stdin < x", Some("/work"), Names::Nameless),
            ("gitleaks detect --pipe < x", Some("/work"), Names::Nameless),
            ("gitleaks dir $D", None, Names::Unknown),
            ("gitleaks dir sr?", None, Names::Unknown),
            ("cd $D && gitleaks dir src", None, Names::Unknown),
        ] {
            let scanned = Scanned::of(&apart(&crate::call::calls(line)[0]));
            assert_eq!((scanned.path.as_deref(), scanned.names), (path, names), "{line}");
        }
    }

    /// The names are those that gitleaks 8.30 gave in runs.
    #[test]
    fn names_are_compared_as_they_are_written() {
        let has = |prefix: &str, file: &str| Names::Below(prefix.to_owned()).has(file);
        for (prefix, file) in
            [("src", "src/x.txt"), (".", "src/x.txt"), ("../deep", "../deep/x"), ("/", "/x"), ("x.txt", "x.txt")]
        {
            assert!(has(prefix, file), "{prefix} {file}");
        }
        for (prefix, file) in [
            ("src", "x.txt"),
            ("src", "./src/x.txt"),
            ("src", "src//x.txt"),
            (".", "./x"),
            (".", "/work/x"),
            (".", "../x"),
            ("/work", "x"),
        ] {
            assert!(!has(prefix, file), "{prefix} {file}");
        }
        assert!(Names::Nameless.has("") && !Names::Nameless.has("x"));
    }
}
