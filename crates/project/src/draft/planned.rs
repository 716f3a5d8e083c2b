//! What plans of modules, packages and scans have in common: a command, its inputs, and the lines of CI for it.

use crate::ci::CiLine;
use crate::go::GoModule;
use crate::is_example;
use crate::npm::{NpmPackage, PackageManager};
use crate::survey::ProjectSurvey;
use rcrepro_shell::quoted;

/// A command of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PlannedCommand {
    pub(super) set: &'static str,
    pub(super) id: String,
    pub(super) run: String,
    pub(super) image: &'static str,
    pub(super) frozen: Vec<String>,
    pub(super) needs: Vec<String>,
    pub(super) outputs: Vec<String>,
    pub(super) normalizers: Vec<&'static str>,
    /// The normalizers of standard error.
    pub(super) errors_normalizers: Vec<&'static str>,
    pub(super) timeout: Option<String>,
    pub(super) memory: Option<String>,
    /// Why the wall clock stands, where the tool is known to do without one that flows and nothing in the plan's own rules says so.
    pub(super) stands_because: Option<&'static str>,
    /// Whether the tool's output proves nothing that rcrepro knows.
    pub(super) only_exit_code: bool,
    pub(super) comments: Vec<String>,
}

impl PlannedCommand {
    pub(super) fn new(set: &'static str, id: String, run: String, image: &'static str) -> Self {
        Self {
            set,
            id,
            run,
            image,
            frozen: Vec::new(),
            needs: Vec::new(),
            outputs: Vec::new(),
            normalizers: Vec::new(),
            errors_normalizers: Vec::new(),
            timeout: None,
            memory: None,
            stands_because: None,
            only_exit_code: false,
            comments: Vec::new(),
        }
    }
}

/// Whether a package is part of a release and has a lock that can be frozen.
pub(super) fn is_planned(package: &NpmPackage) -> bool {
    !is_example(&package.lock_or_manifest())
        && package.member_of.is_none()
        && package
            .lock
            .as_ref()
            .is_some_and(|(manager, lock)| *manager != PackageManager::Bun && !lock.ends_with("npm-shrinkwrap.json"))
}

/// Whether an audit of a package can be recorded: only npm's can.
pub(super) fn is_audited(package: &NpmPackage) -> bool {
    is_planned(package) && matches!(&package.lock, Some((PackageManager::Npm, _)))
}

/// Names the frozen input with a module's dependencies.
pub(super) fn modules_input(project: &ProjectSurvey, module: &GoModule) -> String {
    project.named("gomod", &module.folder)
}

/// Names the frozen inputs of a module's commands: its dependencies and what is compiled of them, or the compiled standard library
/// alone where its dependencies are in the source, or there are none.
pub(super) fn go_inputs(project: &ProjectSurvey, module: &GoModule) -> Vec<String> {
    match module.requires > 0 && !module.is_vendored {
        true => vec![modules_input(project, module), cache_input(project, module)],
        false => vec!["gostd".to_owned()],
    }
}

/// Names the frozen input with what is compiled of a module's dependencies.
pub(super) fn cache_input(project: &ProjectSurvey, module: &GoModule) -> String {
    project.named("gocache", &module.folder)
}

/// Names the frozen input with a package's dependencies.
pub(super) fn packages_input(project: &ProjectSurvey, package: &NpmPackage) -> String {
    project.named("npm", &package.folder)
}

/// Names the frozen input with the registry's answers to an audit.
pub(super) fn audit_input(project: &ProjectSurvey, package: &NpmPackage) -> String {
    project.named("advisories", &package.folder)
}

/// Writes a line for a folder.
pub(super) fn within(folder: &str, line: &str) -> String {
    if folder.is_empty() { line.to_owned() } else { format!("cd {} && {line}", word(folder)) }
}

/// Writes a path as one word of a shell that cannot be taken for an option.
pub(super) fn word(path: &str) -> String {
    let path = if path.starts_with('-') { format!("./{path}") } else { path.to_owned() };
    let is_plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | '@' | '%' | ',' | ':' | '=');
    if path.chars().all(is_plain) { path } else { quoted(&path) }
}

/// Finds plain lines of CI for a folder that begin with these words, each text once.
pub(super) fn ci_lines<'a>(project: &'a ProjectSurvey, folder: &str, begins: &[&str]) -> Vec<&'a CiLine> {
    let mut found: Vec<&CiLine> = Vec::new();
    for line in &project.ci {
        let fits = line.is_plain() && line.folder.as_deref() == Some(folder) && line.begins(begins);
        if fits && !found.iter().any(|known| known.line.text == line.line.text) {
            found.push(line);
        }
    }
    found
}

/// The time that CI grants, and where it says so; none where it grants no time of its own, so that the default of the engine's
/// machine applies.
pub(super) fn granted(line: Option<&CiLine>) -> Option<(String, String)> {
    let line = line?;
    let minutes = line.minutes?;
    Some((format!("{minutes}m"), format!("{}: the job may take {minutes} minutes", line.line.place)))
}
