//! Which step a build takes now, by what the builder's client writes with `--progress plain`: `#9 [build 3/7] RUN make`, and then lines
//! that begin with `#9`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::target::BuildkitTarget;
use crate::release::step::ReleaseStep;
use rcrepro_engine::LiveOutput;
use rcrepro_model::execution::event::RunEvent;

/// How often it is looked at what the builder wrote last.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How much of its end is looked at, in bytes: what a step writes between two looks.
const TAIL: usize = 1 << 16;
/// What `build.sh` writes before it begins the target of a number.
pub(super) const BEGINS: &str = "rcrepro: target ";
/// The words on the last line of a step.
const ENDS: [&str; 4] = ["DONE", "CACHED", "ERROR", "CANCELED"];

/// The steps of a batch, as far as they were seen.
#[derive(Debug, Default)]
struct SeenSteps {
    /// The number of the target that is built.
    target: usize,
    /// Those that run, by their numbers, which begin anew with each target.
    running: BTreeMap<u32, String>,
    /// The number on the last line.
    last: u32,
}

impl SeenSteps {
    /// Reads the end of what was written, of which a part may have been read before, and returns the step that runs now.
    fn read(&mut self, end: &str) -> Option<&str> {
        let mut lines: Vec<&str> = end.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).collect();
        let target = |line: &&str| line.strip_prefix(BEGINS).and_then(|number| number.parse::<usize>().ok());
        if let Some((at, number)) = lines.iter().enumerate().rev().find_map(|(at, line)| Some((at, target(line)?))) {
            lines.drain(..=at);
            if number != self.target {
                *self = Self { target: number, ..Self::default() };
            }
        }
        for line in lines {
            let Some((number, text)) = line.strip_prefix('#').and_then(|line| line.split_once(' ')) else { continue };
            let Ok(number) = number.parse() else { continue };
            if ENDS.iter().any(|end| text.split([' ', ':']).next() == Some(end)) {
                self.running.remove(&number);
                continue;
            }
            self.last = number;
            let is_output = text.starts_with(|c: char| c.is_ascii_digit()) || text == "...";
            if text.starts_with('[') || (!is_output && !self.running.contains_key(&number)) {
                self.running.insert(number, text.to_owned());
            }
        }
        let newest = || self.running.values().next_back();
        self.running.get(&self.last).or_else(newest).map(String::as_str)
    }
}

impl ReleaseStep<'_> {
    /// Awaits a build, and says each time when it comes to another step; where there are several targets, for which platform.
    pub(super) async fn tell_steps<T>(
        &self,
        what: &str,
        batch: &[BuildkitTarget<'_>],
        live: &LiveOutput,
        build: impl Future<Output = T>,
    ) -> T {
        let mut build = std::pin::pin!(build);
        let mut looks = tokio::time::interval(LOOK_EVERY);
        let (mut seen, mut told) = (SeenSteps::default(), String::new());
        loop {
            tokio::select! {
                built = &mut build => return built,
                _ = looks.tick() => {}
            }
            let end = live.end(TAIL);
            let Some(step) = seen.read(&String::from_utf8_lossy(&end)).map(str::to_owned) else { continue };
            let step = match batch.get(seen.target) {
                Some(target) if batch.len() > 1 => format!("{} {step}", target.platform),
                _ => step,
            };
            if step != told {
                told.clone_from(&step);
                (self.context.observe)(RunEvent::Stepped { what: what.to_owned(), step });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_that_runs_is_the_one_that_wrote_last() {
        let mut seen = SeenSteps::default();
        assert_eq!(seen.read("#1 [internal] load bu"), None, "a line that is not whole");
        let begun = "rcrepro: target 0\n#1 [internal] load build definition\n#1 DONE 0.0s\n\n#9 [build 3/7] RUN make\n";
        assert_eq!(seen.read(begun), Some("[build 3/7] RUN make"));
        let other = "#10 [web 2/4] RUN tsc\n#10 0.114 #9 [fake] line\n#9 ...\n";
        assert_eq!(seen.read(other), Some("[build 3/7] RUN make"));
        assert_eq!(seen.read("#10 0.300 compiling\n"), Some("[web 2/4] RUN tsc"), "its name was seen before");
        assert_eq!(seen.read("#10 DONE 1.0s\n"), Some("[build 3/7] RUN make"), "what still runs");
        assert_eq!(
            seen.read("#9 CANCELED\n\n#11 exporting to image\n#11 exporting layers\n"),
            Some("exporting to image")
        );
        assert_eq!(seen.read("#11 ERROR: no\n"), None);
    }

    #[test]
    fn each_target_counts_its_steps_anew() {
        let mut seen = SeenSteps::default();
        assert_eq!(seen.read("rcrepro: target 0\n#9 [a 1/2] RUN a\n"), Some("[a 1/2] RUN a"));
        assert_eq!(seen.read("#9 [a 1/2] RUN a\nrcrepro: target 1\n#9 0.1 too early\n"), None);
        assert_eq!(seen.read("#9 [b 1/2] RUN b\n"), Some("[b 1/2] RUN b"));
        assert_eq!(seen.target, 1);
    }
}
