//! The plan's rules for flakes: how often a command is run again, and which commands are in quarantine.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use super::commands::CommandWire;
use super::source::{PlanError, Source};
use rcrepro_model::content::name::Name;
use rcrepro_model::plan::CommandSpec;
use rcrepro_model::plan::quarantine::Quarantine;

/// The most retries of a command: what needs more is broken.
const MOST_RETRIES: u32 = 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QuarantineWire {
    command: Spanned<String>,
    reason: Spanned<String>,
    owner: Spanned<String>,
    expires: Spanned<Datetime>,
}

impl Source<'_> {
    /// Takes the key `retries` of a command.
    pub(super) fn retries(&self, wire: &CommandWire) -> Result<u32, PlanError> {
        let Some(number) = &wire.retries else { return Ok(0) };
        let retries = u32::try_from(*number.as_ref()).ok().filter(|retries| *retries <= MOST_RETRIES);
        retries.ok_or_else(|| {
            let message = format!("`retries` is {}: expected 0 to {MOST_RETRIES}", number.as_ref());
            self.error(number.span(), message, None)
        })
    }

    /// Checks the entries of `[[quarantine]]`, in the order of the plan.
    pub(super) fn quarantine(
        &self,
        wires: &[QuarantineWire],
        sets: &BTreeMap<Name, Vec<CommandSpec>>,
    ) -> Result<Vec<Quarantine>, PlanError> {
        let known: BTreeSet<&Name> = sets.values().flatten().map(|spec| &spec.id).collect();
        let entry = |wire: &QuarantineWire| {
            Ok(Quarantine {
                command: self.reference("command", &wire.command, &known)?,
                reason: self.said("reason", &wire.reason)?,
                owner: self.said("owner", &wire.owner)?,
                expires: self.day("expires", &wire.expires)?,
            })
        };
        wires.iter().map(entry).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    const PLAN: &str = r#"version = 1
name = "p"
[images.i]
build = "x"
[[sets.all]]
id = "e2e"
run = "make e2e"
image = "i"
retries = 2
[packets.RC-05]
title = "t"
sets = ["all"]
[[quarantine]]
command = "e2e"
reason = "races"
owner = "ada"
expires = 2026-12-31
"#;

    #[test]
    fn retries_and_quarantine_are_kept() {
        let plan = parse(PLAN, &[]).expect("a good plan");
        assert_eq!(plan.sets.values().flatten().map(|spec| spec.retries).collect::<Vec<_>>(), [2]);
        let entry = &plan.quarantine[0];
        assert_eq!((entry.command.as_str(), entry.expires.to_string().as_str()), ("e2e", "2026-12-31"));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (from, to, expected) in [
            ("retries = 2", "retries = 11", "9:11: `retries` is 11: expected 0 to 10"),
            ("retries = 2", "retries = -1", "9:11: `retries` is -1: expected 0 to 10"),
            ("command = \"e2e\"", "command = \"e3e\"", "14:11: there is no command `e3e`"),
            ("\"races\"", "\"\"", "15:10: `reason` is empty"),
            ("\"ada\"", "\"\"", "16:9: `owner` is empty"),
            ("expires = 2026-12-31", "", "13:1: missing field `expires`"),
        ] {
            let error = parse(&PLAN.replacen(from, to, 1), &[]).expect_err(to);
            assert!(error.to_string().starts_with(expected), "{to}: {error}");
        }
    }
}
