//! The images of a release, by the project's Dockerfiles: offered as comments, because no file tells what a finished image says, and which image is
//! to take the place of a base that is not of Go or Node.

use super::images::Toolchains;
use super::planned::{self, PlannedCommand};
use super::text::{Writer, quoted};
use crate::others::{DockerStages, StepCalls};
use crate::survey::{ProjectSurvey, slug};
use crate::versions::numbers;
use crate::{folder_of, is_example};
use rcrepro_pins::dockerfile::build::DockerTarget;

/// The image that all others build on, whose definition is always there.
const BASE: &str = "base";

/// Writes what RC-06 would build.
pub(super) fn write(writer: &mut Writer, project: &ProjectSurvey, planned: &[PlannedCommand], toolchains: &Toolchains) {
    let dockerfiles = dockerfiles(project);
    let Some(set) = planned.first().map(|command| command.set).filter(|_| !dockerfiles.is_empty()) else { return };
    writer.heading("Release images, each built twice by BuildKit and compared");
    writer.comment("TODO: RC-06 builds these: take the `#` away from the lines below");
    let mut names: Vec<String> = Vec::new();
    let mut lines = vec!["[images.buildkit]".to_owned(), "build = \"images/buildkit.toml\"".to_owned()];
    if !planned.iter().any(|command| command.image == BASE) {
        lines.extend([format!("[images.{BASE}]"), format!("build = \"images/{BASE}.toml\"")]);
    }
    for dockerfile in dockerfiles {
        for target in &dockerfile.outline.targets {
            let name = unique(&names, &name_of_target(project, dockerfile, &target.name));
            lines.extend(table(project, (planned, toolchains), dockerfile, (&name, target)));
            names.push(name);
        }
    }
    let named: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    lines.extend([
        "[packets.RC-06]".to_owned(),
        "title = \"Release images\"".to_owned(),
        format!("sets = [{}]", quoted(set)),
        format!("release-images = [{}]", named.join(", ")),
    ]);
    for line in lines {
        writer.line(&format!("# {line}"));
    }
}

/// Tells whether anything is offered.
pub(super) fn are_offered(project: &ProjectSurvey, planned: &[PlannedCommand]) -> bool {
    !planned.is_empty() && !dockerfiles(project).is_empty()
}

fn dockerfiles(project: &ProjectSurvey) -> Vec<&DockerStages> {
    project.dockerfiles.iter().filter(|one| !is_example(&one.path) && !one.outline.targets.is_empty()).collect()
}

/// Names an image by its stage, else by the folder of its Dockerfile.
fn name_of_target(project: &ProjectSurvey, dockerfile: &DockerStages, target: &str) -> String {
    match target {
        "" => project.named("image", folder_of(&dockerfile.path)),
        target => slug(target),
    }
}

fn unique(known: &[String], name: &str) -> String {
    let mut numbered = (2..).map(|number| format!("{name}-{number}"));
    let is_free = |name: &String| !known.contains(name);
    Some(name.to_owned()).filter(is_free).unwrap_or_else(|| numbered.find(is_free).expect("numbers do not end"))
}

/// Writes the table of an image.
fn table(
    project: &ProjectSurvey,
    (planned, toolchains): (&[PlannedCommand], &Toolchains),
    dockerfile: &DockerStages,
    (name, target): (&str, &DockerTarget),
) -> Vec<String> {
    let mut lines = vec![
        format!("[release-images.{name}]"),
        format!("dockerfile = {}", quoted(&dockerfile.path)),
        "builder = \"buildkit\"".to_owned(),
    ];
    if let Some(context) = &dockerfile.context {
        lines.push(format!("context = {}", quoted(context)));
    }
    if !target.name.is_empty() {
        lines.push(format!("target = {}", quoted(&target.name)));
    }
    let (mut bases, mut contexts, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for reference in &dockerfile.outline.images {
        // What has neither tag nor folder is a named context as well as an image of a hub's own.
        let is_plain = !reference.contains(['/', ':', '@', '.']);
        let has = |image: &&str| planned.iter().any(|command| command.image == *image);
        match stand_in(reference).filter(has) {
            Some(image) => {
                bases.push(format!("{} = {}", quoted(reference), quoted(image)));
                lines.extend(another_version(reference, image, toolchains));
            }
            None if is_plain && reference.contains(['_', '-']) => {
                contexts.push(format!("{} = \"output:COMMAND/FOLDER\"", quoted(reference)));
            }
            None => {
                others.push(reference.as_str());
                bases.push(format!("{} = {}", quoted(reference), quoted(BASE)));
            }
        }
    }
    if !others.is_empty() {
        let others = others.join(", ");
        lines.push(format!(
            "# TODO: images/{BASE}.toml takes the place of {others}; write a definition that fits, or `rcrepro image pull`"
        ));
    }
    if !bases.is_empty() {
        lines.push(format!("bases = {{ {} }}", bases.join(", ")));
    }
    if !contexts.is_empty() {
        lines.push(format!("contexts = {{ {} }}", contexts.join(", ")));
    }
    let frozen = frozen(project, planned, dockerfile.calls);
    if !frozen.is_empty() {
        lines.push(format!("frozen = [{}]", frozen.join(", ")));
    }
    if dockerfile.calls.git && dockerfile.context.is_none() {
        lines.push("git = true".to_owned());
    }
    lines.extend(left_open(dockerfile, target));
    lines
}

/// Writes what the Dockerfile leaves open: arguments, and what the image prints.
fn left_open(dockerfile: &DockerStages, target: &DockerTarget) -> Vec<String> {
    let mut lines = Vec::new();
    if !dockerfile.outline.arguments.is_empty() {
        let given: Vec<String> = dockerfile.outline.arguments.iter().map(|name| format!("{name} = \"\"")).collect();
        lines.push("# TODO: no line gives these a value; fill in and keep those that the image needs".to_owned());
        lines.push(format!("# arguments = {{ {} }}", given.join(", ")));
    }
    let program = target.program.iter().map(|program| quoted(program));
    let arguments: Vec<String> = program.chain([quoted("--version")]).collect();
    lines.push("# TODO: what the finished image prints".to_owned());
    lines.push(format!("runs = [{{ arguments = [{}], stdout = \"\" }}]", arguments.join(", ")));
    lines
}

/// Says so where the tag of a base names a version that the image in its place does not have.
fn another_version(reference: &str, image: &str, toolchains: &Toolchains) -> Option<String> {
    let version = match image {
        "go" => &toolchains.go.version,
        _ => &toolchains.node.version,
    };
    let tag = reference.split('@').next()?.rsplit_once(':')?.1;
    let wanted = numbers(tag.split('-').next().filter(|tag| tag.starts_with(|c: char| c.is_ascii_digit()))?);
    let differs = !numbers(version).starts_with(&wanted);
    differs.then(|| {
        format!("# TODO: images/{image}.toml has {version}, and {reference} another; write a definition with that one, if it matters")
    })
}

/// Gives the image of the plan that takes the place of a base, where one is like it.
fn stand_in(reference: &str) -> Option<&'static str> {
    let repository = reference.split(['@', ':']).next().unwrap_or_default();
    match repository.rsplit('/').next().unwrap_or_default() {
        "golang" => Some("go"),
        "node" => Some("node"),
        _ => None,
    }
}

/// Lists the dependencies that the plan freezes for its commands and that a step could fetch, as TOML.
fn frozen(project: &ProjectSurvey, planned: &[PlannedCommand], calls: StepCalls) -> Vec<String> {
    let modules = project.modules.iter().filter(|_| calls.go).map(|module| planned::modules_input(project, module));
    let packages =
        project.packages.iter().filter(|_| calls.node).map(|package| planned::packages_input(project, package));
    let is_used = |name: &String| planned.iter().any(|command| command.frozen.contains(name));
    modules.chain(packages).filter(is_used).map(|name| quoted(&name)).collect()
}
