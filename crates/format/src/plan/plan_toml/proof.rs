//! The key `proof` of a command: how its work is proven.

use super::commands::CommandWire;
use super::source::{PlanError, Source};
use rcrepro_model::plan::proof::ProofRule;

impl Source<'_> {
    /// Takes the key `proof`.
    pub(super) fn proof(&self, wire: &CommandWire) -> Result<ProofRule, PlanError> {
        let Some(text) = &wire.proof else { return Ok(ProofRule::default()) };
        let rule = text.as_ref().parse::<ProofRule>();
        rule.map_err(|error| self.error(text.span(), error, Some(format!("known: {}", ProofRule::known()))))
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use rcrepro_model::plan::proof::{ProofRule, Tool};

    fn rule(more: &str) -> Result<ProofRule, String> {
        let command = format!("[[sets.all]]\nid = \"a\"\nrun = \"make test\"\nimage = \"i\"\n{more}\n");
        let head = "version = 1\nname = \"p\"\n[images.i]\nbuild = \"x\"\n";
        let packet = "[packets.RC-05]\ntitle = \"t\"\nsets = [\"all\"]\n";
        let plan = parse(&format!("{head}{command}{packet}"), &[]);
        plan.map(|plan| plan.sets.values().flatten().next().expect("a command").proof)
            .map_err(|error| format!("{error}; {}", error.hint.as_deref().unwrap_or_default()))
    }

    #[test]
    fn a_plan_may_say_which_tool_it_was() {
        assert_eq!(rule(""), Ok(ProofRule::Detect));
        assert_eq!(rule("proof = \"go-test\""), Ok(ProofRule::Tool(Tool::GoTest)));
        assert_eq!(rule("proof = \"exit-code\""), Ok(ProofRule::ExitCode));
        let error = rule("proof = \"none\"").expect_err("no such rule");
        assert!(error.starts_with("9:9: there is no proof `none`; known: `eslint`, `gitleaks`, "), "{error}");
    }
}
