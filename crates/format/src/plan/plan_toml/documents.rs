//! The plan's `[documents]`: what is held against the plan and the evidence, and what rcrepro writes into.

use std::collections::BTreeSet;

use serde::Deserialize;
use toml::Spanned;

use super::source::{PlanError, Source};
use rcrepro_model::plan::documents::DocumentSettings;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct DocumentsWire {
    #[serde(default)]
    paths: Vec<Spanned<String>>,
    #[serde(default)]
    generated: Vec<Spanned<String>>,
}

impl Source<'_> {
    pub(super) fn documents(&self, wire: &DocumentsWire) -> Result<DocumentSettings, PlanError> {
        let mut generated = BTreeSet::new();
        for path in &wire.generated {
            let parsed = self.parse(path)?;
            // A whole folder would leave the certified source by one line that says nothing of it.
            if path.as_ref().contains(['*', '?', '[', '{']) {
                let hint = "name each document by its path; globs go in `paths`".to_owned();
                return Err(self.error(
                    path.span(),
                    format!("`{}` is not a single document", path.as_ref()),
                    Some(hint),
                ));
            }
            if !path.as_ref().ends_with(".md") {
                let hint =
                    "sections are written into Markdown documents, `.md`, which are not part of the certified source";
                let message = format!("`{}` is not a Markdown document", path.as_ref());
                return Err(self.error(path.span(), message, Some(hint.to_owned())));
            }
            if !generated.insert(parsed) {
                return Err(self.error(path.span(), format!("`{}` appears twice", path.as_ref()), None));
            }
        }
        Ok(DocumentSettings { paths: self.globs(&wire.paths)?, generated })
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

[documents]
paths = ["README.md", "docs/*.md"]
generated = ["docs/progress.md"]
"#;

    #[test]
    fn documents_are_globs_and_written_ones_are_paths() {
        let documents = parse(PLAN, &[]).expect("a good plan").documents;
        assert_eq!(documents.paths, ["README.md", "docs/*.md"]);
        assert!(documents.generated.iter().map(ToString::to_string).eq(["docs/progress.md"]));
        let none = parse(PLAN.split("[documents]").next().expect("a part"), &[]).expect("a good plan").documents;
        assert!(none.paths.is_empty() && none.generated.is_empty());
    }

    #[test]
    fn mistakes_have_a_place() {
        for (from, to, expected) in [
            ("\"docs/*.md\"", "\"docs/[\"", "17:23: bad glob"),
            ("docs/progress.md", "docs/*.md", "18:14: `docs/*.md` is not a single document"),
            ("docs/progress.md", "internal/auth.go", "18:14: `internal/auth.go` is not a Markdown document"),
            ("docs/progress.md", "../progress.md", "18:14: invalid path in a tree `../progress.md`"),
            ("\"docs/progress.md\"", "\"a.md\", \"a.md\"", "18:22: `a.md` appears twice"),
            ("generated", "written", "18:1: unknown field `written`"),
        ] {
            let error = parse(&PLAN.replacen(from, to, 1), &[]).expect_err(to);
            assert!(error.to_string().starts_with(expected), "{to}: {error}");
        }
    }
}
