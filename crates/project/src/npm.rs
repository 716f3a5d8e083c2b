//! Node: packages with their locks, scripts and tools.
//!
//! Source: npm Docs, "package.json"; "package-lock.json".

use std::collections::{BTreeMap, BTreeSet};

use crate::seen::{Place, SeenText};
use crate::{TrackedFiles, folder_of, joined, lies_in, name_of};
use rcrepro_format::syntax::jsonc;
use rcrepro_format::syntax::node::SyntaxNode;

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
    /// `workspaces`.
    pub workspaces: Option<Place>,
    /// `scripts` by name.
    pub scripts: BTreeMap<String, SeenText>,
    /// The names of all direct dependencies, those of its workspaces too.
    pub dependencies: BTreeSet<String>,
    /// `tsconfig.json` beside it.
    pub has_tsconfig: bool,
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
            _ => own.push(package.clone()),
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
    let has = |name: &str| files.paths().binary_search(&joined(folder, name)).is_ok();
    let lock = PackageManager::LOCKS
        .into_iter()
        .map(|(name, manager)| (manager, joined(folder, name)))
        .find(|(_, lock)| files.paths().binary_search(lock).is_ok());
    let seen = |node: &SyntaxNode| node.text().map(|text| SeenText::new(text, path, node.line));
    let pairs = |key: &str| document.get(key).map(SyntaxNode::pairs).unwrap_or_default();
    let scripts = pairs("scripts").iter().filter_map(|(name, line)| Some((name.text()?.to_owned(), seen(line)?)));
    let dependencies = ["dependencies", "devDependencies", "optionalDependencies"].into_iter().flat_map(pairs);
    Some(NpmPackage {
        folder: folder.to_owned(),
        lock,
        package_manager: document.get("packageManager").and_then(seen),
        workspaces: document.get("workspaces").map(|node| Place::new(path, node.line)),
        scripts: scripts.collect(),
        dependencies: dependencies.filter_map(|(name, _)| name.text().map(str::to_owned)).collect(),
        has_tsconfig: has("tsconfig.json"),
    })
}
