//! The certified source, by its table: what is not part of it, and which repository lies in it.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::{PlanError, Source};
use rcrepro_model::content::name::Name;
use rcrepro_model::plan::CommandSpec;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceWire {
    #[serde(default)]
    pub(super) exclude: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) git: bool,
    tags: Option<Spanned<Vec<Spanned<String>>>>,
}

impl Source<'_> {
    /// Checks the globs of tags, and that a command sees the repository that they are for.
    pub(super) fn tags(
        &self,
        wire: &SourceWire,
        sets: &BTreeMap<Name, Vec<CommandSpec>>,
    ) -> Result<Option<Vec<String>>, PlanError> {
        let Some(tags) = &wire.tags else { return Ok(None) };
        if !sets.values().flatten().any(|spec| spec.git) {
            let hint = "write `git = true` beside it, or in the commands that ask for tags".to_owned();
            return Err(self.error(tags.span(), "`tags` is for a repository, and no command sees one", Some(hint)));
        }
        self.globs(tags.as_ref()).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_model::plan::Plan;

    fn plan(source: &str, command: &str) -> Result<Plan, PlanError> {
        let text = format!(
            "version = 1\nname = \"x\"\n[source]\n{source}\n[images.base]\nbuild = \"base.toml\"\n\
             [packets.RC-04]\ntitle = \"x\"\nsets = [\"a\"]\n\
             [[sets.a]]\nid = \"one\"\nrun = \"true\"\nimage = \"base\"\n\
             [[sets.a]]\nid = \"two\"\nrun = \"true\"\nimage = \"base\"\n{command}\n"
        );
        crate::plan::plan_toml::parse(&text, &[])
    }

    fn seen(source: &str, command: &str) -> Vec<bool> {
        let plan = plan(source, command).expect("a good plan");
        plan.sets.into_values().flatten().map(|spec| spec.git).collect()
    }

    #[test]
    fn a_command_has_the_last_word_on_its_repository() {
        assert_eq!(seen("", ""), [false, false]);
        assert_eq!(seen("", "git = true"), [false, true]);
        assert_eq!(seen("git = true", ""), [true, true]);
        assert_eq!(seen("git = true", "git = false"), [true, false]);
        let tags = |source: &str| plan(source, "git = true").expect("a good plan").tags;
        assert_eq!(tags(""), None);
        assert_eq!(tags("tags = []"), Some(Vec::new()));
        assert_eq!(tags("tags = [\"v*\"]"), Some(vec!["v*".to_owned()]));
    }

    #[test]
    fn mistakes_are_placed() {
        for (source, expected) in [
            ("tags = [\"v*\"]", "4:8: `tags` is for a repository, and no command sees one"),
            ("git = true\ntags = [\"v[\"]", "5:9: bad glob"),
            ("git = \"yes\"", "4:7: invalid type"),
        ] {
            let error = plan(source, "").expect_err(expected);
            assert!(error.to_string().starts_with(expected), "{error}\nexpected {expected}");
        }
    }
}
