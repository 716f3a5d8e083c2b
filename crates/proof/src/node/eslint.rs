//! eslint: silent when all is well, so that its line and configuration have to say that something was linted, and by rules.
//!
//! Recorded with eslint 9.39: it fails on a pattern without files, unless a flag lets that pass; warnings end with 0; a
//! configuration without rules finds nothing; without a configuration that names them, files of TypeScript are left out.

use serde_json::Value;

use super::sources::{any_file, holding};
use crate::adapter::Adapter;
use crate::call::Call;
use crate::evidence::CommandEvidence;
use crate::inputs::Lookup;
use crate::outcome::{Proof, Work};
use crate::text::{lines, number_before, were};
use rcrepro_model::plan::proof::{Condition, Tool};

pub(crate) const ADAPTER: Adapter = Adapter { tool: Tool::Eslint, version: 1, rules: RULES, pass, failure: None };

const RULES: &str = "Proven: --format json names files, its own configuration apart; or the configuration is at hand, names rules, and is \
not silenced by flags, for eslint fails on a pattern without files. Hollow: no file, or none but the configuration; a named file that is \
ignored; an empty configuration, or none where the line looks none up; --no-error-on-unmatched-pattern, --pass-on-no-patterns and \
--no-warn-ignored, with which nothing shows that a file was linted; --fix, --fix-dry-run, --suppress-all, --suppress-rule, --print-config, \
--inspect-config, --env-info and --init. Unproven: silence, and a configuration that cannot be read. On a condition: warnings, which \
end with 0; --quiet; --no-inline-config apart, files that are disabled as a whole; messages that a comment or a list suppresses.\n";

/// Flags with which eslint does something else than to report.
const DO_ELSE: [&str; 8] = [
    "--env-info",
    "--fix",
    "--fix-dry-run",
    "--init",
    "--inspect-config",
    "--print-config",
    "--suppress-all",
    "--suppress-rule",
];
/// Flags with which no file at all is a pass.
const LENIENT: [&str; 3] = ["--no-error-on-unmatched-pattern", "--no-warn-ignored", "--pass-on-no-patterns"];
/// The comment that disables every rule for the rest of a file.
const DISABLED: &str = "/* eslint-disable */";

fn pass(call: &Call, alike: &[&Call], evidence: &CommandEvidence<'_>) -> Proof {
    if let Some(flag) = DO_ELSE.into_iter().find(|flag| call.has(&[flag])) {
        return Proof::hollow(format!("`eslint {flag}` does not report what it finds"));
    }
    let lines = lines([evidence.stdout, evidence.stderr]);
    if lines.iter().any(|line| line.contains("ESLintEmptyConfigWarning")) {
        return Proof::hollow("the configuration is empty: no rule is checked");
    }
    if let Some(line) = lines.iter().find(|line| line.contains("File ignored ")) {
        return Proof::hollow(format!("a named file was not linted: {}", line.trim()));
    }
    let none = call.has(&["--no-config-lookup", "--no-eslintrc"]) && !call.has(&["-c", "--config", "--rule"]);
    if none {
        return Proof::hollow("the line looks up no configuration and names no rule: nothing is checked");
    }
    if call.value(&["-f", "--format"]) == Some("json") {
        return report(call, evidence);
    }
    if let Some(flag) = LENIENT.into_iter().find(|flag| call.has(&[flag])) {
        return Proof::hollow(format!(
            "with `{flag}` silence does not show that a file was linted; `--format json` names files"
        ));
    }
    if alike.len() > 1 && alike.iter().any(|other| other.directory != call.directory) {
        return Proof::unproven("the line has several calls of eslint in several folders, all of them silent");
    }
    let warnings = lines.iter().filter(|line| line.contains(" problem")).find_map(|line| {
        number_before(line, "warnings").or_else(|| number_before(line, "warning")).filter(|count| *count > 0)
    });
    configured(call, evidence).on(warned(warnings.unwrap_or(0))).on(disabled(call, evidence))
}

/// Judges by the report of `--format json`.
fn report(call: &Call, evidence: &CommandEvidence<'_>) -> Proof {
    let files: Option<Vec<Value>> = evidence
        .stdout
        .iter()
        .position(|byte| *byte == b'[')
        .and_then(|at| serde_json::Deserializer::from_slice(&evidence.stdout[at..]).into_iter().next()?.ok());
    let Some(files) = files else { return Proof::hollow("the output has no report in JSON") };
    let path = |file: &Value| file.get("filePath").and_then(Value::as_str).unwrap_or_default().to_owned();
    let own: Vec<&Value> = files.iter().filter(|file| !is_configuration(&path(file))).collect();
    if own.is_empty() {
        return Proof::hollow(format!("{} linted, none of the project's own", were(files.len() as u64, "file")));
    }
    let count = |file: &&Value, key: &str| file.get(key).and_then(Value::as_u64).unwrap_or(0);
    let warnings = own.iter().map(|file| count(file, "warningCount")).sum();
    let suppressed = own.iter().filter_map(|file| {
        let messages = file.get("suppressedMessages").and_then(Value::as_array).map_or(0, Vec::len);
        let file = path(file).trim_start_matches("/work/").to_owned();
        let says = format!("{} of `{file}` suppressed", were(messages as u64, "message"));
        (messages > 0).then(|| Condition::new("eslint-suppressed", &file, says))
    });
    Proof::proven(Tool::Eslint, own.len() as u64, "files linted")
        .on(warned(warnings))
        .on(suppressed)
        .on(disabled(call, evidence))
}

fn is_configuration(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.starts_with("eslint.config.") || name.starts_with(".eslintrc"))
}

fn warned(warnings: u64) -> Option<Condition> {
    let says = format!("{} found, which let eslint pass; `--max-warnings 0` does not", were(warnings, "warning"));
    (warnings > 0).then(|| Condition::new("eslint-warnings", "", says))
}

/// Names what a pass leaves out by the line and by comments.
fn disabled(call: &Call, evidence: &CommandEvidence<'_>) -> Vec<Condition> {
    let quiet =
        call.has(&["--quiet"]).then(|| Condition::new("eslint-quiet", "", "`--quiet` leaves rules out that only warn"));
    let files = match call.path(".") {
        Some(folder) if !call.has(&["--no-inline-config"]) => holding(&folder, DISABLED, evidence),
        _ => Vec::new(),
    };
    let condition = |file: String| {
        let says = format!("`{DISABLED}` switches every rule off in `{file}`");
        Condition::new("eslint-disable", &file, says)
    };
    quiet.into_iter().chain(files.into_iter().map(condition)).collect()
}

/// Judges silence by the configuration.
fn configured(call: &Call, evidence: &CommandEvidence<'_>) -> Proof {
    let silent = |why: &str| Proof::unproven(format!("eslint is silent, and {why}; `--format json` would name files"));
    if call.forced {
        return silent("of its line nothing is known");
    }
    if call.has(&["--rule"]) {
        return done();
    }
    let Some(folder) = call.path(".") else { return silent("its folder cannot be told from the line") };
    let Some((name, text)) = configuration(call, &folder, evidence) else {
        return silent("its configuration is not at hand");
    };
    if !["rules", "recommended", "extends", "configs."].iter().any(|word| text.contains(word)) {
        return Proof::hollow(format!("`{name}` names no rule: nothing is checked"));
    }
    let typed = [".ts", "{ts", ",ts", "typescript", ".vue", ".svelte"].iter().any(|word| text.contains(word));
    let script = |name: &str| {
        let end = name.rsplit_once('.').map_or("", |(_, end)| end);
        ["cjs", "js", "mjs"].contains(&end) && !is_configuration(name)
    };
    match any_file(&folder, &script, evidence) {
        Some(false) if !typed => Proof::hollow(format!(
            "`{name}` names no kind of file, and there is none that eslint lints by default (`.js`, `.mjs`, `.cjs`) but the configuration"
        )),
        _ => done(),
    }
}

fn done() -> Proof {
    let what = "every file that its patterns match is linted".to_owned();
    Proof::done(vec![Work { tool: Tool::Eslint, count: None, what }])
}

/// Finds the configuration that the line names, else the one of the call's folder.
fn configuration(call: &Call, folder: &str, evidence: &CommandEvidence<'_>) -> Option<(String, String)> {
    let names: Vec<String> = match call.value(&["-c", "--config"]) {
        Some(file) => vec![file.to_owned()],
        None => ["js", "mjs", "cjs", "ts", "mts", "cts"].map(|end| format!("eslint.config.{end}")).to_vec(),
    };
    names.into_iter().find_map(|name| {
        let path = if name.starts_with('/') { name.clone() } else { format!("{folder}/{name}") };
        match evidence.inputs.look(&path) {
            Lookup::File(bytes) => Some((name, String::from_utf8_lossy(&bytes).into_owned())),
            Lookup::Absent | Lookup::Unavailable => None,
        }
    })
}
