//! Node: packages with their locks, scripts and tools.
//!
//! Source: npm Docs, "package.json"; "package-lock.json".

use std::collections::{BTreeMap, BTreeSet};

use crate::seen::{Place, SeenText};
use crate::{TrackedFiles, folder_of, joined, lies_in, name_of};
use rcrepro_format::syntax::jsonc;
use rcrepro_format::syntax::node::SyntaxNode;
use rcrepro_pins::syntax::yaml;

/// Who installs a package's dependencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PackageManager {
    /// npm, with `package-lock.json` or `npm-shrinkwrap.json`.
    Npm,
    /// pnpm, with `pnpm-lock.yaml`.
    Pnpm,
    /// yarn, with `yarn.lock`.
    Yarn,
    /// bun, with `bun.lock` or `bun.lockb`.
    Bun,
}

impl PackageManager {
    const LOCKS: [(&'static str, Self); 6] = [
        ("package-lock.json", Self::Npm),
        ("npm-shrinkwrap.json", Self::Npm),
        ("pnpm-lock.yaml", Self::Pnpm),
        ("yarn.lock", Self::Yarn),
        ("bun.lock", Self::Bun),
        ("bun.lockb", Self::Bun),
    ];

    /// The program's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pnpm => "pnpm",
            Self::Yarn => "yarn",
            Self::Bun => "bun",
        }
    }
}

/// A package that is installed by itself: it has a lock, or lies in no workspace of another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NpmPackage {
    /// The folder of its `package.json`; empty for the project's own.
    pub folder: String,
    /// The lock beside it, and who reads that.
    pub lock: Option<(PackageManager, String)>,
    /// `packageManager`.
    pub package_manager: Option<SeenText>,
    /// `workspaces`, or pnpm's file for them.
    pub workspaces: Option<Place>,
    /// The folders, from the project's, in which the client installs: its own first, then those of workspaces that the lock tells.
    pub installs: Vec<String>,
    /// The packages that run scripts when npm installs them on Linux, as the lock tells.
    pub install_scripts: BTreeSet<String>,
    /// The lock of another package that installs it as one of its workspaces, so that its own one counts for nothing.
    pub member_of: Option<String>,
    /// Whether the lock is one of yarn 1.
    pub is_yarn_1: bool,
    /// `scripts` by name.
    pub scripts: BTreeMap<String, SeenText>,
    /// The names of all direct dependencies, those of its workspaces too.
    pub dependencies: BTreeSet<String>,
    /// The configurations of TypeScript that name files, by their paths from its folder: `tsconfig.json`, or those that it refers to.
    pub type_configurations: Vec<String>,
}

impl NpmPackage {
    /// The path of its lock, else of its `package.json`.
    #[must_use]
    pub fn lock_or_manifest(&self) -> String {
        self.lock.as_ref().map_or_else(|| joined(&self.folder, "package.json"), |(_, lock)| lock.clone())
    }

    /// Whether a package is a direct dependency.
    #[must_use]
    pub fn uses(&self, name: &str) -> bool {
        self.dependencies.contains(name)
    }
}

/// Finds the packages that are installed by themselves.
#[must_use]
pub fn packages(files: &dyn TrackedFiles) -> Vec<NpmPackage> {
    let all: Vec<NpmPackage> = files
        .paths()
        .iter()
        .filter(|path| name_of(path) == "package.json" && !is_ignored(path))
        .filter_map(|path| package(files, path))
        .collect();
    let mut own: Vec<NpmPackage> = Vec::new();
    for package in &all {
        let outer = all.iter().find(|outer| {
            outer.workspaces.is_some() && outer.folder != package.folder && lies_in(&package.folder, &outer.folder)
        });
        match outer {
            Some(outer) if package.lock.is_none() => {
                if let Some(outer) = own.iter_mut().find(|found| found.folder == outer.folder) {
                    outer.dependencies.extend(package.dependencies.iter().cloned());
                }
            }
            outer => {
                let outer = outer.filter(|outer| outer.lock.is_some() && outer.installs.contains(&package.folder));
                own.push(NpmPackage { member_of: outer.map(NpmPackage::lock_or_manifest), ..package.clone() });
            }
        }
    }
    own
}

/// Lists those that are not JSON, or too large.
#[must_use]
pub fn unread(files: &dyn TrackedFiles) -> Vec<String> {
    let manifests = files.paths().iter().filter(|path| name_of(path) == "package.json" && !is_ignored(path));
    manifests.filter(|path| package(files, path).is_none()).cloned().collect()
}

fn is_ignored(path: &str) -> bool {
    folder_of(path)
        .split('/')
        .any(|part| matches!(part, "node_modules" | "testdata" | "fixtures" | "vendor" | "__fixtures__"))
}

fn package(files: &dyn TrackedFiles, path: &str) -> Option<NpmPackage> {
    let document = jsonc::document(&files.text(path)?, false).ok()??;
    let folder = folder_of(path);
    let lock = PackageManager::LOCKS
        .into_iter()
        .map(|(name, manager)| (manager, joined(folder, name)))
        .find(|(_, lock)| files.paths().binary_search(lock).is_ok());
    let text = lock.as_ref().and_then(|(_, lock)| files.text(lock)).unwrap_or_default();
    let manager = lock.as_ref().map(|(manager, _)| *manager);
    let package_manager =
        document.get("packageManager").and_then(|node| Some(SeenText::new(node.text()?, path, node.line)));
    let is_named_1 = package_manager.as_ref().is_some_and(|seen| seen.text.starts_with("yarn@1."));
    let seen = |node: &SyntaxNode| node.text().map(|text| SeenText::new(text, path, node.line));
    let pairs = |key: &str| document.get(key).map(SyntaxNode::pairs).unwrap_or_default();
    let scripts = pairs("scripts").iter().filter_map(|(name, line)| Some((name.text()?.to_owned(), seen(line)?)));
    let dependencies = ["dependencies", "devDependencies", "optionalDependencies"].into_iter().flat_map(pairs);
    Some(NpmPackage {
        folder: folder.to_owned(),
        lock,
        workspaces: match manager {
            Some(PackageManager::Pnpm) => pnpm_workspace(files, folder),
            _ => document.get("workspaces").map(|node| Place::new(path, node.line)),
        },
        installs: installs(folder, manager, &text),
        install_scripts: if manager == Some(PackageManager::Npm) { install_scripts(&text) } else { BTreeSet::new() },
        member_of: None,
        is_yarn_1: is_named_1 || text.lines().take(9).any(|line| line == "# yarn lockfile v1"),
        package_manager,
        scripts: scripts.collect(),
        dependencies: dependencies.filter_map(|(name, _)| name.text().map(str::to_owned)).collect(),
        type_configurations: type_configurations(files, folder),
    })
}

/// Lists the configurations of TypeScript that a check has to name. One without files of its own only refers to others, and a check
/// of it would check nothing (TypeScript Handbook, "Project References").
fn type_configurations(files: &dyn TrackedFiles, folder: &str) -> Vec<String> {
    const USUAL: &str = "tsconfig.json";
    let is_tracked = |path: &str| files.paths().binary_search(&joined(folder, path)).is_ok();
    if !is_tracked(USUAL) {
        return Vec::new();
    }
    let text = files.text(&joined(folder, USUAL)).unwrap_or_default();
    let document = jsonc::document(&text, true).ok().flatten();
    let members = |key: &str| document.as_ref().and_then(|document| document.get(key)).map(SyntaxNode::members);
    let referred = |node: &SyntaxNode| {
        let path = node.get("path")?.text()?.trim_start_matches("./").trim_end_matches('/').to_owned();
        let path = if path.ends_with(".json") { path } else { format!("{path}/{USUAL}") };
        (is_inside(&path) && is_tracked(&path)).then_some(path)
    };
    let references: Vec<String> = members("references").unwrap_or_default().iter().filter_map(referred).collect();
    let is_empty = members("files").is_some_and(|files| files.is_empty()) && members("include").is_none();
    if is_empty && !references.is_empty() { references } else { vec![USUAL.to_owned()] }
}

/// Finds where pnpm's own file names workspaces.
fn pnpm_workspace(files: &dyn TrackedFiles, folder: &str) -> Option<Place> {
    let path = joined(folder, "pnpm-workspace.yaml");
    let documents = yaml::documents(&files.text(&path)?).ok()?;
    let node = documents.iter().find_map(|document| document.get("packages"))?;
    (!node.members().is_empty()).then(|| Place::new(&path, node.line))
}

/// Lists the folders in which a client makes a `node_modules`, as far as its lock tells.
fn installs(folder: &str, manager: Option<PackageManager>, lock: &str) -> Vec<String> {
    let mut found = BTreeSet::new();
    match manager {
        Some(PackageManager::Pnpm) => {
            let kinds = ["dependencies", "devDependencies", "optionalDependencies"];
            for document in yaml::documents(lock).unwrap_or_default() {
                for (name, importer) in document.get("importers").map(SyntaxNode::pairs).unwrap_or_default() {
                    let installs = kinds.iter().any(|kind| importer.get(kind).is_some());
                    found.extend(
                        name.text().filter(|name| installs && is_inside(name)).map(|name| joined(folder, name)),
                    );
                }
            }
        }
        Some(PackageManager::Npm) => {
            let document = jsonc::document(lock, false).ok().flatten();
            let packages =
                document.as_ref().and_then(|lock| lock.get("packages")).map(SyntaxNode::pairs).unwrap_or_default();
            for (place, _) in packages {
                let inner = place.text().and_then(|place| place.split_once("/node_modules/")).map(|(inner, _)| inner);
                let inner = inner.filter(|inner| is_inside(inner) && !inner.starts_with("node_modules/"));
                found.extend(inner.map(|inner| joined(folder, inner)));
            }
        }
        _ => {}
    }
    found.remove(folder);
    std::iter::once(folder.to_owned()).chain(found).collect()
}

/// Lists the packages of a lock of npm that run scripts when they are installed, without those for other systems.
fn install_scripts(lock: &str) -> BTreeSet<String> {
    let document = jsonc::document(lock, false).ok().flatten();
    let packages = document.as_ref().and_then(|lock| lock.get("packages")).map(SyntaxNode::pairs).unwrap_or_default();
    let runs = |package: &SyntaxNode| {
        let systems = package.get("os").map(SyntaxNode::each).unwrap_or_default();
        let is_for_linux = |system: &&SyntaxNode| {
            system.text().is_some_and(|system| system == "linux" || (system.starts_with('!') && system != "!linux"))
        };
        package.get("hasInstallScript").and_then(SyntaxNode::text) == Some("true")
            && (systems.is_empty() || systems.iter().any(is_for_linux))
    };
    let running = packages.iter().filter(|(_, package)| runs(package));
    running
        .filter_map(|(place, _)| place.text()?.rsplit_once("node_modules/").map(|(_, name)| name.to_owned()))
        .collect()
}

/// Whether a path of a lock is a plain one below its folder.
fn is_inside(path: &str) -> bool {
    !path.is_empty() && !path.starts_with('/') && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}
