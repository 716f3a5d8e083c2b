//! The plan's `[[risks]]`: what stays open when a release goes out.

use std::collections::BTreeSet;

use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use super::source::{PlanError, Source};
use rcrepro_model::content::name::Name;
use rcrepro_model::decision::risk::Risk;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RiskWire {
    id: Spanned<String>,
    says: Spanned<String>,
    class: Spanned<String>,
    owner: Option<Spanned<String>>,
    accepted_until: Option<Spanned<Datetime>>,
}

impl Source<'_> {
    /// Checks the risks, in the order of the plan.
    pub(super) fn risks(&self, wires: &[RiskWire]) -> Result<Vec<Risk>, PlanError> {
        let mut ids: BTreeSet<Name> = BTreeSet::new();
        let mut risks = Vec::new();
        for wire in wires {
            let risk = Risk {
                id: self.parse(&wire.id)?,
                says: self.said("says", &wire.says)?,
                class: self.parse(&wire.class)?,
                owner: wire.owner.as_ref().map(|owner| self.said("owner", owner)).transpose()?,
                accepted_until: wire.accepted_until.as_ref().map(|day| self.day("accepted-until", day)).transpose()?,
            };
            if !ids.insert(risk.id.clone()) {
                return Err(self.error(wire.id.span(), format!("risk `{}` appears twice in the plan", risk.id), None));
            }
            if let (Some(day), None) = (&wire.accepted_until, &risk.owner) {
                let hint = "say who accepts it: owner = \"…\"".to_owned();
                let message = format!("risk `{}` is accepted until a day, but has no `owner`", risk.id);
                return Err(self.error(day.span(), message, Some(hint)));
            }
            risks.push(risk);
        }
        Ok(risks)
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use rcrepro_model::decision::risk::RiskClass;

    const PLAN: &str = r#"version = 1
name = "beacon"

[images.go]
build = "images/go.toml"

[[sets.backend]]
id = "go-build"
run = "go build ./..."
image = "go"

[packets.RC-05]
title = "Replay"
sets = ["backend"]

[[risks]]
id = "tags"
says = "Images are pinned by tag."
class = "P1"
owner = "ada"
accepted-until = 2026-12-31

[[risks]]
id = "restart"
says = "Alerts do not survive a restart."
class = "P2"
"#;

    #[test]
    fn risks_are_kept_in_order() {
        let risks = parse(PLAN, &[]).expect("a good plan").risks;
        assert_eq!(
            risks.iter().map(|risk| (risk.id.as_str(), risk.class)).collect::<Vec<_>>(),
            [("tags", RiskClass::P1), ("restart", RiskClass::P2)]
        );
        assert_eq!(risks[0].accepted_until.map(|day| day.to_string()).as_deref(), Some("2026-12-31"));
        assert_eq!((risks[1].owner.as_deref(), risks[1].accepted_until), (None, None));
    }

    #[test]
    fn mistakes_have_a_place() {
        for (from, to, expected) in [
            ("\"P1\"", "\"P4\"", "19:9: invalid risk class `P4`: expected P0, P1, P2 or P3"),
            ("\"P1\"", "\"low\"", "19:9: invalid risk class `low`"),
            ("owner = \"ada\"\n", "", "20:18: risk `tags` is accepted until a day, but has no `owner`"),
            ("\"ada\"", "\" \"", "20:9: `owner` is empty"),
            ("\"Images are pinned by tag.\"", "\"\"", "18:8: `says` is empty"),
            ("2026-12-31", "\"accepted\"", "21:18: "),
            ("\"restart\"", "\"tags\"", "24:6: risk `tags` appears twice"),
            ("class = \"P1\"\n", "", "16:1: missing field `class`"),
        ] {
            let error = parse(&PLAN.replacen(from, to, 1), &[]).expect_err(to);
            assert!(error.to_string().starts_with(expected), "{to}: {error}");
        }
    }
}
