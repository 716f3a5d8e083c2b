//! The test anything protocol, with subtests as indented blocks: a test's name is the path of names that leads to it.
//!
//! `node --test` and node-tap write `# Subtest: NAME` before a block and the block's own test point after it, so that names
//! are known in time. ava writes no blocks.

use super::report::{TestReport, TestVerdict};

/// Reads test points. Points of files and suites count as well: they fail when a part of them does, or alone.
pub fn read(stdout: &str) -> Option<TestReport> {
    let mut report = TestReport::default();
    let mut versioned = false;
    // The names of the blocks that are open, with the indentation at which their own point is.
    let mut open: Vec<(usize, String)> = Vec::new();
    // Diagnostics in YAML may hold anything, lines that look like points too.
    let mut diagnostics: Option<usize> = None;
    for line in stdout.lines() {
        let text = line.trim_start_matches(' ');
        let indent = line.len() - text.len();
        if let Some(at) = diagnostics {
            if text == "..." && indent == at {
                diagnostics = None;
            }
            continue;
        }
        versioned |= text.starts_with("TAP version ");
        if text == "---" {
            diagnostics = Some(indent);
        } else if let Some(name) = text.strip_prefix("# Subtest: ") {
            // node-tap writes the line inside of its block, node:test outside; both mean the block that follows.
            open.retain(|(at, _)| *at < indent);
            open.push((indent, plain(name)));
        } else if let Some((verdict, name)) = point(text) {
            open.retain(|(at, _)| *at < indent);
            let path: Vec<&str> = open.iter().map(|(_, name)| name.as_str()).chain([name.as_str()]).collect();
            report.add(&path.join(" > "), verdict);
        } else if text.starts_with("Bail out!") {
            report.wholes.insert("the run".to_owned(), TestVerdict::Failed);
        }
    }
    (versioned || !report.tests.is_empty()).then_some(report)
}

/// Reads `ok 3 - name # SKIP reason`.
fn point(text: &str) -> Option<(TestVerdict, String)> {
    let (passed, rest) = match text.strip_prefix("not ok") {
        Some(rest) => (false, rest),
        None => (true, text.strip_prefix("ok")?),
    };
    if !rest.is_empty() && !rest.starts_with(' ') {
        return None;
    }
    let rest = rest.trim_start().trim_start_matches(|letter: char| letter.is_ascii_digit()).trim_start();
    let rest = rest.strip_prefix("- ").unwrap_or(rest);
    let (name, directive) = rest.rsplit_once(" # ").unwrap_or((rest, ""));
    let directive = directive.trim_start().to_ascii_uppercase();
    let (name, verdict) = match directive {
        _ if directive.starts_with("SKIP") || directive.starts_with("TODO") => (name, TestVerdict::Skipped),
        _ if directive.starts_with("TIME=") => (name, if passed { TestVerdict::Passed } else { TestVerdict::Failed }),
        _ => (rest, if passed { TestVerdict::Passed } else { TestVerdict::Failed }),
    };
    Some((verdict, plain(name.strip_suffix(" {").unwrap_or(name))))
}

/// A name without the marks that keep it one, and without the time that node-tap writes behind it.
fn plain(name: &str) -> String {
    let name = name.split(" # time=").next().unwrap_or(name);
    name.replace("\\#", "#").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(report: &TestReport) -> Vec<(&str, TestVerdict)> {
        report.tests.iter().map(|(name, verdict)| (name.as_str(), *verdict)).collect()
    }

    #[test]
    fn subtests_are_named_by_their_path() {
        let text = "TAP version 13
# Subtest: suite
    # Subtest: one
    ok 1 - one
      ---
      duration_ms: 1
      not ok 9 - inside a diagnostic
      ...
    # Subtest: two
    not ok 2 - two
    ok 3 - three \\# four # SKIP no reason
    1..3
not ok 1 - suite
# Subtest: other
ok 2 - other # time=3.1ms
1..2
";
        let expected = [
            ("other", TestVerdict::Passed),
            ("suite", TestVerdict::Failed),
            ("suite > one", TestVerdict::Passed),
            ("suite > three # four", TestVerdict::Skipped),
            ("suite > two", TestVerdict::Failed),
        ];
        assert_eq!(names(&read(text).unwrap()), expected);
    }

    #[test]
    fn flat_points_and_failures_of_the_whole_are_read() {
        let report = read("TAP version 13\nok 1 - a \u{203a} b\nnot ok 2 - c # 1 of 2\nBail out! no more\n").unwrap();
        assert_eq!(names(&report), [("a \u{203a} b", TestVerdict::Passed), ("c # 1 of 2", TestVerdict::Failed)]);
        assert_eq!(report.wholes.len(), 1);
        assert_eq!(read("okay\nall fine\n"), None);
    }
}
