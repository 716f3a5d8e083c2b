//! Tests that do not run: skipped by a call, by a name, or by a build tag.

use super::part::Part;
use super::word::Word;
use crate::found::FoundSuppression;

/// Systems, machines and features that the go command sets by itself.
const KNOWN_TAGS: [&str; 38] = [
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "illumos",
    "ios",
    "js",
    "linux",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "wasip1",
    "windows",
    "386",
    "amd64",
    "arm",
    "arm64",
    "loong64",
    "mips",
    "mips64",
    "mips64le",
    "mipsle",
    "ppc64",
    "ppc64le",
    "riscv64",
    "s390x",
    "wasm",
    "unix",
    "cgo",
    "gc",
    "gccgo",
    "race",
    "msan",
    "asan",
    "ignore",
    "boringcrypto",
];

/// Reads `//go:build integration && !windows`: what asks for no tag of the project's own is left out.
pub(super) fn build_tag(word: &Word<'_>) -> Option<FoundSuppression> {
    let constraint = word.after.trim();
    let tags = constraint.split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '.' | '!'));
    let mut own = tags.filter(|tag| {
        let tag = tag.trim_start_matches('!');
        !tag.is_empty() && !KNOWN_TAGS.contains(&tag) && !tag.starts_with("go1")
    });
    own.any(|tag| !tag.starts_with('!')).then(|| FoundSuppression::new("go-test-tags", word.line, constraint))
}

/// Reads `t.Skip("reason")` in a test file.
pub(super) fn go_skip(word: &Word<'_>) -> Option<FoundSuppression> {
    let receiver = word.before.rsplit(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '.' | '(' | ')')).next()?;
    let last = receiver.rsplit('.').next().unwrap_or_default().trim_start_matches('(');
    let is_test = matches!(last, "t" | "b" | "f" | "tb" | "T()" | "TB" | "T");
    let looks_written = || word.before.contains("//") || word.before.contains('"') || word.before.contains('`');
    if !is_test || !is_code(word, looks_written) {
        return None;
    }
    // A helper of tests need not lie in a test file.
    let is_file = word.path.ends_with("_test.go") || word.path.contains("test");
    let silences = if word.function.is_empty() { "a test" } else { word.function };
    is_file
        .then(|| FoundSuppression::new("go-test-skips", word.line, silences).because(first_text(word.after).as_deref()))
}

/// Tells whether a word is a call and no text or comment about one; where nothing says so, by how its line looks.
fn is_code(word: &Word<'_>, looks_written: impl Fn() -> bool) -> bool {
    match word.part {
        Part::Code => true,
        Part::Comment | Part::Text => false,
        Part::Unknown => !looks_written(),
    }
}

/// Returns the first text in quotes within a call's arguments, as far as the line has it.
pub(super) fn first_text(text: &str) -> Option<String> {
    let (at, quote) = ['"', '\'', '`'].into_iter().filter_map(|quote| Some((text.find(quote)?, quote))).min()?;
    let rest = &text[at + 1..];
    Some(rest.split(quote).next().unwrap_or_default().to_owned())
}

/// The functions of test runners that take a modifier.
const RUNNERS: [&str; 8] = ["it", "test", "describe", "suite", "context", "specify", "bench", "Deno"];

/// Reads `it.skip(…)`, `test.describe.only(…)`, `xit(…)` and the like.
pub(super) fn javascript(word: &Word<'_>) -> Option<FoundSuppression> {
    let before = word.before;
    let looks_written =
        || before.trim_start().starts_with('*') || before.contains("//") || before.ends_with(['"', '\'']);
    if !is_code(word, looks_written) {
        return None;
    }
    let title = first_text(word.after);
    let about = title.as_deref().unwrap_or("a test");
    if word.word.starts_with('x') {
        if before.ends_with(['.', '$']) {
            return None;
        }
        return Some(FoundSuppression::new(
            "js-test-skip",
            word.line,
            &format!("{} {about}", word.word.trim_end_matches('(')),
        ));
    }
    let chain = before.rsplit(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '$' | '.')).next()?;
    let head = chain.split('.').next().unwrap_or_default();
    let calls = word.after.trim_start().starts_with(['(', '<', '`', '.']);
    if !RUNNERS.contains(&head) || !calls {
        return None;
    }
    let kind = match word.word {
        ".todo" => "js-test-todo",
        ".only" => "js-test-only",
        _ => "js-test-skip",
    };
    Some(FoundSuppression::new(kind, word.line, &format!("{chain}{} {about}", word.word)))
}
