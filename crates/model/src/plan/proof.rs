//! How a plan has a command's work proven: found from the line, forced, or by the exit code alone.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// A tool whose output tells whether it worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tool {
    /// `eslint`.
    Eslint,
    /// `gitleaks`, in any of its modes.
    Gitleaks,
    /// `go build` and `go install`.
    GoBuild,
    /// `go test`.
    GoTest,
    /// `go vet`.
    GoVet,
    /// `govulncheck`.
    Govulncheck,
    /// `jest`.
    Jest,
    /// Anything that writes JUnit XML to its standard output.
    Junit,
    /// `node --test`.
    NodeTest,
    /// `npm audit`.
    NpmAudit,
    /// `npm ci`.
    NpmCi,
    /// `pnpm audit`.
    PnpmAudit,
    /// Anything that writes TAP to its standard output.
    Tap,
    /// `tsc`.
    Tsc,
    /// `vitest`.
    Vitest,
    /// `yarn audit` of yarn 1.
    YarnAudit,
}

impl Tool {
    /// Every tool, sorted by name.
    pub const ALL: [Self; 16] = [
        Self::Eslint,
        Self::Gitleaks,
        Self::GoBuild,
        Self::GoTest,
        Self::GoVet,
        Self::Govulncheck,
        Self::Jest,
        Self::Junit,
        Self::NodeTest,
        Self::NpmAudit,
        Self::NpmCi,
        Self::PnpmAudit,
        Self::Tap,
        Self::Tsc,
        Self::Vitest,
        Self::YarnAudit,
    ];

    /// Returns the name that plans and reports use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eslint => "eslint",
            Self::Gitleaks => "gitleaks",
            Self::GoBuild => "go-build",
            Self::GoTest => "go-test",
            Self::GoVet => "go-vet",
            Self::Govulncheck => "govulncheck",
            Self::Jest => "jest",
            Self::Junit => "junit",
            Self::NodeTest => "node-test",
            Self::NpmAudit => "npm-audit",
            Self::NpmCi => "npm-ci",
            Self::PnpmAudit => "pnpm-audit",
            Self::Tap => "tap",
            Self::Tsc => "tsc",
            Self::Vitest => "vitest",
            Self::YarnAudit => "yarn-audit",
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something that limits what a pass says: a module that a scanner skips, a comment that
/// silences it, a flag that lets failures through.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Condition {
    /// The id, as waivers name it: `conditions/gitleaks-allow-comment:config/dev.yaml`.
    pub id: String,
    /// What it is, in a line.
    pub says: String,
    /// Whether it silences nothing any more, such as an entry about a file that is gone: it is told, and no condition.
    pub idle: bool,
}

impl Condition {
    /// Makes a condition; `about` may be empty.
    #[must_use]
    pub fn new(name: &str, about: &str, says: impl Into<String>) -> Self {
        let about = if about.is_empty() { String::new() } else { format!(":{about}") };
        Self { id: format!("conditions/{name}{about}"), says: says.into(), idle: false }
    }

    /// Marks that it silences nothing any more.
    #[must_use]
    pub fn idle(self) -> Self {
        Self { idle: true, ..self }
    }
}

impl fmt::Display for Condition {
    /// Writes `condition: …`, or `note: …` for one that silences nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", if self.idle { "note" } else { "condition" }, self.says, self.id)
    }
}

/// How the proof of a command's work is found: a plan's key `proof`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ProofRule {
    /// The tools are read off the line; a line without a known one is unproven.
    #[default]
    Detect,
    /// The exit code is all the proof that there is, and the plan says so.
    ExitCode,
    /// The streams are those of this tool, whatever the line says.
    Tool(Tool),
}

/// The error for a text that is not a valid proof rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no proof `{found}`")]
pub struct ProofRuleError {
    /// The text that was found.
    pub found: String,
}

impl FromStr for ProofRule {
    type Err = ProofRuleError;

    fn from_str(text: &str) -> Result<Self, ProofRuleError> {
        if text == EXIT_CODE {
            return Ok(Self::ExitCode);
        }
        let tool = Tool::ALL.into_iter().find(|tool| tool.as_str() == text);
        tool.map(Self::Tool).ok_or_else(|| ProofRuleError { found: text.to_owned() })
    }
}

impl ProofRule {
    /// Lists what a plan may write, for hints.
    #[must_use]
    pub fn known() -> String {
        let names = Tool::ALL.into_iter().map(Tool::as_str).chain([EXIT_CODE]);
        names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    }
}

const EXIT_CODE: &str = "exit-code";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_one_name() {
        assert!(Tool::ALL.windows(2).all(|pair| pair[0].as_str() < pair[1].as_str()));
        for tool in Tool::ALL {
            assert_eq!(tool.as_str().parse(), Ok(ProofRule::Tool(tool)));
        }
        assert_eq!("exit-code".parse(), Ok(ProofRule::ExitCode));
        assert!("go test".parse::<ProofRule>().is_err());
        assert!(ProofRule::known().ends_with("`yarn-audit`, `exit-code`"));
    }
}
