//! The plan that fits a project: text for people to read and change, with the place of each guess beside it.

mod clients;
mod commands;
mod images;
mod packages;
mod planned;
mod release_images;
mod scripts;
mod text;

use std::collections::BTreeSet;

use crate::survey::ProjectSurvey;
use planned::PlannedCommand;
use rcrepro_model::image::definition::ImagePlatform;
use text::Writer;

/// A plan, and the image definitions that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The text of `rcrepro.toml`.
    pub plan: String,
    /// The names of the image definitions that the plan names, or offers, with what is changed in each: a text of the definition that
    /// rcrepro has, and its replacement.
    pub images: Vec<(&'static str, Vec<(String, String)>)>,
}

/// Makes a plan of what was found. `name` is the plan's, `platform` the only machine that its images are for, if
/// there is one.
#[must_use]
pub fn draft(project: &ProjectSurvey, name: &str, platform: Option<ImagePlatform>) -> Draft {
    let toolchains = images::toolchains(project);
    let planned = commands::plan(project);
    let used: BTreeSet<&'static str> = planned.iter().map(|command| command.image).collect();
    let mut writer = Writer::default();
    writer.comment("A plan for this project, as far as its files tell. `rcrepro init --explain` prints what was seen.");
    writer.comment(
        "Each guess names its file and line. What they do not tell is left to people; `rcrepro check` lists it.",
    );
    writer.line("version = 1");
    writer.entry("name", name);
    write_source(&mut writer, project);
    images::write(&mut writer, &toolchains, &used, platform);
    for todo in commands::not_planned(project) {
        writer.comment(&format!("TODO: {todo}"));
    }
    write_frozen(&mut writer, project, &planned);
    write_commands(&mut writer, &planned);
    write_promises(&mut writer, &toolchains, project);
    write_rest(&mut writer, project, &planned, &toolchains);
    let packages = commands::base_packages(project);
    let offers = release_images::are_offered(project, &planned);
    let used = used.into_iter().chain(offers.then_some(images::BUILDKIT)).collect();
    Draft { plan: writer.finish(), images: images::definitions(&toolchains, &used, platform, &packages) }
}

/// Leaves the plan's own files out of what commands see: the next edit of the plan makes only that run again which it changes,
/// and linters and scanners see the project as it was.
fn write_source(writer: &mut Writer, project: &ProjectSurvey) {
    if project.plan_files.is_empty() {
        return;
    }
    writer
        .comment("Commands see the project without the plan's own files, so that an edit of those runs nothing again.");
    writer.table("source");
    let globs: Vec<String> = project.plan_files.iter().map(|glob| (*glob).to_owned()).collect();
    writer.list("exclude", &globs);
}

fn write_frozen(writer: &mut Writer, project: &ProjectSurvey, planned: &[PlannedCommand]) {
    let is_used = |name: &str| planned.iter().any(|command| command.frozen.iter().any(|frozen| frozen == name));
    writer.heading("Frozen inputs: the only steps with a network; `rcrepro lock` locks what they yield");
    for module in &project.modules {
        let name = planned::modules_input(project, module);
        if is_used(&name) {
            writer.table(&format!("frozen.{name}"));
            writer.entry("kind", "go-modules");
            writer.entry("image", "go");
            writer.folder("directory", &module.folder);
        }
        let cache = planned::cache_input(project, module);
        if is_used(&cache) {
            writer.comment("Compiled once, as the commands compile that name it; `lines` may add what scripts do.");
            writer.table(&format!("frozen.{cache}"));
            writer.entry("kind", "go-build-cache");
            writer.entry("image", "go");
            writer.entry("modules", &name);
        }
    }
    if is_used("gostd") {
        writer.table("frozen.gostd");
        writer.entry("kind", "go-std");
        writer.entry("image", "go");
    }
    if is_used("vulndb") {
        writer.comment(
            "TODO: put Go's vulnerability database there: curl -o mirror/vulndb.zip https://vuln.go.dev/vulndb.zip",
        );
        writer.table("frozen.vulndb");
        writer.entry("kind", "go-vulndb");
        writer.entry("path", "mirror/vulndb.zip");
    }
    for package in &project.packages {
        let (name, audit) = (planned::packages_input(project, package), planned::audit_input(project, package));
        if is_used(&name) {
            writer.table(&format!("frozen.{name}"));
            writer.entry(
                "kind",
                clients::PlannedClient::of(package).map_or("npm-packages", clients::PlannedClient::kind),
            );
            writer.entry("image", "node");
            writer.folder("directory", &package.folder);
        }
        if is_used(&audit) {
            writer.table(&format!("frozen.{audit}"));
            writer.entry("kind", "npm-advisories");
            writer.entry("image", "node");
            writer.folder("directory", &package.folder);
            writer.entry("path", &format!("advisories/{name}"));
        }
    }
}

fn write_commands(writer: &mut Writer, planned: &[PlannedCommand]) {
    writer.heading("Commands: each line exactly as a person types it");
    for command in planned {
        writer.comments(&command.comments);
        writer.line(&format!("[[sets.{}]]", command.set));
        writer.entry("id", &command.id);
        writer.entry("run", &command.run);
        writer.entry("image", command.image);
        writer.list("frozen", &command.frozen);
        writer.list("needs", &command.needs);
        writer.list("outputs", &command.outputs);
        writer.list("normalize.stdout", &command.normalizers);
        writer.list("normalize.stderr", &command.errors_normalizers);
        if let Some(reason) = command.stands_because {
            writer.line(&format!("clock = \"stands\" # {reason}"));
        }
        if let Some(timeout) = &command.timeout {
            writer.entry("timeout", timeout);
        }
        if let Some(memory) = &command.memory {
            writer.entry("memory", memory);
        }
        if command.only_exit_code {
            writer.line("proof = \"exit-code\" # no proof of work is known for this tool");
        }
        writer.line("");
    }
}

/// Offers what `rcrepro pins` and `rcrepro documents` check; whether the project wants to promise that, its files do not tell.
fn write_promises(writer: &mut Writer, toolchains: &images::Toolchains, project: &ProjectSurvey) {
    writer.heading("What a plan may promise beside its commands; see `rcrepro pins` and `rcrepro documents`");
    if !project.modules.is_empty() {
        writer.comment("[pins.go]");
        writer.comment(&format!("version = {}", text::quoted(&toolchains.go.version)));
    }
    if !project.packages.is_empty() {
        writer.comment("[pins.node]");
        writer.comment(&format!("version = {}", text::quoted(&toolchains.node.version)));
    }
    if !project.documents.is_empty() {
        let paths: Vec<String> = project.documents.iter().map(|path| text::quoted(path)).collect();
        writer.comment("[documents]");
        writer.comment(&format!("paths = [{}]", paths.join(", ")));
    }
}

fn write_rest(
    writer: &mut Writer,
    project: &ProjectSurvey,
    planned: &[PlannedCommand],
    toolchains: &images::Toolchains,
) {
    writer.heading("Packets");
    writer.table("packets.RC-05");
    writer.entry("title", "Full certification replay");
    let mut sets: Vec<String> = Vec::new();
    for command in planned {
        if !sets.iter().any(|set| set == command.set) {
            sets.push(command.set.to_owned());
        }
    }
    writer.list("sets", &sets);
    writer.line("exit = [{ says = \"All commands exit 0.\", rests-on = [\"commands\"] }]");
    release_images::write(writer, project, planned, toolchains);
}
