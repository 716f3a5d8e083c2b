//! What security scanners found: one form for all of them, in one order.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::decision::risk::RiskClass;
use crate::plan::proof::Tool;

/// One thing that a scanner found. The order of the fields is the order of findings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ScanFinding {
    /// Who found it.
    #[serde(serialize_with = "as_text")]
    pub tool: Tool,
    /// Its id, as the tool knows it: `GO-2026-0001`, `GHSA-…`, `FILE:RULE:LINE`.
    pub id: String,
    /// The module or package.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// The version in use, or the range of versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What mends it: a version, or `PACKAGE@VERSION`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed: Option<String>,
    /// How bad it is; none when the evidence does not say, and then it counts as one with which nothing should go out.
    pub class: Option<RiskClass>,
    /// The file that shows it, below the source's root; none when the evidence names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in that file, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// What it is, in a line.
    pub says: String,
}

fn as_text<S: Serializer>(tool: &Tool, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(tool.as_str())
}

/// The tools that scan for what should not go out.
pub const SCANNERS: [Tool; 3] = [Tool::Gitleaks, Tool::Govulncheck, Tool::NpmAudit];

impl ScanFinding {
    /// Returns the name by which plans claim or waive it: `govulncheck/GO-2026-0001`.
    #[must_use]
    pub fn name(&self) -> ScanFindingId {
        ScanFindingId { tool: self.tool, id: self.id.clone() }
    }

    /// Whether nothing should go out with it. A class that is not known counts as such.
    #[must_use]
    pub fn blocks(&self) -> bool {
        !self.class.is_some_and(RiskClass::may_stay)
    }

    /// Returns the class as reports write it: `security`, `dependency` and the like.
    #[must_use]
    pub fn class_word(&self) -> String {
        self.class.map_or_else(|| "unknown".to_owned(), |class| class.to_string())
    }

    /// Writes where it is: `FILE:LINE`, `FILE`, or nothing.
    #[must_use]
    pub fn place(&self) -> String {
        match (&self.file, self.line) {
            (Some(file), Some(line)) => format!("{file}:{line}"),
            (Some(file), None) => file.clone(),
            _ => String::new(),
        }
    }

    /// Writes what it is about: `MODULE VERSION`, or nothing.
    #[must_use]
    pub fn about(&self) -> String {
        [self.package.as_deref(), self.version.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// A finding's name: `TOOL/ID`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScanFindingId {
    /// Who finds it.
    pub tool: Tool,
    /// Its id, as the tool knows it.
    pub id: String,
}

impl fmt::Display for ScanFindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.tool, self.id)
    }
}

/// The error for a text that is not a valid finding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid finding name `{found}`: expected `gitleaks/`, `govulncheck/` or `npm-audit/` and an id, such as govulncheck/GO-2026-0001"
)]
pub struct FindingNameError {
    /// The text that was found.
    pub found: String,
}

impl std::str::FromStr for ScanFindingId {
    type Err = FindingNameError;

    fn from_str(text: &str) -> Result<Self, FindingNameError> {
        let error = || FindingNameError { found: text.to_owned() };
        let (tool, id) = text.split_once('/').ok_or_else(error)?;
        let tool = SCANNERS.into_iter().find(|known| known.as_str() == tool).ok_or_else(error)?;
        if id.trim().is_empty() { Err(error()) } else { Ok(Self { tool, id: id.to_owned() }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_named_by_tool_and_id() {
        for text in ["govulncheck/GO-2026-0001", "gitleaks/src/a.py:private-key:5"] {
            assert_eq!(text.parse::<ScanFindingId>().map(|name| name.to_string()), Ok(text.to_owned()));
        }
        for wrong in ["", "GO-2026-0001", "go-test/x", "govulncheck/", "govulncheck/ "] {
            assert!(wrong.parse::<ScanFindingId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_class_that_is_not_known_blocks() {
        let finding = |class| ScanFinding {
            tool: Tool::Govulncheck,
            id: "GO-2026-0001".into(),
            package: None,
            version: None,
            fixed: None,
            class,
            file: None,
            line: None,
            says: String::new(),
        };
        assert!(finding(None).blocks() && finding(Some(RiskClass::P1)).blocks());
        assert!(!finding(Some(RiskClass::P2)).blocks());
    }
}
