//! Why a build left no image, in the words of the step that failed.

use super::steps::BEGINS;
use super::target::{BuildkitTarget, time};
use crate::release::build::tail;
use crate::release::context::text_of;
use crate::release::error::ReleaseError;
use crate::release::not_built::{NotBuilt, step};
use crate::release::step::{ReleaseStep, finding};
use rcrepro_engine::Executed;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::execution::action::Ending;
use rcrepro_model::execution::ending;
use rcrepro_store::BlobStore as _;

/// The exit code of `build.sh` when the builder itself does not start, or ends.
const NO_BUILDER: i32 = 70;
/// What a full disk makes every program say, in small letters. It tells nothing of the image.
const FULL: &str = "no space left on device";
/// The line before and after what the step that failed has written.
const RULER: &str = "------";

impl ReleaseStep<'_> {
    /// Says why a build left no image for the target of a number, of so many in all.
    pub(super) fn why_not_built(
        &self,
        target: &BuildkitTarget<'_>,
        (number, all): (usize, usize),
        executed: &Executed,
    ) -> Result<NotBuilt, ReleaseError> {
        let BuildkitTarget { name, image, buildkit, platform } = *target;
        let said = self.context.store.get(executed.result.stderr)?;
        let said = lines_of_steps(of_target(&String::from_utf8_lossy(&said), number));
        let memory = self.context.engine.info().machine.memory(None).amount;
        match executed.ending {
            Ending::Exited { code: NO_BUILDER } => Ok(no_builder(name, tail(&said)).into()),
            Ending::Exited { .. } => {
                let reason = said.lines().rev().find_map(|line| line.strip_prefix("error: "));
                let mut reason = reason.unwrap_or("it ended without saying why").to_owned();
                let missing = |id: &&String| reason.contains(&format!("secret {id}: not found"));
                if let Some(id) = buildkit.secrets.keys().find(missing) {
                    reason = format!("{reason}: this machine has no {}", buildkit.secrets[id]);
                }
                let (judged, expected) = match said.to_ascii_lowercase().contains(FULL) {
                    true => (FindingName::ImageUndecided, "room on the engine's disk (docker system df)".to_owned()),
                    false => {
                        (FindingName::ImageFailed, format!("steps of {} that pass, for {platform}", image.stage()))
                    }
                };
                let dockerfile = text_of(&**self.context.store, self.resolved.source, &image.dockerfile)?;
                let place = step(&image.dockerfile, &dockerfile.unwrap_or_default(), &said);
                let found = format!("{reason}{place}{}", failed_step(&said));
                let finding = finding(judged, name, "", expected, found);
                Ok(NotBuilt { finding, output: Some(said) })
            }
            other => {
                let found = ending::with_fixed_limits(other.into(), executed.result.exit_code, (time(all), memory));
                let found = format!("{found}{}", tail(&said));
                let finding = finding(FindingName::ImageFailed, name, "", "an end of the build", found);
                Ok(NotBuilt { finding, output: Some(said) })
            }
        }
    }
}

/// Gives what was said while the target of a number was built; all of it where the builder came to none.
fn of_target(said: &str, number: usize) -> &str {
    let begin = |number: usize| {
        let line = format!("{BEGINS}{number}\n");
        if said.starts_with(&line) { Some(line.len()) } else { Some(said.find(&format!("\n{line}"))? + 1 + line.len()) }
    };
    let Some(from) = begin(number) else { return said };
    let to = said[from..].find(&format!("\n{BEGINS}{}\n", number + 1)).map_or(said.len(), |at| from + at + 1);
    &said[from..to]
}

/// Leaves out what the builder's client logs for its own developers.
fn lines_of_steps(said: &str) -> String {
    said.lines().filter(|line| !line.starts_with("time=\"")).collect::<Vec<_>>().join("\n")
}

/// Shows the step that failed: the last lines that it wrote, and its place in the Dockerfile. What the client repeats after that is left out.
fn failed_step(said: &str) -> String {
    let lines: Vec<&str> = said.lines().filter(|line| !line.starts_with("error: ")).collect();
    let rulers: Vec<usize> = (0..lines.len()).filter(|at| lines[*at] == RULER).collect();
    let [.., begin, end] = rulers[..] else { return tail(&lines.join("\n")) };
    if !lines.get(begin + 1).is_some_and(|line| line.starts_with(" > ")) {
        return tail(&lines.join("\n"));
    }
    let place = &lines[end + 1..];
    format!("{}{}{}", tail(lines[begin + 1]), tail(&lines[begin + 2..end].join("\n")), tail(&place.join("\n")))
}

pub(super) fn no_builder(name: &Name, found: String) -> Finding {
    finding(FindingName::ImageUndecided, name, "", "an engine that lets a container mount file systems", found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_build_that_failed_the_steps_own_words_and_its_place_are_shown() {
        let log: String = (1..=40).map(|line| format!("0.{line} line {line}\n")).collect();
        let said = format!(
            "#9 DONE 0.1s\n------\n > [web 5/6] RUN tsc:\n{log}0.9 a.ts(1,2): error\n------\nDockerfile:16\n  16 | >>> RUN tsc\nerror: failed to solve"
        );
        let shown = failed_step(&said);
        assert!(shown.contains("| > [web 5/6] RUN tsc:") || shown.contains("|  > [web 5/6] RUN tsc:"), "{shown}");
        assert!(
            shown.contains("line 40") && shown.contains("a.ts(1,2): error") && !shown.contains("line 2\n"),
            "{shown}"
        );
        assert!(shown.contains("Dockerfile:16") && !shown.contains("failed to solve"), "{shown}");
        assert!(failed_step("no step\nat all").contains("at all"));
    }

    #[test]
    fn each_target_has_its_own_words() {
        let said = "before\nrcrepro: target 0\n#1 one\nrcrepro: target 1\n#1 two\n#2 rcrepro: target 2\n";
        assert_eq!(of_target(said, 0), "#1 one\n");
        assert_eq!(of_target(said, 1), "#1 two\n#2 rcrepro: target 2\n");
        assert_eq!(of_target("it did not begin\n", 1), "it did not begin\n");
    }
}
