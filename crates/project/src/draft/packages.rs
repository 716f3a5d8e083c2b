//! Which commands a plan runs of a package of npm, pnpm or yarn.

use super::clients::PlannedClient;
use super::images::toolchains;
use super::planned::{PlannedCommand, ci_lines, granted, is_planned, packages_input, within, word};
use super::scripts::{
    ScriptTool, drives_a_browser, is_vite_build, is_webpack_build, tool_script, wanted_memory, whole_tests,
};
use crate::npm::NpmPackage;
use crate::seen::SeenText;
use crate::survey::ProjectSurvey;
use crate::{joined, lies_in};

/// Plans what is run of a package: its installation, its build, its tests and types, and the scripts that CI runs.
pub(super) fn of_package(project: &ProjectSurvey, package: &NpmPackage) -> Vec<PlannedCommand> {
    let folder = package.folder.as_str();
    let mut planned = Vec::new();
    let Some(client) = PlannedClient::of(package).filter(|_| is_planned(package)) else { return planned };
    let install = install_of_package(project, package, client);
    let installed = Installed { client, install: install.id.clone(), frozen: frozen_of(project, package, client) };
    planned.push(install);
    planned.extend(build_of_package(project, package, &installed));
    let command = |id: &str, line: &str| {
        let run = within(folder, line);
        installed.command("frontend", project.named(id, folder), run)
    };
    planned.extend(tests_of_package(project, package, client, &command));
    planned.extend(types_of_package(package, client, &command));
    let scripts = scripts_in_ci(project, package, &installed, &planned);
    planned.extend(scripts);
    planned
}

/// Plans the check of types, one for each configuration that names files. Only Vue's own checker reads components of Vue.
fn types_of_package(
    package: &NpmPackage,
    client: PlannedClient,
    command: &dyn Fn(&str, &str) -> PlannedCommand,
) -> Vec<PlannedCommand> {
    let is_vue = package.uses("vue-tsc");
    if !is_vue && !package.uses("typescript") {
        return Vec::new();
    }
    let tool = if is_vue { "vue-tsc" } else { "tsc" };
    let mut planned: Vec<PlannedCommand> = Vec::new();
    for configuration in &package.type_configurations {
        let kind = id_of(&configuration.replace("tsconfig", "").replace(".json", ""));
        let id = if kind.is_empty() { tool.to_owned() } else { format!("{tool}-{kind}") };
        let line = client.tool(&format!("{tool} --noEmit -p {}", word(configuration)));
        let mut types = command(&id, &line);
        if planned.iter().any(|known| known.id == types.id) {
            types.id = format!("{}-{}", types.id, planned.len() + 1);
        }
        types.only_exit_code = is_vue;
        types.comments.push(joined(&package.folder, configuration));
        planned.push(types);
    }
    planned
}

/// What every command of a package has in common.
struct Installed {
    client: PlannedClient,
    /// The id of the command that installs.
    install: String,
    /// The frozen input, where the client itself comes from it.
    frozen: Vec<String>,
}

impl Installed {
    fn command(&self, set: &'static str, id: String, run: String) -> PlannedCommand {
        let mut command = PlannedCommand::new(set, id, run, "node");
        command.needs = vec![self.install.clone()];
        command.frozen.clone_from(&self.frozen);
        command
    }
}

fn frozen_of(project: &ProjectSurvey, package: &NpmPackage, client: PlannedClient) -> Vec<String> {
    if client.is_npm() { Vec::new() } else { vec![packages_input(project, package)] }
}

fn install_of_package(project: &ProjectSurvey, package: &NpmPackage, client: PlannedClient) -> PlannedCommand {
    let folder = package.folder.as_str();
    let (id, (line, in_ci)) = match client.is_npm() {
        true => ("npm-ci".to_owned(), client.install(project, folder)),
        false => (format!("{}-install", client.name()), client.install(project, folder)),
    };
    let mut install = PlannedCommand::new("install", project.named(&id, folder), line, "node");
    install.frozen = vec![packages_input(project, package)];
    install.outputs = package.installs.iter().map(|folder| joined(folder, "node_modules")).collect();
    if client.is_npm() {
        install.normalizers = vec!["npm-ci"];
        // It warns of deprecated packages in the order in which it unpacked them.
        install.errors_normalizers = vec!["npm-warnings"];
    }
    install.only_exit_code = !client.is_npm();
    install.comments.extend(package.lock.iter().map(|(_, lock)| lock.clone()));
    install.comments.extend(package.package_manager.iter().map(|seen| format!("{}: {}", seen.place, seen.text)));
    install.comments.extend(in_ci.map(|line| line.line.place.to_string()));
    install.comments.extend(scripts_at_install(package));
    if let Some(place) = &package.workspaces {
        let todo = "TODO: `node_modules` in folders of workspaces, if yarn makes any, in `outputs`";
        let todo = if client.name() == "yarn" { format!("; {todo}") } else { String::new() };
        install.comments.push(format!("{place}: workspaces{todo}"));
    }
    install
}

/// Says which packages run scripts when they are installed: without a network, what those download is out of reach.
fn scripts_at_install(package: &NpmPackage) -> Option<String> {
    const NAMED: usize = 3;
    let (_, lock) = package.lock.as_ref().filter(|_| !package.install_scripts.is_empty())?;
    let names: Vec<String> = package.install_scripts.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    let more = package.install_scripts.len() - names.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some(format!(
        "{lock}: scripts run at the installation of {}{more}; if one fails because it downloads something: `npm ci --ignore-scripts`",
        names.join(", ")
    ))
}

/// Plans the tests: those of a runner that is known by the script that CI runs of it, else the script `test`.
fn tests_of_package(
    project: &ProjectSurvey,
    package: &NpmPackage,
    client: PlannedClient,
    command: &dyn Fn(&str, &str) -> PlannedCommand,
) -> Option<PlannedCommand> {
    let in_ci = ci_lines(project, &package.folder, &[client.name()]);
    for tool in [ScriptTool::Vitest, ScriptTool::Jest, ScriptTool::NodeTest] {
        let found = whole_tests(package, tool, &in_ci);
        // Node is there without being a package.
        if (tool == ScriptTool::NodeTest || !package.uses(tool.as_str())) && found.is_none() {
            continue;
        }
        let usual = if tool == ScriptTool::Vitest { "npx vitest run" } else { "npx jest" };
        let line = client.instead_of_npx(found.as_ref().map_or(usual, |(_, script)| script.line.as_str()));
        let id = if tool == ScriptTool::NodeTest { "node-test" } else { tool.as_str() };
        let mut test = command(id, &line);
        let named = |script: &&SeenText| script.text.split_whitespace().any(|word| word == tool.as_str());
        let script = found.map(|(seen, _)| seen).or_else(|| package.scripts.values().find(named));
        test.memory = script.and_then(|script| wanted_memory(&script.text));
        test.comments.extend(script.map(|script| format!("{}: `{}`", script.place, script.text)));
        match tool {
            ScriptTool::Vitest if test.run.contains("--reporter") => {}
            // Vitest 4 prints colours even into a pipe.
            ScriptTool::Vitest => test.normalizers = vec!["sgr", "vitest"],
            ScriptTool::NodeTest => test.normalizers = node_report(project, &line).into_iter().collect(),
            _ => test.errors_normalizers = vec!["jest"],
        }
        return Some(test);
    }
    let script = package.scripts.get("test")?;
    if script.text.contains("no test specified") || drives_a_browser(script) {
        return None;
    }
    let line = if client.is_npm() { "npm test".to_owned() } else { client.script("test") };
    let mut test = command(&format!("{}-test", client.name()), &line);
    test.only_exit_code = true;
    test.memory = wanted_memory(&script.text);
    test.comments.push(format!("{}: `{}`", script.place, script.text));
    Some(test)
}

/// Names the normalizer of what `node --test` prints into a pipe: TAP before Node 23, then the report for people.
fn node_report(project: &ProjectSurvey, line: &str) -> Option<&'static str> {
    const REPORTER: &str = "--test-reporter";
    let mut words = line.split_whitespace().skip_while(|word| word.split('=').next() != Some(REPORTER));
    let chosen =
        words.next().and_then(|word| word.split_once('=').map_or_else(|| words.next(), |(_, name)| Some(name)));
    let node = toolchains(project).node.version;
    let major: Option<u32> = node.split('.').next().and_then(|major| major.parse().ok());
    match chosen {
        None if major.is_some_and(|major| major < 23) => Some("tap"),
        None | Some("spec") => Some("node-spec"),
        Some("tap") => Some("tap"),
        Some("junit") => Some("junit"),
        Some(_) => None,
    }
}

/// Parts of the names of scripts that end only when a person ends them.
const ENDLESS: [&str; 6] = ["dev", "preview", "serve", "start", "storybook", "watch"];
/// Parts of the names of scripts that hand something to others, with a network and credentials.
const PUBLISHES: [&str; 5] = ["deploy", "publish", "release", "sign", "upload"];

/// Plans the scripts that CI runs, but for those whose work is planned by its tool already.
fn scripts_in_ci(
    project: &ProjectSurvey,
    package: &NpmPackage,
    installed: &Installed,
    before: &[PlannedCommand],
) -> Vec<PlannedCommand> {
    let folder = package.folder.as_str();
    let is_planned_by_tool = |script: &SeenText| {
        let tools = [("vitest", "vitest"), ("jest", "jest"), ("tsc", "tsc"), ("vue-tsc", "vue-tsc")];
        let mut words = script.text.split_whitespace().skip_while(|word| *word == "cross-env" || word.contains('='));
        let first = words.next();
        tools.iter().any(|(tool, id)| {
            first == Some(tool) && before.iter().any(|command| command.id == project.named(id, folder))
        })
    };
    let mut planned: Vec<PlannedCommand> = Vec::new();
    let client = installed.client;
    for line in ci_lines(project, folder, &[client.name()]) {
        let words = line.words();
        let name = client.script_of(line);
        let Some((name, script)) = name.and_then(|name| package.scripts.get_key_value(&name)) else { continue };
        // A line that adds nothing to a script runs the script's own tool, whose work is known.
        let adds_nothing = words.last() == Some(name) && !words.iter().any(|word| word.starts_with('-'));
        let behind = tool_script(package, name).filter(|_| adds_nothing);
        let behind = behind.map(|behind| client.instead_of_npx(&behind.line));
        let id = project.named(&format!("{}-{}", client.name(), id_of(name)), folder);
        let run = within(folder, behind.as_ref().unwrap_or(&line.line.text));
        let is_other = name.split([':', '-']).any(|part| ENDLESS.contains(&part) || PUBLISHES.contains(&part));
        let is_known = before.iter().chain(&planned).any(|command| command.run == run || command.id == id);
        if is_other || is_known || drives_a_browser(script) || is_planned_by_tool(script) {
            continue;
        }
        let mut command = installed.command("frontend", id, run);
        command.only_exit_code = behind.is_none();
        command.memory = wanted_memory(&script.text);
        let (limit, why) = granted(Some(line)).unzip();
        command.timeout = limit;
        command.comments.push(line.line.place.to_string());
        command.comments.extend(why);
        command.comments.push(format!("{}: `{}`", script.place, script.text));
        planned.push(command);
    }
    planned
}

/// Writes a script's name as a part of a command's id.
fn id_of(script: &str) -> String {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let parts: Vec<String> = script
        .to_ascii_lowercase()
        .split(|c| !is_plain(c))
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    parts.join("-")
}

/// Plans a package's build: where something embeds what it makes, or CI runs it.
fn build_of_package(project: &ProjectSurvey, package: &NpmPackage, installed: &Installed) -> Option<PlannedCommand> {
    let folder = package.folder.as_str();
    let script = package.scripts.get("build")?;
    let embeds: Vec<_> = project
        .modules
        .iter()
        .flat_map(|module| &module.missing_embeds)
        .filter(|embed| embed.rule.is_none() && makes(project, package, &embed.path))
        .collect();
    let client = installed.client;
    let in_ci = ci_lines(project, folder, &[client.name()]);
    let in_ci: Vec<_> = in_ci.into_iter().filter(|line| client.script_of(line).as_deref() == Some("build")).collect();
    if embeds.is_empty() && in_ci.is_empty() {
        return None;
    }
    let id = project.named(&format!("{}-build", client.name()), folder);
    let mut build = installed.command("frontend-build", id, within(folder, &client.script("build")));
    build.only_exit_code = true;
    build.memory = wanted_memory(&script.text);
    build.stands_because = is_webpack_build(script).then_some("it prints how long it took");
    if is_vite_build(script) {
        build.normalizers = vec!["vite"];
        build.errors_normalizers = vec!["vite"];
    }
    build.timeout = granted(in_ci.first().copied()).map(|(limit, _)| limit);
    build.comments.push(format!("{}: `{}`", script.place, script.text));
    for embed in embeds {
        build.comments.push(format!(
            "{}: `//go:embed {}` is not tracked, so that something has to make it",
            embed.place, embed.pattern
        ));
        if !build.outputs.contains(&embed.path) {
            build.outputs.push(embed.path.clone());
        }
    }
    Some(build)
}

/// Whether a package is the one that makes a path that is embedded: the path lies in its folder, or it is the only package
/// with a build.
fn makes(project: &ProjectSurvey, package: &NpmPackage, path: &str) -> bool {
    let builders: Vec<&NpmPackage> =
        project.packages.iter().filter(|package| package.scripts.contains_key("build")).collect();
    let around =
        builders.iter().filter(|package| lies_in(path, &package.folder)).max_by_key(|package| package.folder.len());
    match around {
        Some(found) if !found.folder.is_empty() => found.folder == package.folder,
        _ => builders.len() == 1 && builders[0].folder == package.folder,
    }
}
