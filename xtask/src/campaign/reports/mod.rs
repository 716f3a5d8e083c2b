//! What test tools report: the verdict of each test by its name, in one run.

mod go;
mod jest;
mod mocha;
mod tap;

use std::collections::BTreeMap;

/// What a run says of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    Passed,
    /// Also: began and never ended.
    Failed,
    Skipped,
}

/// What one run reports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The verdict of each test.
    pub tests: BTreeMap<String, Verdict>,
    /// The verdict of each package or file as a whole: it fails for reasons that no test has, such as a panic on the way out.
    pub wholes: BTreeMap<String, Verdict>,
}

impl Report {
    /// Adds a test. Tools let two tests of a file have one name; the second is told from the first by its number.
    fn add(&mut self, name: &str, verdict: Verdict) {
        let numbered = (2..).map(|number| format!("{name} #{number}"));
        let free = std::iter::once(name.to_owned()).chain(numbered).find(|name| !self.tests.contains_key(name));
        self.tests.extend(free.map(|name| (name, verdict)));
    }

    /// How many tests were executed: skipped ones were not.
    pub fn executed(&self) -> usize {
        self.tests.values().filter(|verdict| **verdict != Verdict::Skipped).count()
    }
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Events of `go test -json`.
    Go,
    /// `jest --json` and `vitest --reporter=json`.
    Jest,
    /// `mocha --reporter json`.
    Mocha,
    /// The test anything protocol: `node --test`, `tap`, `ava --tap`.
    Tap,
}

impl Form {
    /// Finds a form by the name that a configuration has for it.
    pub fn named(name: &str) -> Option<Self> {
        [("go", Self::Go), ("jest", Self::Jest), ("mocha", Self::Mocha), ("tap", Self::Tap)]
            .into_iter()
            .find_map(|(known, form)| (known == name).then_some(form))
    }

    /// Whether a test is a part of another one that counts itself: Go's `TestX/case`.
    pub fn is_part(self, name: &str) -> bool {
        self == Self::Go && name.split_once(' ').is_some_and(|(_, test)| test.contains('/'))
    }

    /// Reads a report from a standard output; `None` when there is none in it.
    pub fn read(self, stdout: &str) -> Option<Report> {
        match self {
            Self::Go => go::read(stdout),
            Self::Jest => jest::read(stdout),
            Self::Mocha => mocha::read(stdout),
            Self::Tap => tap::read(stdout),
        }
    }
}

/// Finds the JSON document that has this member, between whatever tests print themselves.
fn document(stdout: &str, member: &str) -> Option<super::json::Json> {
    let starts = std::iter::once(0).chain(stdout.match_indices('\n').map(|(at, _)| at + 1));
    let begins = starts.filter(|start| stdout[*start..].starts_with('{'));
    begins
        .filter_map(|start| super::json::Json::begin(&stdout[start..]))
        .map(|(json, _)| json)
        .find(|json| json.get(member).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_occur_twice_are_numbered() {
        let mut report = Report::default();
        for verdict in [Verdict::Passed, Verdict::Failed, Verdict::Skipped] {
            report.add("a", verdict);
        }
        let names: Vec<_> = report.tests.iter().map(|(name, verdict)| (name.as_str(), *verdict)).collect();
        assert_eq!(names, [("a", Verdict::Passed), ("a #2", Verdict::Failed), ("a #3", Verdict::Skipped)]);
        assert_eq!(report.executed(), 2);
    }

    #[test]
    fn documents_are_found_between_noise() {
        let noise = "starting\n{ not json\n{\"other\": 1}\n{\n \"stats\": {}}\nbye\n";
        assert!(document(noise, "stats").is_some());
        assert!(document(noise, "tests").is_none());
    }
}
