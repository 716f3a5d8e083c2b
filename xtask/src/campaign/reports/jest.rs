//! The document that jest and vitest write: `testResults`, one per file, with `assertionResults`, one per test.

use super::report::{TestReport, TestVerdict, document};

/// Reads the document. A file whose tests could not be loaded has none, and fails as a whole.
pub fn read(stdout: &str) -> Option<TestReport> {
    let json = document(stdout, "testResults")?;
    let mut report = TestReport::default();
    for file in json.list("testResults") {
        let path = file.text("name").unwrap_or_default();
        // Sources are at /work in every container.
        let path = path.strip_prefix("/work/").unwrap_or(path);
        report.wholes.insert(path.to_owned(), verdict(file.text("status").unwrap_or_default()));
        for test in file.list("assertionResults") {
            let name = test.text("fullName").or_else(|| test.text("title")).unwrap_or_default().trim();
            report.add(&format!("{path} {name}"), verdict(test.text("status").unwrap_or_default()));
        }
    }
    Some(report)
}

fn verdict(status: &str) -> TestVerdict {
    match status {
        "passed" => TestVerdict::Passed,
        "pending" | "skipped" | "todo" | "disabled" | "focused" => TestVerdict::Skipped,
        _ => TestVerdict::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_tests_have_their_verdicts() {
        let text = r#"console noise
{"numTotalTests":4,"success":false,"testResults":[
 {"name":"/work/src/a.test.ts","status":"failed","assertionResults":[
  {"ancestorTitles":["add"],"fullName":" add works","status":"passed","title":"works"},
  {"fullName":"add works","status":"failed","title":"works"},
  {"fullName":"later","status":"todo","title":"later"}]},
 {"name":"/work/src/b.test.ts","status":"failed","message":"SyntaxError","assertionResults":[]}]}
"#;
        let report = read(text).unwrap();
        let tests: Vec<_> = report.tests.iter().map(|(name, verdict)| (name.as_str(), *verdict)).collect();
        let expected = [
            ("src/a.test.ts add works", TestVerdict::Passed),
            ("src/a.test.ts add works #2", TestVerdict::Failed),
            ("src/a.test.ts later", TestVerdict::Skipped),
        ];
        assert_eq!(tests, expected);
        assert_eq!(report.wholes["src/b.test.ts"], TestVerdict::Failed);
        assert_eq!(read("No tests found\n"), None);
    }
}
