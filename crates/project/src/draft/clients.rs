//! How each client of a registry is typed: to install from the lock as it is, to run a script, to run a tool.

use super::planned::{ci_lines, within};
use crate::ci::CiLine;
use crate::npm::{NpmPackage, PackageManager};
use crate::survey::ProjectSurvey;

/// A client of a package, by what is typed.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlannedClient {
    manager: PackageManager,
    is_yarn_1: bool,
}

impl PlannedClient {
    /// Names the client of a package whose lock can be frozen.
    pub(super) fn of(package: &NpmPackage) -> Option<Self> {
        let (manager, lock) = package.lock.as_ref()?;
        let is_known = !lock.ends_with("npm-shrinkwrap.json") && *manager != PackageManager::Bun;
        is_known.then_some(Self { manager: *manager, is_yarn_1: package.is_yarn_1 })
    }

    /// The kind of frozen input with its packages.
    pub(super) const fn kind(self) -> &'static str {
        match self.manager {
            PackageManager::Pnpm => "pnpm-packages",
            PackageManager::Yarn => "yarn-packages",
            PackageManager::Npm | PackageManager::Bun => "npm-packages",
        }
    }

    /// The program's name.
    pub(super) const fn name(self) -> &'static str {
        self.manager.as_str()
    }

    pub(super) const fn is_npm(self) -> bool {
        matches!(self.manager, PackageManager::Npm)
    }

    /// The line that installs, and CI's where it is made of that. Progress and durations differ from run to run, and are left out:
    /// by a flag at its end or, for yarn 2 and later, a variable before the call.
    pub(super) fn install<'a>(self, project: &'a ProjectSurvey, folder: &str) -> (String, Option<&'a CiLine>) {
        let (usual, frozen, before, after) = match (self.manager, self.is_yarn_1) {
            (PackageManager::Pnpm, _) => ("pnpm install", "--frozen-lockfile", "", "--reporter=silent"),
            (PackageManager::Yarn, true) => ("yarn install", "--frozen-lockfile", "", "--silent"),
            (PackageManager::Yarn, false) => ("yarn install", "--immutable", "YARN_ENABLE_TIMERS=0", ""),
            _ => return (within(folder, "npm ci"), None),
        };
        let in_ci = ci_lines(project, folder, &usual.split(' ').collect::<Vec<_>>());
        let is_frozen = |line: &&&CiLine| line.words().iter().any(|word| word == frozen);
        let in_ci = in_ci.iter().find(is_frozen).copied();
        let line = in_ci.map_or_else(|| format!("{usual} {frozen}"), |line| line.line.text.clone());
        let line = if line.contains(before) { line } else { line.replacen(usual, &format!("{before} {usual}"), 1) };
        let line = if line.contains(after) { line } else { format!("{line} {after}") };
        (within(folder, &line), in_ci)
    }

    /// The line that runs a tool of the package.
    pub(super) fn tool(self, line: &str) -> String {
        match (self.manager, self.is_yarn_1) {
            (PackageManager::Pnpm, _) => format!("pnpm exec {line}"),
            (PackageManager::Yarn, false) => format!("yarn run {line}"),
            _ => format!("npx {line}"),
        }
    }

    /// A line that npx runs a tool by, as this client does.
    pub(super) fn instead_of_npx(self, line: &str) -> String {
        line.replacen("npx ", &self.tool(""), 1)
    }

    /// The line that runs a script. Yarn 1 would end it with how long it took.
    pub(super) fn script(self, name: &str) -> String {
        match (self.manager, self.is_yarn_1) {
            (PackageManager::Yarn, true) => format!("yarn --silent run {name}"),
            _ => format!("{} run {name}", self.name()),
        }
    }

    /// The script that a line of CI runs with this client.
    pub(super) fn script_of(self, line: &CiLine) -> Option<String> {
        let words = line.words();
        let mut words = words.iter().map(String::as_str).skip_while(|word| word.starts_with('-'));
        if words.next() != Some(self.name()) {
            return None;
        }
        let first = words.next()?;
        match first {
            "run" => words.next().map(str::to_owned),
            // Only npm wants `run` before it.
            _ if self.is_npm() => None,
            script => Some(script.to_owned()),
        }
    }
}
