//! How an image is run by itself.

use serde::Deserialize;
use toml::Spanned;

use crate::plan::plan_toml::source::{PlanError, Source};
use rcrepro_model::plan::expected_output::ExpectedOutput;
use rcrepro_model::plan::release_image::ImageRun;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RunWire {
    arguments: Spanned<Vec<String>>,
    stdout: Option<String>,
    stdout_contains: Option<Spanned<Vec<String>>>,
    exit_code: Option<Spanned<i64>>,
}

impl Source<'_> {
    /// Checks that a run may end with its exit code, and that something is expected of what it writes.
    pub(super) fn run(&self, wire: &RunWire) -> Result<ImageRun, PlanError> {
        let code = wire.exit_code.as_ref().map_or(0, |code| *code.as_ref());
        let exit_code = match u8::try_from(code) {
            Ok(code) => i32::from(code),
            Err(_) => {
                let span = wire.exit_code.as_ref().map(Spanned::span).unwrap_or_default();
                let message = format!("invalid `exit-code` {code}: expected 0 to 255, which a container can end with");
                return Err(self.error(span, message, Some("write `exit-code = 1`".to_owned())));
            }
        };
        let stdout = match (&wire.stdout, &wire.stdout_contains) {
            (Some(whole), None) => ExpectedOutput::Whole(whole.clone()),
            (None, Some(parts)) if parts.as_ref().is_empty() || parts.as_ref().iter().any(String::is_empty) => {
                let message = "`stdout-contains` expects nothing: any output holds an empty text".to_owned();
                let hint = "write what the output has to hold, such as `stdout-contains = [\"1.4.0\"]`".to_owned();
                return Err(self.error(parts.span(), message, Some(hint)));
            }
            (None, Some(parts)) => ExpectedOutput::Containing(parts.as_ref().clone()),
            (Some(_), Some(parts)) => {
                let message =
                    "a run has `stdout`, which is all of its output, and `stdout-contains`: expected one of them";
                return Err(self.error(parts.span(), message.to_owned(), Some("leave one out".to_owned())));
            }
            (None, None) => {
                let message = "a run has neither `stdout` nor `stdout-contains`".to_owned();
                let hint =
                    "write `stdout = \"…\"` for the whole output, or `stdout-contains = [\"1.4.0\"]` for parts of it"
                        .to_owned();
                return Err(self.error(wire.arguments.span(), message, Some(hint)));
            }
        };
        Ok(ImageRun { arguments: wire.arguments.as_ref().clone(), stdout, exit_code })
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::plan_toml::parse;
    use rcrepro_model::plan::expected_output::ExpectedOutput;

    fn run(keys: &str) -> Result<ExpectedOutput, String> {
        let text = format!(
            "version = 1\nname = \"p\"\n[images.go]\nbuild = \"images/go.toml\"\n[[sets.all]]\nid = \"build\"\nrun = \"true\"\nimage = \"go\"\n\
             [packets.RC-06]\ntitle = \"t\"\nsets = [\"all\"]\nrelease-images = [\"app\"]\n[release-images.app]\ndockerfile = \"Dockerfile\"\n\
             runs = [{{ arguments = [\"--version\"]{keys} }}]\n"
        );
        let plan = parse(&text, &[]).map_err(|error| error.to_string())?;
        Ok(plan.release_images.values().next().expect("an image").runs[0].stdout.clone())
    }

    #[test]
    fn a_run_expects_a_whole_output_or_parts_of_one() {
        assert_eq!(run(", stdout = \"\""), Ok(ExpectedOutput::Whole(String::new())));
        let parts = ExpectedOutput::Containing(vec!["1.4.0".to_owned(), "linux".to_owned()]);
        assert_eq!(run(", stdout-contains = [\"1.4.0\", \"linux\"]"), Ok(parts));
        for (keys, expected) in [
            ("", "15:23: a run has neither `stdout` nor `stdout-contains`"),
            (", stdout = \"a\", stdout-contains = [\"a\"]", "a run has `stdout`, which is all of its output, and"),
            (", stdout-contains = []", "`stdout-contains` expects nothing"),
            (", stdout-contains = [\"a\", \"\"]", "`stdout-contains` expects nothing"),
        ] {
            let error = run(keys).expect_err(expected);
            assert!(error.contains(expected), "{error}\nexpected {expected}");
        }
    }
}
