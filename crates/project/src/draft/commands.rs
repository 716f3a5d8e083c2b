//! Which commands a plan runs: those of CI where they can be told, else the usual ones of each tool.

use std::collections::{BTreeMap, BTreeSet};

use super::packages;
use super::planned::{PlannedCommand, audit_input, ci_lines, go_inputs, granted, is_audited, is_planned, within, word};
use super::scripts::drives_a_browser;
use crate::ci::CiLine;
use crate::go::{GoModule, MissingEmbed};
use crate::makefile::FileRule;
use crate::npm::{NpmPackage, PackageManager};
use crate::others::ReleaseScript;
use crate::seen::SeenText;
use crate::survey::ProjectSurvey;
use crate::{is_example, joined};

/// Plans the commands, those first that others need.
pub(super) fn plan(project: &ProjectSurvey) -> Vec<PlannedCommand> {
    let mut planned: Vec<PlannedCommand> = Vec::new();
    for package in &project.packages {
        planned.extend(packages::of_package(project, package));
    }
    for module in project.modules.iter().filter(|module| !module.is_tools) {
        planned.extend(of_module(project, module, &planned));
    }
    planned.extend(of_scripts(project, &planned));
    planned.extend(scans(project, &planned));
    planned
}

/// Says what was seen and is not planned, with its place and the reason.
pub(super) fn not_planned(project: &ProjectSurvey) -> Vec<String> {
    let mut found = Vec::new();
    for package in &project.packages {
        if let Some(why) = left_out(package) {
            found.push(format!("{}: {why}", package.lock_or_manifest()));
            continue;
        }
        match &package.lock {
            Some((PackageManager::Npm, lock)) if lock.ends_with("npm-shrinkwrap.json") => found.push(format!(
                "{lock}: only package-lock.json can be frozen, so that no command of this package is planned"
            )),
            Some((PackageManager::Npm, _)) => {}
            Some((PackageManager::Bun, lock)) => found.push(format!(
                "{lock}: packages of bun cannot be frozen, so that no command of this package is planned"
            )),
            Some((manager, lock)) => found.push(format!(
                "{lock}: no audit is planned, because only npm's can be recorded: {} audit asks its registry",
                manager.as_str()
            )),
            None => found.push(format!(
                "{}: no lock beside it, so that nothing of it can be frozen",
                joined(&package.folder, "package.json")
            )),
        }
    }
    for module in project.modules.iter().filter(|module| module.requires > 0 && !module.has_sums && !module.is_vendored)
    {
        found
            .push(format!("{}: there is no go.sum beside it, which locks what it requires: go mod tidy", module.place));
    }
    let tools = project.modules.iter().filter(|module| module.is_tools);
    found.extend(tools.map(|module| {
        format!(
            "{}: every file wants the tag `tools`, so that there is nothing to build; it is not planned",
            module.place
        )
    }));
    for package in project.packages.iter().filter(|package| is_planned(package)) {
        let browsers = package.scripts.values().filter(|script| drives_a_browser(script));
        found.extend(browsers.map(|script| {
            format!("{}: `{}` drives a browser, which no image has, and is not planned", script.place, script.text)
        }));
    }
    found.extend(project.unread.iter().map(|path| format!("{path}: cannot be read as what it is, and is left out")));
    found.extend(
        project.others.iter().map(|path| format!("{path}: its language is not known here, and is not planned")),
    );
    if let Some(workspace) = &project.workspace {
        found.push(format!("{}: a workspace of {}; each module is planned by itself", workspace.place, workspace.text));
    }
    found
}

/// Says why a package is not looked at more closely.
fn left_out(package: &NpmPackage) -> Option<String> {
    if is_example(&package.lock_or_manifest()) {
        return Some("of an example or of tests of a whole deployment, and not planned".to_owned());
    }
    let outer = package.member_of.as_ref()?;
    Some(format!("not planned, because {outer} installs it as a workspace"))
}

fn of_module(project: &ProjectSurvey, module: &GoModule, before: &[PlannedCommand]) -> Vec<PlannedCommand> {
    let folder = module.folder.as_str();
    let mut comments = Vec::new();
    if let Some(place) = &module.cgo {
        comments.push(format!("{place}: cgo; TODO: C libraries beyond the C library itself have to be in the image"));
    }
    for replaced in &module.local_replaces {
        comments.push(format!("{}: replaced by {}", replaced.place, replaced.text));
    }
    let makers: Vec<String> = before
        .iter()
        .filter(|command| module.missing_embeds.iter().any(|embed| command.outputs.contains(&embed.path)))
        .map(|command| command.id.clone())
        .collect();
    let is_made = |embed: &&MissingEmbed| before.iter().any(|command| command.outputs.contains(&embed.path));
    for embed in module.missing_embeds.iter().filter(|embed| !is_made(embed)) {
        if let Some(rule) = &embed.rule {
            let told = told(embed, rule).into_iter().filter(|line| !comments.contains(line)).collect::<Vec<_>>();
            comments.extend(told);
            continue;
        }
        comments.push(format!(
            "{}: TODO: `//go:embed {}` matches no tracked file; name the command that makes it in `needs`",
            embed.place, embed.pattern
        ));
    }
    let making = making(module);
    let command = |id: &str, run: String| {
        let mut command = PlannedCommand::new("backend", project.named(id, folder), format!("{making}{run}"), "go");
        command.frozen = go_inputs(project, module);
        command.needs.clone_from(&makers);
        command
    };
    let mut build = command("go-build", within(folder, "go build ./..."));
    build.comments = comments;
    build.timeout = granted(ci_lines(project, folder, &["go", "build"]).first().copied()).map(|(limit, _)| limit);
    let mut planned = vec![build];
    let vets = ci_lines(project, folder, &["go", "vet"]);
    for line in vets.iter().take(1) {
        let mut vet = command("go-vet", within(folder, &line.line.text));
        vet.comments.push(line.line.place.to_string());
        planned.push(vet);
    }
    if module.tests > 0 {
        planned.extend(tests_of_module(project, module, &command));
    }
    planned
}

/// Writes what makes the files that are embedded and not tracked, in front of each line that compiles: what a rule makes, such as a
/// certificate, may be other bytes each time, and would make another action of every command that needed it.
fn making(module: &GoModule) -> String {
    let mut targets: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for rule in module.missing_embeds.iter().filter_map(|embed| embed.rule.as_ref()) {
        targets.entry(&rule.folder).or_default().insert(&rule.target);
    }
    let line = |(folder, targets): (&str, BTreeSet<&str>)| {
        let targets: Vec<String> = targets.into_iter().map(word).collect();
        let within = if folder.is_empty() { String::new() } else { format!("-C {} ", word(folder)) };
        format!("make -s {within}{} && ", targets.join(" "))
    };
    targets.into_iter().map(line).collect()
}

/// Programs that images have which commands of Go run in.
const IN_IMAGE: [&str; 32] = [
    "[", "awk", "bash", "cat", "chmod", "cp", "cut", "date", "diff", "echo", "env", "find", "gcc", "git", "go",
    "gofmt", "grep", "gzip", "head", "ln", "ls", "mkdir", "mv", "printf", "rm", "sed", "sh", "sort", "tar", "test",
    "touch", "tr",
];

/// Says which rule makes what is embedded, and what it wants of the image.
fn told(embed: &MissingEmbed, rule: &FileRule) -> Vec<String> {
    let place = rule.recipe.first().map(|line| line.place.to_string()).unwrap_or_default();
    let mut lines = vec![format!("{place}: the rule for `{}`, which {} embeds", rule.target, embed.place)];
    let missing = rule.programs().into_iter().filter(|name| !IN_IMAGE.contains(name));
    lines.extend(missing.map(|name| {
        let calls = |line: &&SeenText| line.text.split_whitespace().next() == Some(name);
        let place = rule.recipe.iter().find(calls).map_or_else(|| place.clone(), |line| line.place.to_string());
        match package_of(name) {
            Some(_) => format!("{place}: `{name}`, for which images/base.toml has its package"),
            None => {
                format!("{place}: TODO: `{name}` has to be in the image: its package in `packages` of images/base.toml")
            }
        }
    }));
    lines
}

/// Debian's packages of programs that makefiles call, by the program.
const PACKAGES: [(&str, &str); 10] = [
    ("bc", "bc"),
    ("cmake", "cmake"),
    ("curl", "curl"),
    ("jq", "jq"),
    ("openssl", "openssl"),
    ("protoc", "protobuf-compiler"),
    ("python3", "python3"),
    ("rsync", "rsync"),
    ("unzip", "unzip"),
    ("zip", "zip"),
];

fn package_of(program: &str) -> Option<&'static str> {
    PACKAGES.iter().find(|(name, _)| *name == program).map(|(_, package)| *package)
}

/// Lists the packages that the base image needs for the rules that make what is embedded.
pub(super) fn base_packages(project: &ProjectSurvey) -> BTreeSet<&'static str> {
    let embeds = project.modules.iter().filter(|module| !module.is_tools).flat_map(|module| &module.missing_embeds);
    let rules = embeds.filter_map(|embed| embed.rule.as_ref());
    rules.flat_map(FileRule::programs).filter(|name| !IN_IMAGE.contains(name)).filter_map(package_of).collect()
}

fn tests_of_module(
    project: &ProjectSurvey,
    module: &GoModule,
    command: &dyn Fn(&str, String) -> PlannedCommand,
) -> Vec<PlannedCommand> {
    let folder = module.folder.as_str();
    let lines = ci_lines(project, folder, &["go", "test"]);
    let whole = lines.iter().find(|line| line.words().iter().any(|word| matches!(word.as_str(), "./..." | ".")));
    let run = whole.map_or_else(|| "go test ./... -count=1".to_owned(), |line| line.line.text.clone());
    let mut test = command("go-test", within(folder, &run));
    let words: Vec<String> = run.split_whitespace().map(str::to_owned).collect();
    test.normalizers = vec![go_test_normalizer(&words)];
    let (limit, why) = granted(whole.or(lines.first()).copied()).unzip();
    test.timeout = limit;
    test.comments.extend(why.or_else(|| whole.map(|line| line.line.place.to_string())));
    let mut more: Vec<PlannedCommand> = Vec::new();
    for line in lines.iter().filter(|line| whole.is_none_or(|whole| whole.line.text != line.line.text)) {
        let id = format!("go-test-{}", more.len() + 2);
        if is_another_build(line, &words) {
            let mut other = command(&id, within(folder, &line.line.text));
            other.normalizers = vec![go_test_normalizer(&line.words())];
            other.timeout = granted(Some(line)).map(|(limit, _)| limit);
            other.comments.push(line.line.place.to_string());
            more.push(other);
        } else {
            test.comments.push(format!("{}: CI also runs `{}`", line.line.place, line.line.text));
        }
    }
    more.insert(0, test);
    more
}

fn go_test_normalizer(words: &[String]) -> &'static str {
    let has = |flag: &str| words.iter().any(|word| word == flag);
    match (has("-json"), has("-v")) {
        (true, _) => "go-test-json",
        (false, true) => "go-test-v",
        (false, false) => "go-test",
    }
}

/// Whether a line of CI tests another build than the one that is planned, by its tags or for races, and runs tests and not
/// benchmarks. What only names fewer packages is tested already.
fn is_another_build(line: &CiLine, planned: &[String]) -> bool {
    let words = line.words();
    let build = |words: &[String]| -> Vec<String> {
        let tags = words.iter().enumerate().filter(|(_, word)| word.trim_start_matches('-').starts_with("tags"));
        let tags = tags.flat_map(|(at, _)| words[at..].iter().take(2).take_while(|word| !word.starts_with("./")));
        tags.cloned().chain(words.iter().filter(|word| *word == "-race").cloned()).collect()
    };
    let measures = ["-bench", "-fuzz", "-c", "-list"];
    let is_measured = |word: &String| measures.iter().any(|flag| word.split('=').next() == Some(flag));
    !words.iter().any(is_measured) && build(&words) != build(planned)
}

fn of_scripts(project: &ProjectSurvey, before: &[PlannedCommand]) -> Vec<PlannedCommand> {
    let go = before.iter().find(|command| command.set == "backend");
    let image = if go.is_some() && !project.packages.is_empty() {
        "go-node"
    } else if go.is_some() {
        "go"
    } else {
        "node"
    };
    let command = |(purpose, path): &(ReleaseScript, String)| {
        let (set, id) = match purpose {
            ReleaseScript::Conformance => ("conformance", "conformance-smoke"),
            ReleaseScript::Build => ("artifacts", "build-release"),
            ReleaseScript::Validate => ("artifacts", "validate-release"),
        };
        let mut command = PlannedCommand::new(set, id.to_owned(), format!("bash {}", word(path)), image);
        command.frozen = go.map(|command| command.frozen.clone()).unwrap_or_default();
        command.only_exit_code = true;
        command.comments.push(format!("{path}: TODO: its arguments, what it needs, and its outputs"));
        command
    };
    project.scripts.iter().filter(|(purpose, _)| *purpose == ReleaseScript::Conformance).map(command).collect()
}

/// Says where it finds something, and not what.
const GITLEAKS: &str = "gitleaks detect --no-git --source . --verbose --redact";

fn scans(project: &ProjectSurvey, before: &[PlannedCommand]) -> Vec<PlannedCommand> {
    let mut planned = Vec::new();
    let in_ci = ci_lines(project, "", &["gitleaks"]);
    let gitleaks_line = in_ci.first().map(|line| line.line.text.as_str());
    let mut leaks =
        PlannedCommand::new("security", "gitleaks".into(), gitleaks_line.unwrap_or(GITLEAKS).to_owned(), "gitleaks");
    leaks.comments.extend(project.scanner_files.iter().map(|place| format!("{place} changes what it reports")));
    planned.push(leaks);
    for module in project.modules.iter().filter(|module| !module.is_tools) {
        let mut scan = PlannedCommand::new(
            "security",
            project.named("govulncheck", &module.folder),
            format!("{}{}", making(module), within(&module.folder, "govulncheck ./...")),
            "govulncheck",
        );
        let build = project.named("go-build", &module.folder);
        if let Some(build) = before.iter().find(|command| command.id == build) {
            scan.frozen.clone_from(&build.frozen);
            scan.needs.clone_from(&build.needs);
        }
        scan.frozen.push("vulndb".to_owned());
        planned.push(scan);
    }
    for package in project.packages.iter().filter(|package| is_audited(package)) {
        let mut audit = PlannedCommand::new(
            "security",
            project.named("npm-audit", &package.folder),
            within(&package.folder, "npm audit --omit=dev"),
            "node",
        );
        audit.frozen = vec![audit_input(project, package)];
        planned.push(audit);
    }
    planned
}
