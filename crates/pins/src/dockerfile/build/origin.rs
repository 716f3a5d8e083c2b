//! Which line of a Dockerfile made a layer: each instruction of a stage, and of the stages that it is based on, leaves one entry in the
//! image's history, in their order.
//!
//! Source: BuildKit, `dockerfile2llb/convert.go`, `commitToHistory`.

use super::stages::{Stage, Stages};
use crate::dockerfile::lines::DockerfileInstruction;
use rcrepro_model::why::image::{LayerOrigin, StepLine};

/// Finds what made each entry of an image's history; none for what lies below the Dockerfile, and for all that comes before an entry which the
/// Dockerfile does not explain. `target` is the stage, empty for the last one; `history` has the image's `created_by`, the oldest first.
#[must_use]
pub fn origins(text: &str, target: &str, history: &[&str]) -> Vec<Option<LayerOrigin>> {
    let stages = Stages::read(text);
    let last = match target {
        "" => stages.all.len().checked_sub(1),
        name => stages.find(name),
    };
    let mut found = vec![None; history.len()];
    let Some(last) = last else { return found };
    let lines: Vec<&str> = text.lines().collect();
    let steps = chain(&stages, last);
    for ((made_by, entry), step) in history.iter().zip(&mut found).rev().zip(steps.iter().rev()) {
        if made_by.split(' ').next() != Some(step.name.as_str()) {
            break;
        }
        *entry = Some(origin(&stages, step, &lines));
    }
    found
}

/// Lists the instructions of a stage after those of the stages that it is based on.
fn chain(stages: &Stages, stage: usize) -> Vec<DockerfileInstruction> {
    let Stage { base, steps, .. } = &stages.all[stage];
    let Some(below) = stages.find_before(&base.text, stage) else { return steps.clone() };
    let mut all = chain(stages, below);
    all.extend(stages.all[below].triggers());
    all.extend(steps.iter().cloned());
    all
}

fn origin(stages: &Stages, step: &DockerfileInstruction, lines: &[&str]) -> LayerOrigin {
    let from = step.flag("from").pop().filter(|_| step.name == "COPY");
    let stage = from.as_ref().and_then(|word| {
        let by_number = word.text.parse::<usize>().ok().filter(|number| *number < stages.all.len());
        stages.find(&word.text).or(by_number)
    });
    let takes = |step: &&DockerfileInstruction| ["RUN", "COPY", "ADD"].contains(&step.name.as_str());
    let steps = stage.map(|stage| chain(stages, stage)).unwrap_or_default();
    LayerOrigin {
        step: written(step, lines),
        stage: from.filter(|_| stage.is_some()).map(|word| word.text),
        steps: steps.iter().filter(takes).map(|step| written(step, lines)).collect(),
    }
}

fn written(step: &DockerfileInstruction, lines: &[&str]) -> StepLine {
    let text = lines.get(step.line.saturating_sub(1)).map_or("", |line| line.trim());
    StepLine { line: step.line, text: text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "FROM base AS common\nENV A=1\nONBUILD ADD b /b\nFROM base AS site\nCOPY . .\nRUN make \\\n  site\n\
                        FROM common\nWORKDIR /srv\nCOPY --from=site /out .\nCOPY --from=other /x .\nUSER 1\n";

    fn lines(target: &str, history: &[&str]) -> Vec<Option<usize>> {
        origins(TEXT, target, history).into_iter().map(|one| one.map(|one| one.step.line)).collect()
    }

    #[test]
    fn each_entry_is_the_instruction_at_its_place() {
        let history = [
            "/bin/sh -c something of the base",
            "ENV A=1",
            "ONBUILD ADD b /b",
            "ADD b /b # buildkit",
            "WORKDIR /srv",
            "COPY /out . # buildkit",
            "COPY /x . # buildkit",
            "USER 1",
        ];
        assert_eq!(lines("", &history), [None, Some(2), Some(3), Some(3), Some(9), Some(10), Some(11), Some(12)]);
        let all = origins(TEXT, "", &history);
        let copied = all[5].as_ref().expect("a step");
        assert_eq!(copied.stage.as_deref(), Some("site"));
        let steps: Vec<(usize, &str)> = copied.steps.iter().map(|step| (step.line, step.text.as_str())).collect();
        assert_eq!(steps, [(5, "COPY . ."), (6, "RUN make \\")]);
        assert_eq!(all[6].as_ref().expect("a step").stage, None);
    }

    #[test]
    fn what_the_dockerfile_does_not_explain_has_no_line() {
        assert_eq!(lines("site", &["COPY . . # buildkit", "RUN |1 A=b /bin/sh -c make"]), [Some(5), Some(6)]);
        assert_eq!(lines("", &["COPY /out .", "RUN x", "USER 1"]), [None, None, Some(12)]);
        assert_eq!(lines("missing", &["USER 1"]), [None]);
        assert_eq!(origins("", "", &["USER 1"]), [None]);
    }
}
