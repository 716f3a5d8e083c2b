//! The events of `go test -json`: one object per line, `Action`, `Package` and, for all but a package's own, `Test`.

use super::report::{TestReport, TestVerdict};
use crate::campaign::json::Json;

/// Reads the events; other lines (what the build says) are passed over.
pub fn read(stdout: &str) -> Option<TestReport> {
    let mut report = TestReport::default();
    let mut failed = Vec::new();
    for event in stdout.lines().filter(|line| line.starts_with('{')).filter_map(Json::read) {
        let (Some(action), Some(package)) = (event.text("Action"), event.text("Package")) else { continue };
        let verdict = match action {
            "pass" | "bench" => TestVerdict::Passed,
            // A test that begins counts as failed until it ends: a process that dies reports no end.
            "fail" | "run" | "start" => TestVerdict::Failed,
            "skip" => TestVerdict::Skipped,
            _ => continue,
        };
        if let (Some(test), "fail") = (event.text("Test"), action) {
            failed.push(format!("{package} {test}"));
        }
        match event.text("Test") {
            Some(test) => report.tests.insert(format!("{package} {test}"), verdict),
            None => report.wholes.insert(package.to_owned(), verdict),
        };
    }
    // With `-count` a test ends several times, and has failed when it failed once.
    report.tests.extend(failed.into_iter().map(|name| (name, TestVerdict::Failed)));
    (!report.wholes.is_empty()).then_some(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: &str = r#"go: downloading nothing
{"Time":"2026-01-01T00:00:00Z","Action":"start","Package":"x/a"}
{"Action":"run","Package":"x/a","Test":"TestOne"}
{"Action":"output","Package":"x/a","Test":"TestOne","Output":"=== RUN   TestOne\n"}
{"Action":"run","Package":"x/a","Test":"TestOne/sub case"}
{"Action":"pass","Package":"x/a","Test":"TestOne/sub case","Elapsed":0}
{"Action":"pass","Package":"x/a","Test":"TestOne","Elapsed":0}
{"Action":"run","Package":"x/a","Test":"TestTwo"}
{"Action":"skip","Package":"x/a","Test":"TestTwo","Elapsed":0}
{"Action":"run","Package":"x/a","Test":"TestTwice"}
{"Action":"fail","Package":"x/a","Test":"TestTwice","Elapsed":0}
{"Action":"run","Package":"x/a","Test":"TestTwice"}
{"Action":"pass","Package":"x/a","Test":"TestTwice","Elapsed":0}
{"Action":"run","Package":"x/a","Test":"TestHangs"}
{"Action":"fail","Package":"x/a","Elapsed":0.1}
{"ImportPath":"x/b","Action":"build-fail"}
{"Action":"start","Package":"x/b"}
{"Action":"fail","Package":"x/b","Elapsed":0,"FailedBuild":"x/b"}
{"Action":"start","Package":"x/c"}
{"Action":"skip","Package":"x/c","Elapsed":0}
"#;

    #[test]
    fn tests_and_packages_have_their_verdicts() {
        let report = read(EVENTS).unwrap();
        let tests: Vec<_> = report.tests.iter().map(|(name, verdict)| (name.as_str(), *verdict)).collect();
        let expected = [
            ("x/a TestHangs", TestVerdict::Failed),
            ("x/a TestOne", TestVerdict::Passed),
            ("x/a TestOne/sub case", TestVerdict::Passed),
            ("x/a TestTwice", TestVerdict::Failed),
            ("x/a TestTwo", TestVerdict::Skipped),
        ];
        assert_eq!(tests, expected);
        let wholes: Vec<_> = report.wholes.values().copied().collect();
        assert_eq!(wholes, [TestVerdict::Failed, TestVerdict::Failed, TestVerdict::Skipped]);
        assert_eq!(report.executed(), 4);
    }

    #[test]
    fn text_is_no_report() {
        assert_eq!(read("ok  \tx/a\t0.01s\n"), None);
        assert_eq!(read(""), None);
    }
}
