//! The plan that is written into a scratch clone: one setup, and then the same line again and again in two worlds.

use std::fmt::Write as _;

use super::project::{Project, ProjectKind};

/// The packet that holds all of it.
pub const PACKET: &str = "CP-01";
/// The folder beside the scratch clones that has the image definitions and their locks.
pub const WORLD: &str = "world";

/// The folder in each clone that they are copied to.
pub const IMAGES: &str = ".campaign";

/// A world, as commands are named after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorldSide {
    Inside,
    Outside,
}

impl WorldSide {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Inside, Self::Outside];

    /// The id of its run of this number.
    pub fn id(self, number: usize) -> String {
        match self {
            Self::Inside => format!("inside-{number}"),
            Self::Outside => format!("outside-{number}"),
        }
    }
}

/// The name of the image definition that a project needs.
pub fn image(project: &Project) -> String {
    let image = project.kind.image();
    // Names of images have no dots.
    let with = |version: &String| format!("{image}-{}", version.replace('.', "-"));
    project.version.as_ref().map_or_else(|| image.to_owned(), with)
}

/// Writes the part that says what is fetched; while it stays as it is, what was locked holds.
pub fn inputs(project: &Project, submodules: &[String]) -> String {
    let mut text = "version = 1\nname = \"campaign\"\n\n[source]\nexclude = [".to_owned();
    let locks = ["gomod.lock", "gostd.lock", "npm.lock", ".gitattributes"].map(|name| format!("lockfiles/{name}"));
    let ours: Vec<String> = ["rcrepro.toml", IMAGES].map(str::to_owned).into_iter().chain(locks).collect();
    for glob in ours.iter().chain(submodules).chain(&project.exclude) {
        put(&mut text, format_args!("{}, ", quoted(glob)));
    }
    put(&mut text, format_args!("]\n\n[images.tool]\nbuild = \"{IMAGES}/images/{}.toml\"\n", image(project)));
    if project.packages {
        let (name, kind) = frozen(project);
        put(&mut text, format_args!("\n[frozen.{name}]\nkind = \"{kind}\"\nimage = \"tool\"\n"));
        if !project.folder.is_empty() {
            put(&mut text, format_args!("directory = {}\n", quoted(&project.folder)));
        }
    }
    if project.kind == ProjectKind::Go {
        text += "\n[frozen.gostd]\nkind = \"go-std\"\nimage = \"tool\"\n";
    }
    text
}

/// Writes the commands. The worlds take turns, and change places each time, so that neither has the warmer machine.
pub fn commands(project: &Project, worlds: [&str; 2], times: usize) -> String {
    let mut text = String::new();
    let outputs: Vec<_> = project.outputs.iter().map(|output| quoted(&below(&project.folder, output))).collect();
    let outputs = format!("outputs = [{}]\n", outputs.join(", "));
    command(&mut text, project, "setup", &project.setup, &outputs);
    for number in 1..=times {
        let mut turn = [(WorldSide::Inside, worlds[0]), (WorldSide::Outside, worlds[1])];
        if number % 2 == 0 {
            turn.reverse();
        }
        for (side, world) in turn {
            command(&mut text, project, &side.id(number), &project.test, &format!("needs = [\"setup\"]\n{world}\n"));
        }
    }
    put(&mut text, format_args!("\n[packets.{PACKET}]\ntitle = \"The same line in two worlds\"\nsets = [\"all\"]\n"));
    text
}

fn command(text: &mut String, project: &Project, id: &str, line: &str, more: &str) {
    let line = if project.folder.is_empty() { line.to_owned() } else { format!("cd {} && {line}", project.folder) };
    put(text, format_args!("\n[[sets.all]]\nid = \"{id}\"\nrun = {}\nimage = \"tool\"\n", quoted(&line)));
    let packages = project.packages.then(|| frozen(project).0);
    let std = (project.kind == ProjectKind::Go && id == "setup").then_some("gostd");
    let named: Vec<_> = packages.into_iter().chain(std).map(quoted).collect();
    put(text, format_args!("frozen = [{}]\n", named.join(", ")));
    // Failing tests are what is looked for: the report is read, and the exit code decides nothing.
    put(
        text,
        format_args!("proof = \"exit-code\"\ntimeout = \"{}\"\nmemory = \"{}\"\n", project.timeout, project.memory),
    );
    let variables: Vec<_> = project.environment.iter().filter_map(|variable| variable.split_once('=')).collect();
    let variables: Vec<_> = variables.into_iter().map(|(name, value)| format!("{name} = {}", quoted(value))).collect();
    put(text, format_args!("env = {{ {} }}\n{more}", variables.join(", ")));
}

/// The frozen input that holds a project's packages: its name and its kind.
pub const fn frozen(project: &Project) -> (&'static str, &'static str) {
    match project.kind {
        ProjectKind::Go => ("gomod", "go-modules"),
        ProjectKind::Node => ("npm", "npm-packages"),
    }
}

/// The path of an output; what is in a folder of the campaign's own is not a part of the project's.
fn below(folder: &str, output: &str) -> String {
    if folder.is_empty() || output.starts_with(".campaign/") { output.to_owned() } else { format!("{folder}/{output}") }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t"))
}

fn put(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).expect("a string takes every text");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::config;

    fn project(test: &str) -> Project {
        let folder = std::env::temp_dir().join(format!("campaign-{test}-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("web/app")).unwrap();
        std::fs::write(folder.join("web/app/package.json"), "{\"scripts\": {\"test\": \"jest\"}}").unwrap();
        let settings =
            "[x]\nfolder = 'web/app'\nversion = '22.1.0'\nenv = ['TZ=Europe/Paris', 'A=\"b\"']\noutputs = ['dist']";
        let found = Project::find(&folder, &config::read(settings).unwrap()["x"]).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        found
    }

    #[test]
    fn inputs_name_what_is_fetched_and_what_is_left_out() {
        let text = inputs(&project("inputs"), &["sub".to_owned()]);
        for part in [
            "\"rcrepro.toml\", ",
            "\"sub\", ",
            "images/node-22-1-0.toml\"",
            "kind = \"npm-packages\"",
            "directory = \"web/app\"",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn worlds_take_turns_in_changing_order() {
        let text = commands(&project("turns"), ["", "world = \"machine\""], 2);
        let ids: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("id = ")).collect();
        assert_eq!(ids, ["\"setup\"", "\"inside-1\"", "\"outside-1\"", "\"outside-2\"", "\"inside-2\""]);
        assert_eq!(text.matches("world = \"machine\"").count(), 2);
        assert!(text.contains("outputs = [\"web/app/node_modules\", \"web/app/dist\"]"), "{text}");
        assert!(text.contains("env = { TZ = \"Europe/Paris\", A = \"\\\"b\\\"\" }"), "{text}");
        assert!(text.contains("run = \"cd web/app && node_modules/.bin/jest --json\""), "{text}");
    }
}
