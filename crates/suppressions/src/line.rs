//! Flags on the line of a command that leave something out.

use crate::words::{base, commands};
use rcrepro_model::evidence::suppression::{Silenced, Suppression, SuppressionSource};

/// A flag of a tool.
struct Flag {
    /// Words that must all be in the call, such as `npm` and `audit`; of alternatives one, with `|` between them.
    call: &'static [&'static str],
    /// How the flag may be written.
    names: &'static [&'static str],
    /// Whether a value follows: behind `=`, or as the next word.
    has_value: bool,
    kind: &'static str,
}

const fn flag(
    call: &'static [&'static str],
    names: &'static [&'static str],
    has_value: bool,
    kind: &'static str,
) -> Flag {
    Flag { call, names, has_value, kind }
}

const AUDIT: &[&str] = &["npm|pnpm|yarn|audit-ci|better-npm-audit", "audit|audit-ci|better-npm-audit"];
const GO_TEST: &[&str] = &["go|gotestsum", "test|gotestsum"];
const JS: &[&str] = &["vitest|vitest.mjs|jest|jest.js|mocha|playwright|cypress"];

const FLAGS: &[Flag] = &[
    flag(&["gitleaks"], &["-b", "--baseline-path"], true, "gitleaks-baseline"),
    flag(&["gitleaks"], &["-i", "--gitleaks-ignore-path"], true, "gitleaks-ignore-path"),
    flag(&["gitleaks"], &["--max-target-megabytes"], true, "gitleaks-size-limit"),
    flag(&["gitleaks"], &["--enable-rule"], true, "gitleaks-rules"),
    flag(&["gitleaks"], &["--log-opts"], true, "gitleaks-partial"),
    flag(&["gitleaks"], &["--staged", "--pre-commit"], false, "gitleaks-partial"),
    flag(AUDIT, &["--audit-level", "--level", "--severity"], true, "npm-audit-level"),
    flag(AUDIT, &["--moderate", "--high", "--critical"], false, "npm-audit-level"),
    flag(AUDIT, &["--omit", "--groups", "--environment"], true, "npm-audit-omit"),
    flag(AUDIT, &["--production", "--prod", "-P", "--dev", "-D", "--no-optional"], false, "npm-audit-omit"),
    flag(AUDIT, &["--ignore", "--exclude", "--allowlist", "-a"], true, "audit-ignored"),
    flag(GO_TEST, &["-run", "-skip", "-tags", "--run", "--skip", "--tags"], true, "go-test-selected"),
    flag(GO_TEST, &["-short", "--short", "-test.short"], false, "go-test-selected"),
    flag(JS, &["-t", "--testNamePattern", "--grep", "-g", "--grep-invert", "--exclude"], true, "js-test-selected"),
    flag(JS, &["--testPathIgnorePatterns", "--ignore", "--shard", "--changed"], true, "js-test-selected"),
    flag(JS, &["--passWithNoTests", "--allowOnly", "--invert", "--onlyChanged"], false, "js-test-selected"),
    flag(
        &["node|nodejs", "--test"],
        &["--test-name-pattern", "--test-skip-pattern", "--test-shard"],
        true,
        "js-test-selected",
    ),
    flag(&["eslint|eslint.js"], &["--ignore-pattern", "--max-warnings"], true, "eslint-flags"),
    flag(
        &["eslint|eslint.js"],
        &["--quiet", "--no-error-on-unmatched-pattern", "--pass-on-no-patterns"],
        false,
        "eslint-flags",
    ),
    flag(&["tsc|tsc.js|vue-tsc"], &["--skipLibCheck", "--skipDefaultLibCheck", "--noCheck"], false, "tsc-flags"),
    flag(
        &["golangci-lint"],
        &["--exclude", "-e", "--exclude-dirs", "--skip-dirs", "--skip-files"],
        true,
        "golangci-flags",
    ),
    flag(
        &["golangci-lint"],
        &["-D", "--disable", "--new-from-rev", "--issues-exit-code", "--new-from-merge-base"],
        true,
        "golangci-flags",
    ),
    flag(&["golangci-lint"], &["-n", "--new", "--disable-all"], false, "golangci-flags"),
    flag(&["gosec"], &["-exclude", "-exclude-dir", "-severity", "-confidence", "-exclude-rules"], true, "gosec-flags"),
    flag(&["gosec"], &["-no-fail", "-exclude-generated"], false, "gosec-flags"),
    flag(
        &["trivy"],
        &["--severity", "--skip-dirs", "--skip-files", "--ignorefile", "--ignore-status"],
        true,
        "trivy-flags",
    ),
    flag(&["trivy"], &["--ignore-unfixed"], false, "trivy-flags"),
    flag(&["pytest|python|python3"], &["-k", "--deselect", "--ignore", "--ignore-glob"], true, "pytest-skip"),
    flag(&["git|husky"], &["--no-verify"], false, "command-flag"),
    flag(&["semgrep"], &["--exclude", "--exclude-rule", "--severity"], true, "nosemgrep"),
    flag(&["osv-scanner"], &["--config"], true, "osv-ignored"),
];

/// Lists what the line of a command leaves out; `at` names the command.
#[must_use]
pub fn of_command(at: &str, line: &str) -> Vec<Suppression> {
    let mut found = Vec::new();
    for words in commands(line) {
        for flag in FLAGS.iter().filter(|flag| flag.call.iter().all(|wanted| calls(&words, wanted))) {
            found.extend(written(flag, &words).map(|silences| entry(flag.kind, at, silences)));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Tells whether one of the words is among alternatives. Words behind `--` are the program's own.
fn calls(words: &[String], alternatives: &str) -> bool {
    words.iter().any(|word| alternatives.split('|').any(|wanted| base(word) == wanted))
}

/// Writes every use of a flag, as the line has it.
fn written<'a>(flag: &'a Flag, words: &'a [String]) -> impl Iterator<Item = String> + 'a {
    words.iter().enumerate().filter_map(move |(at, word)| {
        let name = flag.names.iter().find(|name| {
            word == *name || (flag.has_value && word.strip_prefix(**name).is_some_and(|rest| rest.starts_with('=')))
        })?;
        let next = words.get(at + 1).filter(|_| flag.has_value && word == name);
        Some(next.map_or_else(|| word.clone(), |value| format!("{word} {value}")))
    })
}

fn entry(kind: &str, at: &str, silences: String) -> Suppression {
    Suppression {
        kind: kind.to_owned(),
        at: at.to_owned(),
        line: 0,
        silences,
        reason: None,
        source: SuppressionSource::Line,
        silenced: Silenced::Undecided,
    }
}
