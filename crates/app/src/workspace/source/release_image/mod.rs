//! What of a release image's build can be decided by reading its Dockerfile and the plan: by `rcrepro check`, before the commands of a
//! run, and before each build, always by [`judge`].

mod apk;
mod builder;
mod by_plan;
mod copied;
mod ignored;
mod judged;
mod seen;

pub(crate) use self::by_plan::missing_secrets;
pub(crate) use self::judged::{ImageJudgement, Judged};
pub(crate) use self::seen::{SeenError, SeenSource};
use rcrepro_model::execution::fault::Fault;
use rcrepro_model::plan::release_image::ReleaseImage;
use rcrepro_pins::dockerfile::build::{BuildGiven, LineFault, read_build};
use rcrepro_pins::dockerfile::buildkit as dockerfile_buildkit;

/// Decides what can be decided without an engine.
#[must_use]
pub(crate) fn judge(judged: &Judged<'_>) -> ImageJudgement {
    let mut found = ImageJudgement::default();
    let Some(text) = judged.dockerfile(&mut found.refused) else { return found };
    let Some(buildkit) = &judged.image.buildkit else {
        found.refused.extend(classic(judged.image, text));
        found.refused.extend(judged.ignored());
        return found;
    };
    let mut given = BuildGiven::new(buildkit, &judged.image.target, judged.architecture);
    given.arguments.clone_from(&judged.image.arguments);
    for (argument, locked) in &judged.image.builders {
        // The digest that a build adds decides nothing here.
        given.builder(argument, &format!("rcrepro/{locked}"));
    }
    let reading = read_build(text, &given);
    let path = judged.image.dockerfile.as_str();
    let fault = |fault: &LineFault| Fault::of_file(path, &*fault.says).at(fault.line).hint(&*fault.hint);
    found.refused.extend(reading.refused.iter().map(fault));
    found.notes.extend(reading.notes.iter().map(fault));
    for platform in &buildkit.platforms {
        given.target_architecture = platform.architecture().to_owned();
        let other = read_build(text, &given);
        let new = other.refused.iter().filter(|other| !reading.refused.contains(other)).map(fault);
        found.refused.extend(new.filter(|new| !found.refused.contains(new)).collect::<Vec<_>>());
    }
    judged.by_plan(buildkit, &reading, &mut found);
    found.notes.extend(judged.calls_of_apk(buildkit, text));
    found.refused.extend(judged.copied(buildkit, &reading));
    found.reading = Some(reading);
    found
}

/// Names the lines that only BuildKit builds, where the engine's classic builder is asked.
fn classic(image: &ReleaseImage, text: &str) -> Vec<Fault> {
    let fault = |form: dockerfile_buildkit::BuildkitForm| {
        Fault::of_file(
            image.dockerfile.as_str(),
            format!("{} needs BuildKit, and the image has no `builder`", form.says),
        )
        .at(form.line)
        .hint("have BuildKit build it, by `builder = \"buildkit\"` in the plan, or write it with COPY and RUN alone")
    };
    dockerfile_buildkit::forms(text).into_iter().map(fault).collect()
}

#[cfg(test)]
mod tests;
