//! Comments and calls in the code itself: `//nolint`, `eslint-disable`, `@ts-ignore`, `t.Skip`, `it.skip` and the like.
//!
//! One pass of a regular expression per file finds the words. Whether a tool would heed one is said by what it is in, where a lexer
//! knows the language, and by what is around it, a thousand bytes at most. So the time is linear in the text, whatever it holds.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::language::{Language, is_set_aside};
use super::part::Part;
use super::parts::Parts;
use super::skipped_tests as tests;
use super::word::Word;
use crate::found::FoundSuppression;

/// How many bytes around a word are looked at.
const AROUND: usize = 1000;

fn words(language: Language) -> &'static Regex {
    static GO: LazyLock<Regex> = LazyLock::new(|| {
        compiled(
            r"gitleaks:allow|nosemgrep|nolint|#nosec|# nosec|//lint:(?:file-)?ignore|\.[ \t]*Skip(?:f|Now)?[ \t]*\(|\nfunc |//go:build ",
        )
    });
    static JAVASCRIPT: LazyLock<Regex> = LazyLock::new(|| {
        compiled(concat!(
            r"gitleaks:allow|nosemgrep|(?:eslint|oxlint)-disable(?:-next-line|-line)?|@ts-(?:ignore|expect-error|nocheck)|biome-ignore|",
            r"stylelint-disable(?:-next-line|-line)?|(?:istanbul|c8|v8) ignore|\.(?:skip|skipIf|todo|only|fixme)\b|\bx(?:it|describe|test)\("
        ))
    });
    static PYTHON: LazyLock<Regex> = LazyLock::new(|| {
        compiled(
            r"gitleaks:allow|nosemgrep|# ?nosec|# ?noqa|# ?type: ?ignore|pytest\.mark\.(?:skipif|skip|xfail)|unittest\.skip(?:If|Unless)?",
        )
    });
    static OTHER: LazyLock<Regex> = LazyLock::new(|| {
        compiled(concat!(
            r"gitleaks:allow|nosemgrep|shellcheck disable|hadolint (?:global )?ignore|stylelint-disable(?:-next-line|-line)?|",
            r"trivy:ignore|tfsec:ignore|#\[ignore|eslint-disable(?:-next-line|-line)?"
        ))
    });
    match language {
        Language::Go => &GO,
        Language::JavaScript => &JAVASCRIPT,
        Language::Python => &PYTHON,
        Language::Other => &OTHER,
    }
}

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a constant pattern")
}

/// How many bytes tell whether a file is binary, as git does it.
const SNIFF: usize = 8000;

/// Finds the suppressions in a file.
pub fn found(path: &str, bytes: &[u8]) -> Vec<FoundSuppression> {
    let language = Language::of(path);
    let end_of_line =
        |from: usize| bytes[from..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| from + at);
    // In files that are not code, only gitleaks looks for its marker.
    let is_data = language == Language::Other && bytes[..bytes.len().min(SNIFF)].contains(&0);
    let (mut found, mut function) = (Vec::new(), String::new());
    let mut parts: Option<Parts<'_>> = None;
    // The bounds of a line are looked for once, however many words are on it.
    let (mut line, mut first, mut last) = (1u32, 0, end_of_line(0));
    for hit in words(language).find_iter(bytes) {
        let start = if bytes[hit.start()] == b'\n' { hit.start() + 1 } else { hit.start() };
        while start > last {
            line = line.saturating_add(1);
            first = last + 1;
            last = end_of_line(first);
        }
        let place = parts.get_or_insert_with(|| Parts::of(language, path, bytes)).at(start);
        let low = first.max(start.saturating_sub(AROUND));
        let end = if place.part == Part::Comment { last.min(place.end) } else { last };
        let high = end.min(hit.end() + AROUND).max(hit.end());
        let text = |from: usize, to: usize| String::from_utf8_lossy(&bytes[from..to]);
        let (before, word, after) = (text(low, start), text(start, hit.end()), text(hit.end(), high));
        if &*word == "func " {
            function = if place.part == Part::Text { function } else { name_of(&after).to_owned() };
            continue;
        }
        if is_data && &*word != "gitleaks:allow" {
            continue;
        }
        // The lines of a comment that began above may each begin with a mark.
        let is_first = place.is_first || (place.start < first && matches!(before.trim_start().trim_end(), "" | "*"));
        let (part, before, word, after) = (place.part, &*before, &*word, &*after);
        let word = Word { path, language, line, part, is_first, before, word, after, function: &function };
        found.extend(suppression(&word));
    }
    found
}

/// Returns the name at the front of what is behind `func `.
fn name_of(after: &str) -> &str {
    // A receiver comes first.
    let after = after.strip_prefix('(').and_then(|after| after.split_once(") ")).map_or(after, |(_, name)| name);
    let end = after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(after.len());
    &after[..end]
}

fn suppression(word: &Word<'_>) -> Option<FoundSuppression> {
    // gitleaks looks for its word anywhere, in every file.
    if word.word == "gitleaks:allow" {
        return Some(
            FoundSuppression::new("gitleaks-allow-comment", word.line, "the secrets on its line")
                .because(Some(word.after)),
        );
    }
    // In a text it is what a program writes.
    if is_set_aside(word.path) || word.part == Part::Text {
        return None;
    }
    match word.language {
        Language::Go => go(word),
        Language::JavaScript => javascript(word),
        Language::Python => python(word),
        Language::Other => other(word),
    }
}

fn go(word: &Word<'_>) -> Option<FoundSuppression> {
    match word.word {
        "nolint" if begins_comment(word) => {
            let (rules, rest) = word.after.split_once("//").unwrap_or((word.after, ""));
            let rules = match rules.strip_prefix(':') {
                Some(rules) => rules.split_whitespace().next().unwrap_or_default(),
                None if rules.trim().is_empty() => "",
                None => return None,
            };
            let rules = if rules.is_empty() { "all" } else { rules };
            Some(FoundSuppression::new("nolint", word.line, rules).because(Some(rest)))
        }
        "#nosec" | "# nosec" if is_commented(word) => Some(nosec(word)),
        lint if lint.starts_with("//lint:") && word.part != Part::Code => {
            let mut parts = word.after.trim_start().splitn(2, char::is_whitespace);
            let checks = parts.next().filter(|checks| !checks.is_empty())?;
            let silences =
                if lint.contains("file-") { format!("{checks}, in the whole file") } else { checks.to_owned() };
            Some(FoundSuppression::new("lint-ignore", word.line, &silences).because(parts.next()))
        }
        "nosemgrep" if is_commented(word) => Some(nosemgrep(word)),
        "//go:build " if word.before.is_empty() && word.path.ends_with("_test.go") => tests::build_tag(word),
        skip if skip.starts_with('.') => tests::go_skip(word),
        _ => None,
    }
}

fn nosec(word: &Word<'_>) -> FoundSuppression {
    let (rules, reason) = word.after.split_once("--").unwrap_or((word.after, ""));
    let is_rule = |text: &&str| text.starts_with(['G', 'B']) && text[1..].chars().all(|c| c.is_ascii_digit());
    let words = rules.trim_start_matches(':').split([' ', ',']).filter(|rule| !rule.is_empty());
    let rules: Vec<&str> = words.take_while(is_rule).filter(|rule| rule.len() > 1).collect();
    let silences = if rules.is_empty() { "all".to_owned() } else { rules.join(" ") };
    FoundSuppression::new("nosec", word.line, &silences).because(Some(reason))
}

fn nosemgrep(word: &Word<'_>) -> FoundSuppression {
    let rules = word.after.strip_prefix(':').map(str::trim).filter(|rules| !rules.is_empty());
    FoundSuppression::new("nosemgrep", word.line, rules.unwrap_or("all"))
}

/// Tells whether the word is in a comment; where nothing says so, in one that begins on its line, or in the middle of a longer one.
fn is_commented(word: &Word<'_>) -> bool {
    if word.part != Part::Unknown {
        return word.part == Part::Comment;
    }
    let before = word.before.trim_start();
    before.starts_with('*')
        || before.starts_with('#')
        || ["//", "/*", "<!--", " #"].iter().any(|o| word.before.contains(o))
}

/// Tells whether the word comes first in its comment, as linters want it.
fn begins_comment(word: &Word<'_>) -> bool {
    if word.part != Part::Unknown {
        return word.part == Part::Comment && word.is_first;
    }
    let before = word.before.trim_end();
    let before = before.strip_suffix("global").map_or(before, str::trim_end);
    ["//", "/*", "/**", "<!--", "#"].iter().any(|open| before.ends_with(open)) || before.trim_start() == "*"
}

/// Takes what is behind a directive apart: the rules, and the reason behind `--`; the comment's end is left out.
fn rules_and_reason<'a>(after: &'a str, mark: &str) -> (&'a str, Option<&'a str>) {
    let after = after.split("*/").next().unwrap_or_default().split("-->").next().unwrap_or_default();
    match after.split_once(mark) {
        Some((rules, reason)) => (rules.trim(), Some(reason)),
        None => (after.trim(), None),
    }
}

fn directive(kind: &'static str, word: &Word<'_>, mark: &str) -> Option<FoundSuppression> {
    if !begins_comment(word) || word.after.starts_with(|c: char| c.is_alphanumeric() || c == '-') {
        return None;
    }
    let (rules, reason) = rules_and_reason(word.after, mark);
    let rules = rules.trim_start_matches([':', '=']).trim();
    let rules = if rules.is_empty() { "all" } else { rules };
    // A directive for what follows, for its line, or for the next one silences something else.
    let silences = match word.word.split_once("disable") {
        Some((_, scope)) if !scope.is_empty() => format!("{rules} ({})", scope.trim_start_matches('-')),
        _ => rules.to_owned(),
    };
    Some(FoundSuppression::new(kind, word.line, &silences).because(reason))
}

fn javascript(word: &Word<'_>) -> Option<FoundSuppression> {
    // Within a template it is what a program writes.
    if word.part == Part::Unknown && word.before.matches('`').count() % 2 == 1 {
        return None;
    }
    match word.word {
        "nosemgrep" if is_commented(word) => Some(nosemgrep(word)),
        "biome-ignore" if begins_comment(word) => {
            let (rules, reason) = rules_and_reason(word.after, ":");
            Some(FoundSuppression::new("biome-ignore", word.line, rules).because(reason))
        }
        name if name.starts_with("@ts-") => {
            let first = if name == "@ts-nocheck" { word.before.trim().len() <= 4 } else { true };
            let found = FoundSuppression::new("ts-comment", word.line, name)
                .because(Some(rules_and_reason(word.after, "\0").0));
            // TypeScript fails where nothing is expected any more.
            let found = if name == "@ts-expect-error" { found.in_use() } else { found };
            (begins_comment(word) && first).then_some(found)
        }
        name if name.ends_with(" ignore") => {
            let (rest, _) = rules_and_reason(word.after, "\0");
            let (what, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            begins_comment(word)
                .then(|| FoundSuppression::new("coverage-ignore", word.line, what).because(Some(reason)))
        }
        name if name.starts_with("stylelint") => directive("stylelint-disable", word, "--"),
        name if name.contains("lint-disable") => directive("eslint-disable", word, "--"),
        _ => tests::javascript(word),
    }
}

fn python(word: &Word<'_>) -> Option<FoundSuppression> {
    let codes = || word.after.trim_start_matches(':').trim().split("  ").next().unwrap_or_default().to_owned();
    let all = |codes: String| if codes.is_empty() { "all".to_owned() } else { codes };
    match word.word {
        "nosemgrep" if is_commented(word) => Some(nosemgrep(word)),
        name if name.ends_with("nosec") => Some(nosec(word)),
        name if name.ends_with("noqa") => Some(FoundSuppression::new("python-noqa", word.line, &all(codes()))),
        name if name.ends_with("ignore") => {
            let codes = word.after.strip_prefix('[').and_then(|after| after.split_once(']')).map(|(codes, _)| codes);
            Some(FoundSuppression::new("python-type-ignore", word.line, codes.unwrap_or("all")))
        }
        name if word.before.trim_start().starts_with('@') => {
            let reason = word.after.split_once("reason=").map_or(word.after, |(_, reason)| reason);
            let reason = tests::first_text(reason);
            Some(FoundSuppression::new("pytest-skip", word.line, name).because(reason.as_deref()))
        }
        _ => None,
    }
}

fn other(word: &Word<'_>) -> Option<FoundSuppression> {
    let kind = match word.word {
        "nosemgrep" => return is_commented(word).then(|| nosemgrep(word)),
        "#[ignore" if word.path.ends_with(".rs") && word.before.trim().is_empty() => {
            let reason = tests::first_text(word.after);
            return Some(FoundSuppression::new("rust-ignore", word.line, "the next test").because(reason.as_deref()));
        }
        "shellcheck disable" => "shellcheck-disable",
        "hadolint ignore" | "hadolint global ignore" => "hadolint-ignore",
        "trivy:ignore" | "tfsec:ignore" => "trivy-ignored",
        name if name.starts_with("stylelint") => "stylelint-disable",
        _ if super::language::holds_scripts(word.path) => "eslint-disable",
        _ => return None,
    };
    directive(kind, word, if kind == "shellcheck-disable" { "#" } else { "--" })
}
