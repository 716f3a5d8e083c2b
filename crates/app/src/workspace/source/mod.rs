//! What the certified source holds that no run could survive, and what is good to know before one: read from the commit, without
//! an engine, a store or a network.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::convert::Infallible;

use self::release_image::{ImageJudgement, Judged, SeenSource, judge};
use self::sight::Sight;
use self::standing_outputs::StandingOutputs;
use crate::frozen::read_source::ReadSource;
use crate::frozen::{client, npm};
use crate::workspace::{PLAN_FILE, Workspace, WorkspaceError};
use rcrepro_format::plan::frozen_toml;
use rcrepro_model::content::digest::Sha256;
use rcrepro_model::content::name::{Name, TreePath};
use rcrepro_model::execution::fault::Fault;
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::plan::{FrozenInput, FrozenKind, Plan};
use rcrepro_model::text::causes::causes;
use rcrepro_model::text::hint::Hint as _;
use rcrepro_store::git::history::GitHistory;
use rcrepro_store::ingest::{GitError, IngestLimits, Visited};

mod at_run;
mod git_calls;
mod pointer;
pub(crate) mod release_image;
mod sight;
mod standing_outputs;

pub use at_run::{git_at_run, unbuildable_images};
pub use standing_outputs::unchanged_at_run;

/// Files by name that something is read from.
const READ: [&str; 12] = [
    "go.mod",
    "go.sum",
    "go.work",
    "package.json",
    "package-lock.json",
    "pnpm-lock.yaml",
    "yarn.lock",
    "Makefile",
    "makefile",
    "GNUmakefile",
    "Dockerfile",
    "Containerfile",
];

/// What no run of a commit could survive, and what is good to know before one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceLook {
    /// The commit's id in hex.
    pub commit: String,
    /// What no run could survive, by place.
    pub refused: Vec<Fault>,
    /// What is good to know, by place.
    pub notes: Vec<Fault>,
    /// The checksums of what frozen inputs are made from, of those that need no image for it.
    pub(super) made_from: BTreeMap<Name, Sha256>,
}

/// Looks through the tracked tree of a commit, less what the plan excludes.
///
/// # Errors
/// [`WorkspaceError`] when there is no repository or the commit cannot be read.
pub(crate) fn look(workspace: &Workspace, revision: &str) -> Result<SourceLook, WorkspaceError> {
    let plan = &workspace.plan;
    let exclude = workspace.exclude();
    let mut found = SourceLook::default();
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let (mut blind, mut outputs) = (Sight::of(plan), StandingOutputs::of(plan));
    let mut seen = SeenSource::of(plan.release_images.values());
    found.commit = workspace.visit_source(revision, &mut |path, visited| {
        if exclude.matches_within(path) {
            return;
        }
        blind.look(path);
        seen.visit(path, &visited);
        match visited {
            Visited::Submodule => found.refused.push(submodule(path, plan)),
            Visited::Symlink(target) => blind.look_at_link(path, target),
            Visited::File(bytes) => {
                found.notes.extend(pointer::note(path, bytes, plan));
                outputs.look(path, bytes);
                let name = path.rsplit('/').next().unwrap_or(path);
                if READ.contains(&name) || git_calls::is_script(path, bytes) {
                    files.insert(path.to_owned(), bytes.to_vec());
                }
            }
        }
    })?;
    requirement_files(workspace, &found.commit, &mut files)?;
    let read = |path: &str| Ok::<_, Infallible>(files.get(path).cloned());
    for (name, input) in &plan.frozen {
        let Ok(faults) = client::judge(input, client::is_alone(plan, name), &read);
        found.refused.extend(faults);
        found.made_from.extend(made_from(input, client::is_alone(plan, name), &read).map(|sum| (name.clone(), sum)));
        if input.kind == FrozenKind::NpmPackages {
            let folder = input.directory.as_ref().map_or("", |directory| directory.as_str());
            let Ok(notes) = npm::lock::notes(folder, &read);
            found.notes.extend(notes);
        }
    }
    found.images(workspace, &seen);
    found.refused.extend(no_repository(workspace, revision)?);
    found.refused.extend(unnamable(workspace, revision)?);
    found.notes.extend(git_calls::notes(plan, &|path| {
        let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        files.get(path).map(text).or_else(|| seen.text(path).map(str::to_owned))
    }));
    found.notes.extend(blind.notes());
    found.notes.extend(outputs.notes());
    found.notes.extend(sight::narrowed_scans(plan));
    for list in [&mut found.refused, &mut found.notes] {
        list.sort();
        list.dedup();
    }
    Ok(found)
}

/// Computes the checksum of what a frozen input is made from; none where a file is missing, which is refused for itself, and where
/// an image is part of it, which only an engine confirms.
fn made_from(input: &FrozenInput, alone: bool, read: ReadSource<'_, Infallible>) -> Option<Sha256> {
    match input.kind {
        FrozenKind::GoBuildCache => None,
        kind if kind.is_made_of_an_image() => None,
        kind if kind.is_advisories() => Some(frozen_toml::made_from(kind, &[])),
        kind => {
            let Ok(files) = client::files(input, alone, read);
            Some(frozen_toml::made_from(kind, &client::hashed(input, &files.ok()?)))
        }
    }
}

/// Reads the requirement files of Python packages, which have any name, less those that the plan excludes.
fn requirement_files(
    workspace: &Workspace,
    commit: &str,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> Result<(), WorkspaceError> {
    let mut inputs = workspace.plan.frozen.values().filter(|input| input.kind == FrozenKind::PythonPackages).peekable();
    if inputs.peek().is_none() {
        return Ok(());
    }
    let (repository, folder) = workspace.repository()?;
    let (history, exclude) = (GitHistory::open(&repository)?, workspace.exclude());
    let commit = history.commit(commit)?;
    let found = RefCell::new(BTreeMap::new());
    let read = |path: &str| {
        let Some(at) = path.parse::<TreePath>().ok().filter(|_| !exclude.matches_within(path)) else { return Ok(None) };
        let at = folder.as_ref().map_or_else(|| at.clone(), |folder| folder.join(&at));
        let bytes = history.file(&commit, &at, IngestLimits::default().file_bytes)?;
        found.borrow_mut().extend(bytes.iter().map(|bytes| (path.to_owned(), bytes.clone())));
        Ok::<_, WorkspaceError>(bytes)
    };
    for input in inputs {
        // What is missing is said by who judges the input.
        drop(client::files(input, false, &read)?);
    }
    files.extend(found.into_inner());
    Ok(())
}

/// Refuses a path that no tree can carry.
fn unnamable(workspace: &Workspace, revision: &str) -> Result<Option<Fault>, WorkspaceError> {
    let (repository, folder) = workspace.repository()?;
    let history = GitHistory::open(&repository)?;
    Ok(match history.files(&history.commit(revision)?, folder.as_ref()) {
        Err(error @ GitError::NameNotUtf8 { .. }) => {
            let fault =
                Fault::of_file(folder.map_or_else(|| ".".to_owned(), |folder| folder.to_string()), error.to_string());
            Some(error.hint().into_iter().fold(fault, Fault::hint))
        }
        _ => None,
    })
}

/// Refuses commands and images that see a repository where a run could make none for them: the plan is not at its root, or tags are wanted
/// of a history that is cut.
fn no_repository(workspace: &Workspace, revision: &str) -> Result<Option<Fault>, WorkspaceError> {
    if !workspace.plan.lays_git() {
        return Ok(None);
    }
    let error = match workspace.choose_repository(revision) {
        Ok(_) => return Ok(None),
        Err(error) if error.is_unreadable() => return Err(error),
        Err(error) => error,
    };
    let causes = causes(&error).map(|cause| format!(": {cause}")).collect::<String>();
    let fault = Fault::of_file(PLAN_FILE, format!("`git = true`: {error}{causes}"));
    Ok(Some(error.hint().into_iter().fold(fault, Fault::hint)))
}

impl SourceLook {
    /// Judges the release images of the plan.
    fn images(&mut self, workspace: &Workspace, seen: &SeenSource) {
        let architecture = ImagePlatform::host().unwrap_or(ImagePlatform::LinuxAmd64).architecture();
        for (name, image) in &workspace.plan.release_images {
            let judged = Judged { workspace, name, image, seen, architecture };
            let ImageJudgement { refused, notes, reading } = judge(&judged);
            self.refused.extend(refused);
            self.notes.extend(notes);
            self.notes.extend(reading.iter().flat_map(|reading| judged.machine_notes(reading)));
        }
    }
}

fn submodule(path: &str, plan: &Plan) -> Fault {
    let says = "it is a submodule, and the repository does not hold its files: nothing can be recorded";
    let hint = format!("vendor its files, or leave it out in rcrepro.toml: {}", excluding(path, plan));
    Fault::of_file(path, says).hint(hint)
}

/// Writes the plan's `source.exclude` with one more path.
fn excluding(path: &str, plan: &Plan) -> String {
    let all = plan.exclude.iter().map(String::as_str).chain([path]);
    let all: Vec<String> = all.map(|glob| format!("\"{}\"", glob.escape_default())).collect();
    format!("[source] exclude = [{}]", all.join(", "))
}
