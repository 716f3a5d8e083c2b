//! What one run of a test tool reports, whatever the form.

use std::collections::BTreeMap;

use crate::campaign::json::Json;

/// How a test ended in one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TestVerdict {
    Passed,
    /// Also: began and never ended.
    Failed,
    Skipped,
}

/// What one run reports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TestReport {
    /// By the name that the tool gives a test, after that of its package or file.
    pub tests: BTreeMap<String, TestVerdict>,
    /// The verdict of each package or file as a whole: it fails for reasons that no test has, such as a panic on the way out.
    pub wholes: BTreeMap<String, TestVerdict>,
}

impl TestReport {
    /// Adds a test. Tools let two tests of a file have one name; the second is told from the first by its number.
    pub(super) fn add(&mut self, name: &str, verdict: TestVerdict) {
        let numbered = (2..).map(|number| format!("{name} #{number}"));
        let free = std::iter::once(name.to_owned()).chain(numbered).find(|name| !self.tests.contains_key(name));
        self.tests.extend(free.map(|name| (name, verdict)));
    }

    /// How many tests were executed: skipped ones were not.
    pub fn executed(&self) -> usize {
        self.tests.values().filter(|verdict| **verdict != TestVerdict::Skipped).count()
    }
}

/// Finds the JSON document that has this member, between whatever tests print themselves.
pub(super) fn document(stdout: &str, member: &str) -> Option<Json> {
    let starts = std::iter::once(0).chain(stdout.match_indices('\n').map(|(at, _)| at + 1));
    let begins = starts.filter(|start| stdout[*start..].starts_with('{'));
    begins
        .filter_map(|start| Json::begin(&stdout[start..]))
        .map(|(json, _)| json)
        .find(|json| json.get(member).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_occur_twice_are_numbered() {
        let mut report = TestReport::default();
        for verdict in [TestVerdict::Passed, TestVerdict::Failed, TestVerdict::Skipped] {
            report.add("a", verdict);
        }
        let names: Vec<_> = report.tests.iter().map(|(name, verdict)| (name.as_str(), *verdict)).collect();
        assert_eq!(names, [("a", TestVerdict::Passed), ("a #2", TestVerdict::Failed), ("a #3", TestVerdict::Skipped)]);
        assert_eq!(report.executed(), 2);
    }

    #[test]
    fn documents_are_found_between_noise() {
        let noise = "starting\n{ not json\n{\"other\": 1}\n{\n \"stats\": {}}\nbye\n";
        assert!(document(noise, "stats").is_some());
        assert!(document(noise, "tests").is_none());
    }
}
