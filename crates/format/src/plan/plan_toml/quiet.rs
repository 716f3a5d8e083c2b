//! How quiet a command must be, by its table: attempts at the network, the standard error, forbidden lines.

use serde::Deserialize;
use toml::Spanned;

use super::source::{PlanError, Source};
use rcrepro_model::execution::attempt::{AttemptRule, Quiet};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectWire {
    stderr: Option<Spanned<String>>,
}

impl Source<'_> {
    pub(super) fn quiet(
        &self,
        network: Option<&Spanned<String>>,
        expect: &ExpectWire,
        forbid: &[Spanned<String>],
    ) -> Result<Quiet, PlanError> {
        let rules = [AttemptRule::Allow, AttemptRule::Report, AttemptRule::Forbid].map(|rule| (rule.as_str(), rule));
        let network = network.map(|text| self.one_of("rule for attempts at the network", text, &rules)).transpose()?;
        let stderr = expect.stderr.as_ref();
        let stderr_empty = stderr.map(|text| self.one_of("expectation", text, &[("empty", true)])).transpose()?;
        let forbid = forbid.iter().map(|text| self.expression(text)).collect::<Result<_, _>>()?;
        Ok(Quiet { network: network.unwrap_or_default(), stderr_empty: stderr_empty.unwrap_or_default(), forbid })
    }

    /// Checks that a regular expression can be compiled and finds something: one that matches an empty line matches all, as a rule.
    fn expression(&self, text: &Spanned<String>) -> Result<String, PlanError> {
        let compiled = regex::bytes::Regex::new(text.as_ref()).map_err(|error| {
            let said = error.to_string();
            let said = said.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            self.error(text.span(), format!("bad regular expression: {said}"), None)
        })?;
        if compiled.is_match(b"") {
            let hint = Some("write what a line must hold to be forbidden, such as `(?i)warning`".to_owned());
            return Err(self.error(text.span(), format!("`{}` matches an empty line", text.as_ref()), hint));
        }
        Ok(text.as_ref().clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_model::plan::Plan;

    fn plan(more: &str) -> Result<Plan, PlanError> {
        let text = format!(
            "version = 1\nname = \"x\"\n[images.base]\nbuild = \"base.toml\"\n[packets.RC-04]\ntitle = \"x\"\nsets = [\"a\"]\n\
             [[sets.a]]\nid = \"c\"\nrun = \"true\"\nimage = \"base\"\n{more}\n"
        );
        crate::plan::plan_toml::parse(&text, &[])
    }

    fn quiet(more: &str) -> Quiet {
        let plan = plan(more).expect("a good plan");
        plan.sets.into_values().flatten().next().expect("a command").quiet
    }

    #[test]
    fn a_command_says_how_quiet_it_must_be() {
        assert_eq!(quiet(""), Quiet::default());
        assert_eq!(Quiet::default().network, AttemptRule::Report);
        let wanted = quiet(
            "network-attempts = \"forbid\"\nexpect.stderr = \"empty\"\nforbid = [\"(?i)warning\", '^\\[vitest\\]']",
        );
        assert_eq!((wanted.network, wanted.stderr_empty, wanted.forbid.len()), (AttemptRule::Forbid, true, 2));
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        for (more, message) in [
            ("network-attempts = \"never\"", "there is no rule for attempts at the network `never`"),
            ("expect.stderr = \"quiet\"", "there is no expectation `quiet`"),
            ("forbid = [\"(\"]", "bad regular expression: unclosed group"),
            ("forbid = [\"x*\"]", "`x*` matches an empty line"),
        ] {
            let error = plan(more).expect_err("a mistake");
            assert_eq!((error.line, error.message.as_str()), (12, message), "{error}");
        }
        assert!(plan("expect.stdout = \"empty\"").is_err());
    }
}
