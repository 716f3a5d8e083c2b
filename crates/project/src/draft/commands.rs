//! Which commands a plan runs: those of CI where they can be told, else the usual ones of each tool.

use super::packages;
use super::planned::{PlannedCommand, audit_input, ci_lines, go_inputs, granted, is_planned, within, word};
use crate::go::GoModule;
use crate::joined;
use crate::npm::PackageManager;
use crate::others::ReleaseScript;
use crate::survey::ProjectSurvey;

/// Plans the commands, those first that others need.
pub(super) fn plan(project: &ProjectSurvey) -> Vec<PlannedCommand> {
    let mut planned: Vec<PlannedCommand> = Vec::new();
    for package in &project.packages {
        planned.extend(packages::of_package(project, package));
    }
    for module in &project.modules {
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
        match &package.lock {
            Some((PackageManager::Npm, lock)) if lock.ends_with("npm-shrinkwrap.json") => found.push(format!(
                "{lock}: only package-lock.json can be frozen, so that no command of this package is planned"
            )),
            Some((PackageManager::Npm, _)) => {}
            Some((manager, lock)) => found.push(format!(
                "{lock}: packages of {} cannot be frozen yet, so that no command of this package is planned",
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
    found.extend(project.unread.iter().map(|path| format!("{path}: cannot be read as what it is, and is left out")));
    found.extend(
        project.others.iter().map(|path| format!("{path}: its language is not known here, and is not planned")),
    );
    if let Some(workspace) = &project.workspace {
        found.push(format!("{}: a workspace of {}; each module is planned by itself", workspace.place, workspace.text));
    }
    found
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
    for embed in
        module.missing_embeds.iter().filter(|embed| !before.iter().any(|command| command.outputs.contains(&embed.path)))
    {
        comments.push(format!(
            "{}: TODO: `//go:embed {}` matches no tracked file; name the command that makes it in `needs`",
            embed.place, embed.pattern
        ));
    }
    let command = |id: &str, run: String| {
        let mut command = PlannedCommand::new("backend", project.named(id, folder), run, "go");
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
    let words: Vec<&str> = run.split_whitespace().collect();
    let is_json = words.contains(&"-json");
    test.normalizer = Some(match (is_json, words.contains(&"-v")) {
        (true, _) => "go-test-json",
        (false, true) => "go-test-v",
        (false, false) => "go-test",
    });
    let (limit, why) = granted(whole.or(lines.first()).copied()).unzip();
    test.timeout = limit;
    test.comments.extend(why.or_else(|| whole.map(|line| line.line.place.to_string())));
    for line in lines.iter().filter(|line| whole.is_none_or(|whole| whole.line.text != line.line.text)) {
        test.comments.push(format!("{}: CI also runs `{}`", line.line.place, line.line.text));
    }
    vec![test]
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
    for module in &project.modules {
        let mut scan = PlannedCommand::new(
            "security",
            project.named("govulncheck", &module.folder),
            within(&module.folder, "govulncheck ./..."),
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
    for package in project.packages.iter().filter(|package| is_planned(package)) {
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
