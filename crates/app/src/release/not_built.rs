//! A target that was not built: at which step of its Dockerfile that became known, and all that its builder said; told at that moment.

use rcrepro_model::content::name::TreePath;
use rcrepro_model::evidence::finding::Finding;
use rcrepro_model::execution::event::RunEvent;

/// How many lines of a reason are told at once; all of it is in the findings.
const TOLD: usize = 14;

/// A target that was not built.
pub(super) struct NotBuilt {
    pub finding: Finding,
    /// What the builder said; none when none was started.
    pub output: Option<String>,
}

impl From<Finding> for NotBuilt {
    fn from(finding: Finding) -> Self {
        Self { finding, output: None }
    }
}

/// A build that was told of, and of whose end is told in any case.
pub(super) struct Building<'a> {
    pub what: String,
    observe: &'a (dyn Fn(RunEvent) + Sync),
    is_told: bool,
}

impl<'a> Building<'a> {
    pub fn begin(what: String, observe: &'a (dyn Fn(RunEvent) + Sync)) -> Self {
        observe(RunEvent::Preparing { what: what.clone() });
        Self { what, observe, is_told: false }
    }

    pub fn end(mut self, how: String) {
        self.is_told = true;
        (self.observe)(RunEvent::Prepared { what: self.what.clone(), how });
    }

    /// Tells with the reasons, each once: what comes later may be interrupted.
    pub fn fail(mut self, how: String, reasons: &[&NotBuilt]) {
        self.is_told = true;
        let mut why: Vec<String> = Vec::new();
        for NotBuilt { finding, .. } in reasons {
            let lines = || finding.found.lines().filter(|line| !line.trim().is_empty()).take(TOLD);
            if !lines().all(|line| why.iter().any(|told| told == line.trim())) {
                why.extend(lines().map(|line| line.trim().to_owned()));
            }
        }
        (self.observe)(RunEvent::NotBuilt { what: self.what.clone(), how, why });
    }
}

impl Drop for Building<'_> {
    /// A build that is of no use any more is dropped where it is awaited.
    fn drop(&mut self) {
        if !self.is_told {
            (self.observe)(RunEvent::Prepared { what: self.what.clone(), how: "broken off".to_owned() });
        }
    }
}

/// Says at which step of a Dockerfile a builder ended, and in which line, as far as its output tells; begins with `, at`.
pub(super) fn step(path: &TreePath, dockerfile: &str, output: &str) -> String {
    classic(path, dockerfile, output).or_else(|| buildkit(path, dockerfile, output)).unwrap_or_default()
}

/// The classic builder names each step before it takes it: `Step 3/7 : RUN make`.
fn classic(path: &TreePath, dockerfile: &str, output: &str) -> Option<String> {
    let (number, step) = output.lines().rev().find_map(|line| line.strip_prefix("Step ")?.split_once(" : "))?;
    let wanted = words(step);
    let lines: Vec<usize> =
        instructions(dockerfile).into_iter().filter(|(_, text)| words(text) == wanted).map(|(line, _)| line).collect();
    let place = match lines.as_slice() {
        [line] => format!("{path}:{line}"),
        _ => path.to_string(),
    };
    Some(format!(", at {place} in step {number}, `{}`", step.trim()))
}

/// BuildKit shows the lines around the step, below the file's name and the line: `Dockerfile:7`.
fn buildkit(path: &TreePath, dockerfile: &str, output: &str) -> Option<String> {
    let name = path.as_str().rsplit('/').next().unwrap_or_default();
    let line: usize = output.lines().rev().find_map(|line| {
        let (file, line) = line.trim().rsplit_once(':')?;
        (file == name || file == path.as_str()).then(|| line.parse().ok())?
    })?;
    let step = dockerfile.lines().nth(line.checked_sub(1)?)?.trim();
    Some(format!(", at {path}:{line} in the step `{step}`"))
}

/// Joins the lines of each instruction; gives it with its first line, counted from 1.
fn instructions(dockerfile: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (number, line) in (1..).zip(dockerfile.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (text, more) = line.strip_suffix('\\').map_or((line, false), |text| (text, true));
        match found.last_mut().filter(|_| goes_on) {
            Some((_, whole)) => whole.push_str(&format!(" {text}")),
            None => found.push((number, text.to_owned())),
        }
        goes_on = more;
    }
    found
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCKERFILE: &str = "FROM base AS build\n# why\nRUN make \\\n  # really\n  && make test\nCOPY a b\nCOPY a b\n";

    fn found(output: &str) -> String {
        step(&"build/Dockerfile".parse().expect("a path"), DOCKERFILE, output)
    }

    #[test]
    fn the_step_is_named_by_its_line() {
        let output =
            "Step 1/3 : FROM base AS build\n ---> 1\nStep 2/3 : RUN make   && make test\n ---> Running in 2\nno\n";
        assert_eq!(found(output), ", at build/Dockerfile:3 in step 2/3, `RUN make   && make test`");
        assert_eq!(found("Step 3/3 : COPY a b\n"), ", at build/Dockerfile in step 3/3, `COPY a b`", "one of two lines");
        assert_eq!(found("#7 ERROR\n------\nDockerfile:6\n------\n"), ", at build/Dockerfile:6 in the step `COPY a b`");
        assert_eq!(found("dial tcp 127.0.0.1:8080\nOther:6\nDockerfile:99\n"), "");
    }
}
