//! The plan's `[[waivers]]`: accepted findings.

use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use super::source::{PlanError, Source};
use rcrepro_model::advisory::waiver::{FindingPattern, Waiver};
use rcrepro_model::text::civil_date::CivilDate;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WaiverWire {
    finding: Spanned<String>,
    reason: Spanned<String>,
    owner: Spanned<String>,
    expires: Spanned<Datetime>,
}

impl Source<'_> {
    /// Checks waivers, in the order of the plan.
    pub(super) fn waivers(&self, wires: &[WaiverWire]) -> Result<Vec<Waiver>, PlanError> {
        wires.iter().map(|wire| self.waiver(wire)).collect()
    }

    fn waiver(&self, wire: &WaiverWire) -> Result<Waiver, PlanError> {
        let finding = FindingPattern::new(wire.finding.as_ref()).ok_or_else(|| {
            let hint = "name a finding by its id, as the tool prints it; `*` matches any characters";
            self.error(wire.finding.span(), "a waiver may not be for everything", Some(hint.to_owned()))
        })?;
        Ok(Waiver {
            finding,
            reason: self.said("reason", &wire.reason)?,
            owner: self.said("owner", &wire.owner)?,
            expires: self.day("expires", &wire.expires)?,
        })
    }

    /// Takes a text that says something.
    pub(super) fn said(&self, key: &str, text: &Spanned<String>) -> Result<String, PlanError> {
        let said = text.as_ref().trim();
        if said.is_empty() {
            return Err(self.error(text.span(), format!("`{key}` is empty"), None));
        }
        Ok(said.to_owned())
    }

    /// Takes a TOML date with no time of day.
    pub(super) fn day(&self, key: &str, value: &Spanned<Datetime>) -> Result<CivilDate, PlanError> {
        let datetime = value.as_ref();
        let bare = datetime.time.is_none() && datetime.offset.is_none();
        let date = datetime.date.filter(|_| bare).and_then(|date| CivilDate::new(date.year, date.month, date.day));
        date.ok_or_else(|| {
            let hint = format!("write a day without quotes: {key} = 2026-12-31");
            self.error(value.span(), format!("`{key}` is `{datetime}`: expected a day and no time"), Some(hint))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;

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

[[waivers]]
finding = "pins/image-without-digest:Dockerfile:*"
reason = "no registry can be reached from here"
owner = "ada"
expires = 2026-12-31
"#;

    #[test]
    fn waivers_are_kept_with_who_why_and_until_when() {
        let plan = parse(PLAN, &[]).expect("a good plan");
        let waiver = &plan.waivers[0];
        assert!(waiver.finding.matches("pins/image-without-digest:Dockerfile:golang:1.26"));
        assert_eq!((waiver.owner.as_str(), waiver.expires.to_string().as_str()), ("ada", "2026-12-31"));
    }

    #[test]
    fn a_waiver_needs_everything() {
        for (from, to, expected) in [
            ("owner = \"ada\"\n", "", "16:1: missing field `owner`"),
            ("\"ada\"", "\" \"", "19:9: `owner` is empty"),
            ("\"no registry can be reached from here\"", "\"\"", "18:10: `reason` is empty"),
            ("\"pins/image-without-digest:Dockerfile:*\"", "\"*\"", "17:11: a waiver may not be for everything"),
            ("2026-12-31", "2026-12-31T10:00:00Z", "20:11: `expires` is `2026-12-31T10:00:00Z`: expected a day"),
            ("2026-12-31", "\"soon\"", "20:11: "),
            ("expires", "until", "20:1: unknown field `until`"),
        ] {
            let error = parse(&PLAN.replacen(from, to, 1), &[]).expect_err(to);
            assert!(error.to_string().starts_with(expected), "{to}: {error}");
        }
    }
}
