//! What keeps gitleaks from reporting a secret that it would find otherwise, each a condition of its own.
//!
//! From gitleaks 8.30's own source (`cmd/root.go`, `detect/detect.go`): it reads `.gitleaksignore` of the folder that it runs in and of
//! the scanned one, the configuration of `-c`, of `GITLEAKS_CONFIG` or `GITLEAKS_CONFIG_TOML`, or of `.gitleaks.toml` in the scanned
//! folder; a line with `gitleaks:allow` is never reported; a file above `--max-target-megabytes` is skipped with a warning.

use super::Call;
use crate::evidence::CommandEvidence;
use crate::inputs::{Listing, Lookup};
use rcrepro_format::syntax::toml_place;
use rcrepro_model::plan::proof::Condition;
use serde_json::{Map, Value};

/// The comment that silences gitleaks on its line.
const COMMENT: &str = "gitleaks:allow";
/// Flags that may be before or behind a value, for the path that `gitleaks dir PATH` scans.
const VALUED: [&str; 20] = [
    "-b",
    "-c",
    "-f",
    "-i",
    "-l",
    "-r",
    "-s",
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
];
const ALSO_VALUED: [&str; 5] = ["--report-path", "--report-template", "--source", "--timeout", "--platform"];

pub(super) fn conditions(call: &Call, lines: &[String], evidence: &CommandEvidence<'_>) -> Vec<Condition> {
    let mut found: Vec<Condition> = lines.iter().filter_map(|line| too_large(line)).collect();
    found.extend(by_flags(call));
    // Of a script that calls it the plan says no more than that it does.
    let scanned = if call.forced { Some("/work".to_owned()) } else { call.path(&scanned(call)) };
    let Some(scanned) = scanned else {
        let says =
            "the folder that gitleaks scans cannot be told from the line: what silences it there cannot be looked for";
        found.push(Condition::new("gitleaks-folder", "", says));
        return found;
    };
    found.extend(ignored(call, &scanned, evidence));
    found.extend(configured(call, &scanned, evidence));
    if !call.has(&["--ignore-gitleaks-allow"]) {
        found.extend(allowed(&scanned, evidence));
    }
    found
}

/// Returns the path that a call scans, as the line has it.
fn scanned(call: &Call) -> String {
    if let Some(source) = call.value(&["-s", "--source"]) {
        return source.to_owned();
    }
    let mut words = call.arguments.iter();
    let mut plain = Vec::new();
    while let Some(word) = words.next() {
        match word.as_str() {
            flag if VALUED.contains(&flag) || ALSO_VALUED.contains(&flag) => drop(words.next()),
            flag if flag.starts_with('-') => {}
            word => plain.push(word),
        }
    }
    // The first one is the subcommand.
    plain.get(1).map_or_else(|| ".".to_owned(), |path| (*path).to_owned())
}

/// Reads `WRN skipping file: too large max_size=1MB, size=3MB path=big.txt`.
fn too_large(line: &str) -> Option<Condition> {
    let (_, rest) = line.split_once("skipping file: too large")?;
    let path = rest.split_once("path=").map_or("", |(_, path)| path.trim().trim_matches('"'));
    let what = if path.is_empty() { "a file".to_owned() } else { format!("`{path}`") };
    Some(Condition::new("gitleaks-too-large", path, format!("gitleaks skipped {what}, which is too large for it")))
}

fn by_flags(call: &Call) -> Vec<Condition> {
    let flags = [
        (&["-b", "--baseline-path"][..], "gitleaks-baseline", "gitleaks reports nothing that is in the baseline"),
        (&["--enable-rule"], "gitleaks-rules", "gitleaks looks by no rule but"),
        (&["--log-opts"], "gitleaks-partial", "gitleaks scans only the commits of"),
        (&["--staged"], "gitleaks-partial", "gitleaks scans only what is staged"),
        (&["--pre-commit"], "gitleaks-partial", "gitleaks scans only what is not committed"),
    ];
    let set = flags.into_iter().filter(|(flags, ..)| call.has(flags));
    set.map(|(flags, name, says)| {
        let value = call.value(flags).filter(|value| !value.starts_with('-')).unwrap_or_default();
        let says = if value.is_empty() { says.to_owned() } else { format!("{says} `{value}`") };
        Condition::new(name, value, says)
    })
    .collect()
}

/// Names every entry of the ignore files.
fn ignored(call: &Call, scanned: &str, evidence: &CommandEvidence<'_>) -> Vec<Condition> {
    let named = call.value(&["-i", "--gitleaks-ignore-path"]).unwrap_or(".");
    let mut files: Vec<String> = [call.path(named), call.path(named).map(|path| format!("{path}/.gitleaksignore"))]
        .into_iter()
        .flatten()
        .chain([format!("{scanned}/.gitleaksignore")])
        .collect();
    files.dedup();
    let mut found = Vec::new();
    for file in files {
        match evidence.inputs.look(&file) {
            Lookup::Absent => {}
            Lookup::Unavailable if file.ends_with(".gitleaksignore") => found.push(unseen(&file)),
            Lookup::Unavailable => {}
            Lookup::File(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                let entries = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
                found.extend(entries.map(|entry| of_entry(entry, scanned, evidence)));
            }
        }
    }
    found
}

/// Judges a fingerprint: `[COMMIT:]FILE:RULE:LINE`. Of a file that is gone there is nothing to be silenced.
fn of_entry(entry: &str, scanned: &str, evidence: &CommandEvidence<'_>) -> Condition {
    let says = format!("`.gitleaksignore` silences `{entry}`");
    let parts: Vec<&str> = entry.split(':').collect();
    let condition = Condition::new("gitleaks-ignored", entry, says);
    let [file, _rule, _line] = parts.as_slice() else { return condition };
    let path = if file.starts_with('/') { (*file).to_owned() } else { format!("{scanned}/{file}") };
    match evidence.inputs.list(path.rsplit_once('/').map_or("/", |(folder, _)| folder)) {
        Listing::Absent => gone(condition, file),
        Listing::Folder(names) if !names.contains_key(path.rsplit('/').next().unwrap_or_default()) => {
            gone(condition, file)
        }
        Listing::Folder(_) | Listing::Unavailable => condition,
    }
}

fn gone(condition: Condition, file: &str) -> Condition {
    let says = format!("{}: orphaned, for `{file}` is gone", condition.says);
    Condition { says, ..condition }.idle()
}

fn configured(call: &Call, scanned: &str, evidence: &CommandEvidence<'_>) -> Vec<Condition> {
    let variable = |name| call.variable(name, evidence.environment).filter(|value| !value.is_empty());
    let named = call.value(&["-c", "--config"]).or_else(|| variable("GITLEAKS_CONFIG"));
    if named.is_none() && variable("GITLEAKS_CONFIG_TOML").is_some() {
        let says = "`GITLEAKS_CONFIG_TOML` holds gitleaks' configuration, which is not looked at";
        return vec![Condition::new("gitleaks-config", "GITLEAKS_CONFIG_TOML", says)];
    }
    let path = match named {
        Some(file) => call.path(file),
        None => Some(format!("{scanned}/.gitleaks.toml")),
    };
    let Some(path) = path else { return Vec::new() };
    let bytes = match evidence.inputs.look(&path) {
        Lookup::File(bytes) => bytes,
        Lookup::Absent if named.is_none() => return Vec::new(),
        Lookup::Absent | Lookup::Unavailable => return vec![unseen(&path)],
    };
    let file = path.strip_prefix("/work/").unwrap_or(&path);
    match toml_place::parse::<Map<String, Value>>(&String::from_utf8_lossy(&bytes)) {
        Ok(table) => of_table(file, &table),
        Err(_) => vec![Condition::new("gitleaks-config", file, format!("`{file}` cannot be read as TOML"))],
    }
}

/// Names what a configuration leaves out of the rules that gitleaks brings along.
fn of_table(file: &str, table: &Map<String, Value>) -> Vec<Condition> {
    let mut found = Vec::new();
    let mut add = |what: String, says: String| {
        found.push(Condition::new("gitleaks-config", &format!("{file}:{what}"), format!("`{file}` {says}")));
    };
    let extend = table.get("extend").and_then(Value::as_object);
    let extends = extend.is_some_and(|extend| {
        extend.get("useDefault").and_then(Value::as_bool) == Some(true) || extend.contains_key("path")
    });
    if !extends {
        add("rules".to_owned(), "has rules of its own and none of gitleaks' (`extend.useDefault`)".to_owned());
    }
    let off = extend.and_then(|extend| extend.get("disabledRules")?.as_array());
    for rule in off.into_iter().flatten().filter_map(Value::as_str) {
        add(rule.to_owned(), format!("switches the rule `{rule}` off"));
    }
    let lists = |table: &Map<String, Value>| ["allowlist", "allowlists"].iter().any(|key| table.contains_key(*key));
    if lists(table) {
        add("allowlist".to_owned(), "has an allow list".to_owned());
    }
    let rules = table.get("rules").and_then(Value::as_array).into_iter().flatten();
    for rule in rules.filter_map(Value::as_object).filter(|rule| lists(rule)) {
        let id = rule.get("id").and_then(Value::as_str).unwrap_or("a rule without id");
        add(format!("allowlist:{id}"), format!("has an allow list for the rule `{id}`"));
    }
    found
}

/// Names the files with comments that silence gitleaks.
fn allowed(scanned: &str, evidence: &CommandEvidence<'_>) -> Vec<Condition> {
    let search = evidence.inputs.search(scanned, COMMENT);
    let condition = |(file, lines): (&String, &usize)| {
        let count = if *lines == 1 { "1 line".to_owned() } else { format!("{lines} lines") };
        Condition::new("gitleaks-allow-comment", file, format!("`{COMMENT}` silences gitleaks on {count} of `{file}`"))
    };
    let mut found: Vec<Condition> = search.found.iter().map(condition).collect();
    if search.unseen > 0 {
        let files = if search.unseen == 1 { "1 file".to_owned() } else { format!("{} files", search.unseen) };
        let says = format!("{files} of the scanned tree cannot be looked into here for `{COMMENT}`");
        found.push(Condition::new("gitleaks-unseen", "", says));
    }
    found
}

fn unseen(path: &str) -> Condition {
    let file = path.strip_prefix("/work/").unwrap_or(path);
    Condition::new("gitleaks-unseen", file, format!("`{file}` cannot be looked at here for what it silences"))
}
