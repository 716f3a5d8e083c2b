//! The calls of known tools on a line, for those who want to know what a command works on.

use super::call::{self, Call};
use super::converts;
use rcrepro_model::plan::proof::{ProofRule, Tool};

/// One call of a known tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCall(Call);

/// Lists the calls of known tools on a line, less those that only render what another call found; where the plan names the
/// tool, that one.
#[must_use]
pub fn tool_calls(line: &str, rule: ProofRule) -> Vec<ToolCall> {
    match rule {
        ProofRule::ExitCode | ProofRule::Detect => {
            call::calls(line).into_iter().filter(|call| !converts(call)).map(ToolCall).collect()
        }
        ProofRule::Tool(tool) => vec![ToolCall(Call::forced(tool, line))],
    }
}

impl ToolCall {
    /// Names the tool.
    #[must_use]
    pub const fn tool(&self) -> Tool {
        self.0.tool
    }

    /// Returns the words behind the tool's name and subcommand.
    #[must_use]
    pub fn arguments(&self) -> &[String] {
        &self.0.arguments
    }

    /// Returns the variables that the line sets for it, in its order.
    #[must_use]
    pub fn assignments(&self) -> &[(String, String)] {
        &self.0.assignments
    }

    /// Returns the last value of a flag: `-x VALUE` or `-x=VALUE`.
    #[must_use]
    pub fn value(&self, flags: &[&str]) -> Option<&str> {
        self.0.value(flags)
    }

    /// Returns the path below the source's root of a file or folder that the call names, `` for the root; `None` when the folder
    /// that the call runs in cannot be told, or the path leads out of the source.
    #[must_use]
    pub fn below_source(&self, file: &str) -> Option<String> {
        let path = self.0.path(file)?;
        let below = path.strip_prefix("/work")?;
        if below.is_empty() { Some(String::new()) } else { below.strip_prefix('/').map(str::to_owned) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_below_the_source() {
        let call = &tool_calls("cd web && npx tsc --noEmit -p sub/tsconfig.json", ProofRule::Detect)[0];
        assert_eq!((call.tool(), call.value(&["-p"])), (Tool::Tsc, Some("sub/tsconfig.json")));
        assert_eq!(call.below_source("sub/tsconfig.json").as_deref(), Some("web/sub/tsconfig.json"));
        assert_eq!(call.below_source("..").as_deref(), Some(""));
        assert_eq!(call.below_source("../.."), None);
        assert_eq!(call.below_source("../../workshop"), None, "a folder of a like name");
        assert!(tool_calls("make test", ProofRule::Detect).is_empty());
        assert_eq!(tool_calls("make test", ProofRule::Tool(Tool::GoTest))[0].tool(), Tool::GoTest);
        assert!(tool_calls("govulncheck -mode convert < scan.json", ProofRule::ExitCode).is_empty(), "no scan");
    }
}
