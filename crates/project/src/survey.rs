//! Everything that was read from a project.

use crate::TrackedFiles;
use crate::ci::{self, CiLine};
use crate::go::{self, GoModule};
use crate::npm::{self, NpmPackage};
use crate::others::{self, DockerStages, ReleaseScript};
use crate::seen::{Place, SeenText};
use crate::versions::{self, Versions};
use rcrepro_model::text::plural::counted;

/// Everything that a plan can be made from, in the order of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectSurvey {
    /// How many files are tracked.
    pub files: usize,
    /// Without modules of examples and fixtures.
    pub modules: Vec<GoModule>,
    /// The members of `go.work`.
    pub workspace: Option<SeenText>,
    /// The packages that are installed by themselves.
    pub packages: Vec<NpmPackage>,
    /// What names a version of Go or Node.
    pub versions: Versions,
    /// The lines that CI runs.
    pub ci: Vec<CiLine>,
    /// Each with the stages that can be a target.
    pub dockerfiles: Vec<DockerStages>,
    /// Configuration of scanners.
    pub scanner_files: Vec<Place>,
    /// Scripts that are named like those of the release plan.
    pub scripts: Vec<(ReleaseScript, String)>,
    /// Manifests that could not be read.
    pub unread: Vec<String>,
    /// Manifests of other languages.
    pub others: Vec<String>,
    /// Documents that quote commands.
    pub documents: Vec<String>,
    /// Globs of the files of a plan that match none of the project.
    pub plan_files: Vec<&'static str>,
}

/// Writes a folder with small letters, digits and single dashes.
pub(crate) fn slug(folder: &str) -> String {
    let parts = folder.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    let slug = parts.collect::<Vec<_>>().join("-").to_ascii_lowercase();
    if slug.is_empty() { "folder".to_owned() } else { slug }
}

/// Describes the stages of a Dockerfile.
fn dockerfile(DockerStages { path, stages, unnamed, .. }: &DockerStages) -> String {
    let names: Vec<&str> = stages.iter().map(|stage| stage.text.as_str()).collect();
    let named = (!names.is_empty()).then(|| format!("the stages {}", names.join(", ")));
    let others = (*unnamed > 0).then(|| format!("{} without a name", counted(*unnamed, "stage")));
    let stages: Vec<String> = named.into_iter().chain(others).collect();
    let stages = if stages.is_empty() { "no stage".to_owned() } else { stages.join(" and ") };
    format!("{path}: a Dockerfile with {stages}")
}

impl ProjectSurvey {
    /// Reads a project.
    #[must_use]
    pub fn of(files: &dyn TrackedFiles) -> Self {
        Self {
            files: files.paths().len(),
            modules: go::modules(files),
            workspace: go::workspace(files),
            packages: npm::packages(files),
            versions: versions::versions(files),
            ci: ci::lines(files),
            dockerfiles: others::dockerfiles(files),
            scanner_files: others::scanner_files(files),
            scripts: others::release_scripts(files),
            unread: npm::unread(files),
            others: others::other_manifests(files),
            documents: others::documents(files),
            plan_files: others::plan_files(files),
        }
    }

    /// Joins a name and the folder of a module or package to a name that no other folder gives.
    #[must_use]
    pub fn named(&self, name: &str, folder: &str) -> String {
        if folder.is_empty() {
            return name.to_owned();
        }
        let mut folders: Vec<&str> = self.modules.iter().map(|module| module.folder.as_str()).collect();
        folders.extend(self.packages.iter().map(|package| package.folder.as_str()));
        folders.sort_unstable();
        folders.dedup();
        let slug = slug(folder);
        let alike: Vec<&str> = folders.into_iter().filter(|other| self::slug(other) == slug).collect();
        match alike.iter().position(|other| *other == folder) {
            // A number that another folder has as its own name would be taken for that folder's.
            Some(at) if alike.len() > 1 => format!("{name}-{slug}-no{}", at + 1),
            _ => format!("{name}-{slug}"),
        }
    }

    /// Describes what was seen, one line per thing, with its place.
    #[must_use]
    pub fn explain(&self) -> Vec<String> {
        let mut lines = vec![counted(self.files, "tracked file")];
        let shown = |folder: &str| if folder.is_empty() { ".".to_owned() } else { folder.to_owned() };
        for module in &self.modules {
            lines.push(format!(
                "{}: a Go module with {}, {} and {}",
                module.place,
                counted(module.files, "file"),
                counted(module.tests, "test file"),
                counted(module.requires, "requirement")
            ));
            lines.extend(module.cgo.iter().map(|place| format!("{place}: cgo")));
            lines.extend(
                module
                    .local_replaces
                    .iter()
                    .map(|seen| format!("{}: replaced by the folder {}", seen.place, seen.text)),
            );
            lines.extend(
                module
                    .missing_embeds
                    .iter()
                    .map(|embed| format!("{}: embeds `{}`, which is not tracked", embed.place, embed.pattern)),
            );
        }
        lines.extend(self.workspace.iter().map(|seen| format!("{}: a workspace of {}", seen.place, seen.text)));
        for package in &self.packages {
            let lock = package.lock.as_ref().map_or("no lock", |(_, path)| path);
            lines.push(format!(
                "{}: a package with {}, {lock}",
                shown(&package.folder),
                counted(package.scripts.len(), "script")
            ));
        }
        let least: Vec<SeenText> = self.versions.least_go.iter().cloned().collect();
        for (tool, seen) in [("Go", &self.versions.go), ("Go at least", &least), ("Node", &self.versions.node)] {
            lines.extend(seen.iter().map(|seen| format!("{}: {tool} {}", seen.place, seen.text)));
        }
        for CiLine { line, folder, minutes } in &self.ci {
            let limit = minutes.map_or_else(String::new, |minutes| format!(", at most {minutes} min"));
            lines.push(format!(
                "{}: CI runs `{}` in {}{limit}",
                line.place,
                line.text.replace('\n', " "),
                folder.as_deref().map_or_else(|| "a folder that it computes".to_owned(), shown)
            ));
        }
        lines.extend(self.dockerfiles.iter().map(dockerfile));
        lines.extend(self.scanner_files.iter().map(|place| format!("{place}: a scanner's configuration")));
        lines.extend(self.scripts.iter().map(|(_, path)| format!("{path}: a script of the release")));
        lines.extend(self.documents.iter().map(|path| format!("{path}: quotes commands")));
        lines
    }
}
