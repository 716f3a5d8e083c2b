//! `cargo xtask campaign`: does the pinned world change the verdict of a test? Measured on projects that are not ours.
//!
//! Each checkout is cloned, gets a plan with its own test line, and is run several times in two worlds, inside the pinned one
//! and outside of it, in one image with one set of limits. Then each test's verdicts are compared by its name.

mod arguments;
mod config;
mod json;
mod judge;
mod measure;
mod plan;
mod project;
mod reports;
mod scratch;
mod site;
mod table;
mod toolchain;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use arguments::Arguments;
use config::ProjectSettings;
use project::Project;
use scratch::ScratchClone;
use site::CampaignSite;
use table::{ProjectOutcome, Refused, WorldComparison};

use crate::engine;
use crate::machine;
use crate::refusal::Refusal;

/// Runs every checkout, prints what is found as it comes, and writes the table.
///
/// # Errors
/// Exit 2 for a wrong command line or configuration, 4 when there is no engine.
pub fn run(root: &Path, words: &[&str]) -> Result<ExitCode, Refusal> {
    let arguments = Arguments::read(words)?;
    let mut tables = match &arguments.config {
        None => BTreeMap::new(),
        Some(file) => {
            let text = fs::read_to_string(file).map_err(|error| error.to_string());
            let read = text.and_then(|text| config::read(&text));
            read.map_err(|error| Refusal::usage(&format!("error: {}: {error}", file.display())))?
        }
    };
    for (name, line) in &arguments.lines {
        tables.entry(name.clone()).or_default().set_test(line);
    }
    engine::ensure(root)?;
    crate::demo::ensure_client_configuration()?;
    let place = CampaignSite { base: root.join("target/xtask/campaign"), rcrepro: program(root, &arguments)? };
    toolchain::copy_images(&place, root).map_err(Refusal::machine)?;
    let worlds = [arguments.inside.as_str(), arguments.outside.as_str()];
    let mut outcomes = Vec::new();
    for checkout in &arguments.checkouts {
        let outcome = one(&place, checkout, &tables, &arguments);
        print!("{}", table::text(&outcome));
        outcomes.push(outcome);
        // Written each time: a campaign takes hours, and what was measured is not lost with the rest.
        if let Some(file) = &arguments.markdown {
            let written = fs::write(file, table::markdown(&outcomes, worlds));
            written.map_err(|error| Refusal::machine(format!("cannot write {}: {error}", file.display())))?;
        }
    }
    print!("\n{}", table::markdown(&outcomes, worlds));
    Ok(table::code(&outcomes))
}

fn program(root: &Path, arguments: &Arguments) -> Result<std::path::PathBuf, Refusal> {
    if let Some(program) = &arguments.rcrepro {
        return program.canonicalize().map_err(|error| Refusal::machine(format!("no {}: {error}", program.display())));
    }
    let status = machine::cargo(root).args(["build", "--quiet", "--package", "rcrepro"]).status();
    if !status.is_ok_and(|status| status.success()) {
        return Err(Refusal::check("rcrepro does not build"));
    }
    Ok(root.join("target/debug/rcrepro"))
}

fn one(
    place: &CampaignSite,
    checkout: &Path,
    tables: &BTreeMap<String, ProjectSettings>,
    arguments: &Arguments,
) -> ProjectOutcome {
    let path = checkout.canonicalize().unwrap_or_else(|_| checkout.to_owned());
    let name = path.file_name().map_or_else(|| "project".to_owned(), |name| name.to_string_lossy().into_owned());
    let settings = tables.get(&name).cloned().unwrap_or_default();
    let mut outcome = ProjectOutcome { name, commit: String::new(), tool: String::new(), result: Err(Refused::Empty) };
    outcome.result = match settings.text("skip") {
        Some(why) => Err(Refused::Skipped(why.to_owned())),
        None => compare(place, &path, &settings, arguments, &mut outcome),
    };
    outcome
}

fn compare(
    place: &CampaignSite,
    checkout: &Path,
    settings: &ProjectSettings,
    arguments: &Arguments,
    outcome: &mut ProjectOutcome,
) -> Result<WorldComparison, Refused> {
    let project = Project::find(checkout, settings).map_err(Refused::NotRun)?;
    outcome.tool.clone_from(&project.tool);
    let scratch = ScratchClone::prepare(place, checkout, &outcome.name, &project, settings).map_err(Refused::NotRun)?;
    outcome.commit.clone_from(&scratch.commit);
    let worlds = [arguments.inside.as_str(), arguments.outside.as_str()];
    scratch.plan(&plan::commands(&project, worlds, arguments.times)).map_err(Refused::NotRun)?;
    let runs = measure::measure(place, &scratch.folder, &project, arguments.times).map_err(Refused::NotRun)?;
    for (keys, runs) in worlds.iter().zip(&runs) {
        if runs.clocks.contains("real") && !["machine", "real"].iter().any(|word| keys.contains(word)) {
            let why = "this machine cannot pin the wall clock, so that nothing would be compared with nothing";
            return Err(Refused::NotRun(why.to_owned()));
        }
    }
    // A run that executed nothing compares with nothing, whatever the others did.
    if runs.iter().flat_map(|runs| &runs.reports).any(|report| report.executed() == 0) {
        return Err(Refused::Empty);
    }
    let [inside, outside] = runs;
    let every = inside.reports.iter().chain(&outside.reports);
    let names: BTreeSet<&String> = every.flat_map(|report| report.tests.keys()).collect();
    Ok(WorldComparison {
        functions: names.iter().filter(|name| !project.form.is_part(name)).count(),
        findings: judge::judge(&inside.reports, &outside.reports),
        times: arguments.times,
        milliseconds: [inside.milliseconds, outside.milliseconds],
        clocks: [inside.clocks, outside.clocks],
    })
}
