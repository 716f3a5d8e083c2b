//! What test tools report: the verdict of each test by its name, in one run.

mod go;
mod jest;
mod mocha;
mod report;
mod tap;

pub use report::{TestReport, TestVerdict};

/// How a test tool writes its report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportForm {
    /// Events of `go test -json`.
    Go,
    /// `jest --json` and `vitest --reporter=json`.
    Jest,
    /// `mocha --reporter json`.
    Mocha,
    /// The test anything protocol: `node --test`, `tap`, `ava --tap`.
    Tap,
}

impl ReportForm {
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
    pub fn read(self, stdout: &str) -> Option<TestReport> {
        match self {
            Self::Go => go::read(stdout),
            Self::Jest => jest::read(stdout),
            Self::Mocha => mocha::read(stdout),
            Self::Tap => tap::read(stdout),
        }
    }
}
