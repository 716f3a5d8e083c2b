//! The document that mocha's json reporter writes: `stats`, and `tests` of which `passes`, `failures` and `pending` are parts.

use super::report::{TestReport, TestVerdict, document};
use crate::campaign::json::Json;

/// Reads the document. Hooks that fail stand among the failures and not among the tests.
pub fn read(stdout: &str) -> Option<TestReport> {
    let json = document(stdout, "stats")?;
    let mut report = TestReport::default();
    for (list, verdict) in
        [("passes", TestVerdict::Passed), ("failures", TestVerdict::Failed), ("pending", TestVerdict::Skipped)]
    {
        for test in json.list(list) {
            report.add(&name(test), verdict);
        }
    }
    Some(report)
}

fn name(test: &Json) -> String {
    let title = test.text("fullTitle").or_else(|| test.text("title")).unwrap_or_default();
    let file = test.text("file").unwrap_or_default();
    format!("{} {title}", file.strip_prefix("/work/").unwrap_or(file)).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_and_failing_hooks_have_their_verdicts() {
        let text = r#"{
  "stats": {"suites": 1, "tests": 3, "passes": 1, "pending": 1, "failures": 1},
  "tests": [{"title": "a", "fullTitle": "s a"}],
  "pending": [{"title": "b", "fullTitle": "s b", "file": "/work/test/s.js"}],
  "failures": [{"title": "\"before each\" hook", "fullTitle": "s \"before each\" hook", "file": "/work/test/s.js"}],
  "passes": [{"title": "a", "fullTitle": "s a", "file": "/work/test/s.js"}]
}
"#;
        let report = read(text).unwrap();
        assert_eq!(report.tests["test/s.js s a"], TestVerdict::Passed);
        assert_eq!(report.tests["test/s.js s \"before each\" hook"], TestVerdict::Failed);
        assert_eq!(report.tests["test/s.js s b"], TestVerdict::Skipped);
        assert_eq!(read("Error: no files\n"), None);
    }
}
