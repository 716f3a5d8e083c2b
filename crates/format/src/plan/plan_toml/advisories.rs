//! The plan's `[advisories]`: what newer advisory data makes of a verdict.

use serde::Deserialize;
use toml::Spanned;

use super::source::{PlanError, Source};
use rcrepro_model::advisory::policy::{AdvisoryPolicy, NewAdvisory};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct AdvisoriesWire {
    max_age: Option<Spanned<String>>,
    new: Option<Spanned<String>>,
}

impl Source<'_> {
    pub(super) fn advisories(&self, wire: &AdvisoriesWire) -> Result<AdvisoryPolicy, PlanError> {
        let max_age_days = wire.max_age.as_ref().map(|text| self.days(text)).transpose()?;
        let new = match &wire.new {
            None => NewAdvisory::default(),
            Some(word) => match word.as_ref().as_str() {
                "condition" => NewAdvisory::Condition,
                "no-go" => NewAdvisory::NoGo,
                "ignore" => NewAdvisory::Ignore,
                other => {
                    let message = format!("`new` is `{other}`: expected `condition`, `no-go` or `ignore`");
                    return Err(self.error(word.span(), message, None));
                }
            },
        };
        Ok(AdvisoryPolicy { max_age_days, new })
    }

    /// Takes a number of days: advisory data has a date, and its hours say nothing.
    fn days(&self, text: &Spanned<String>) -> Result<u64, PlanError> {
        let digits = text.as_ref().strip_suffix('d').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        digits.and_then(|digits| digits.parse().ok()).filter(|days| *days > 0).ok_or_else(|| {
            let message = format!("`max-age` is `{}`: expected days, such as \"14d\"", text.as_ref());
            self.error(text.span(), message, None)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use rcrepro_model::advisory::policy::{AdvisoryPolicy, NewAdvisory};

    const PLAN: &str = "version = 1\nname = \"beacon\"\n[images.go]\nbuild = \"go.toml\"\n[[sets.all]]\nid = \"x\"\n\
                        run = \"true\"\nimage = \"go\"\n[packets.RC-05]\ntitle = \"x\"\nsets = [\"all\"]\n";

    #[test]
    fn the_policy_is_read_and_has_defaults() {
        let policy = |table: &str| parse(&format!("{PLAN}{table}"), &[]).map(|plan| plan.advisories);
        assert_eq!(policy(""), Ok(AdvisoryPolicy { max_age_days: None, new: NewAdvisory::Condition }));
        let all = policy("[advisories]\nmax-age = \"14d\"\nnew = \"no-go\"\n");
        assert_eq!(all, Ok(AdvisoryPolicy { max_age_days: Some(14), new: NewAdvisory::NoGo }));
        for (table, expected) in [
            ("max-age = \"0d\"", "13:11: `max-age` is `0d`: expected days"),
            ("max-age = \"2w\"", "13:11: `max-age` is `2w`"),
            ("max-age = \"99999999999999999999999d\"", "13:11: "),
            ("new = \"maybe\"", "13:7: `new` is `maybe`: expected `condition`"),
            ("old = \"x\"", "13:1: unknown field `old`"),
        ] {
            let error = policy(&format!("[advisories]\n{table}\n")).expect_err(table);
            assert!(error.to_string().starts_with(expected), "{table}: {error}");
        }
    }
}
