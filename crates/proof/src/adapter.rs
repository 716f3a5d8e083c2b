//! What proves the work of one tool, with a version and its rules in words.

use super::call::Call;
use crate::evidence::CommandEvidence;
use crate::outcome::Proof;
use rcrepro_model::plan::proof::Tool;

/// What proves the work of one tool.
#[derive(Clone, Copy)]
pub struct Adapter {
    /// The one whose output it reads.
    pub(super) tool: Tool,
    /// The version of the rules, counted from 1.
    pub(super) version: u32,
    /// What proves work, and what is hollow, in English.
    pub(super) rules: &'static str,
    /// Judges one call on a line that exited 0; the list holds the line's calls of the same tool, this one among them.
    pub(super) pass: fn(&Call, &[&Call], &CommandEvidence<'_>) -> Proof,
    /// What kept the tool from its work where the exit code is not 0, and is not a verdict.
    pub(super) failure: Option<fn(&Call, &CommandEvidence<'_>) -> Option<String>>,
}

impl Adapter {
    /// Returns the tool whose output it reads.
    #[must_use]
    pub const fn tool(&self) -> Tool {
        self.tool
    }

    /// The version of the rules; it rises with every change of an answer.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// What proves work, and what is hollow, in English.
    #[must_use]
    pub const fn rules(&self) -> &'static str {
        self.rules
    }

    pub(super) fn assess(&self, call: &Call, alike: &[&Call], evidence: &CommandEvidence<'_>) -> Proof {
        if call.only_asks() {
            let call = call.tool_words();
            return Proof::hollow(format!("`{call}` is asked for its help or version, and checks nothing"));
        }
        if call.redirected {
            let call = call.tool_words();
            return Proof::hollow(format!("the output of `{call}` goes elsewhere, so that nothing can be seen of it"));
        }
        (self.pass)(call, alike, evidence)
    }

    pub(super) fn failure(&self, call: &Call, evidence: &CommandEvidence<'_>) -> Option<String> {
        self.failure.and_then(|failure| failure(call, evidence))
    }
}

impl std::fmt::Debug for Adapter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.tool, self.version)
    }
}
