//! The scratch clone of a checkout, with a plan and locks in it; the checkout itself is only read.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::config::ProjectSettings;
use super::plan::{self, WORLD};
use super::project::{Project, ProjectKind};
use super::site::{CampaignSite, succeed};
use super::toolchain;

/// A scratch clone whose inputs are locked.
#[derive(Debug)]
pub struct ScratchClone {
    pub folder: PathBuf,
    /// The checkout's commit, in hex.
    pub commit: String,
    /// The plan's first part.
    inputs: String,
}

impl ScratchClone {
    /// Clones a checkout and locks what it needs; a clone of the same commit with the same inputs is taken as it is, and then no
    /// network is needed.
    ///
    /// # Errors
    /// What could not be had, in words.
    pub fn prepare(
        place: &CampaignSite,
        checkout: &Path,
        name: &str,
        project: &Project,
        settings: &ProjectSettings,
    ) -> Result<Self, String> {
        let commit = git(checkout, &["rev-parse", "HEAD"])?.trim().to_owned();
        let submodules = submodules(&git(checkout, &["ls-tree", "-r", "HEAD"])?);
        let inputs = plan::inputs(project, &submodules);
        let folder = place.base.join(name);
        let scratch = Self { folder, commit, inputs };
        toolchain::lock_image(place, project)?;
        let changes = [settings.list("drop"), settings.list("set")];
        let key = format!("{}\n{changes:?} {:?}\n{}", scratch.commit, settings.text("module"), scratch.inputs);
        let kept = scratch.folder.join(".git/campaign-key");
        if fs::read_to_string(&kept).is_ok_and(|found| found == key) {
            return Ok(scratch);
        }
        if scratch.folder.exists() {
            fs::remove_dir_all(&scratch.folder)
                .map_err(|error| format!("cannot remove {}: {error}", scratch.folder.display()))?;
        }
        let (from, to) = (checkout.display().to_string(), scratch.folder.display().to_string());
        git(&place.base, &["clone", "--quiet", &from, &to])?;
        let mut added = scratch.complete(project, settings)?;
        scratch.write_plan(&plan::commands(project, ["", ""], 1))?;
        toolchain::lay_images(place, &scratch.folder)?;
        added.extend(["rcrepro.toml".to_owned(), plan::IMAGES.to_owned()]);
        scratch.commit(&added)?;
        if project.packages {
            succeed(place.rcrepro().arg("-C").arg(&scratch.folder).args(["lock", plan::frozen(project).0]))?;
        }
        if project.kind == ProjectKind::Go {
            scratch.lock_standard_library(place, project)?;
        }
        scratch.commit(&["lockfiles".to_owned()])?;
        fs::write(&kept, key).map_err(|error| format!("cannot write {}: {error}", kept.display()))?;
        Ok(scratch)
    }

    /// Locks Go's compiled standard library. It follows from the image alone, so it is compiled once for all projects: on two
    /// processors that is a minute each.
    fn lock_standard_library(&self, place: &CampaignSite, project: &Project) -> Result<(), String> {
        let cannot = |error| format!("cannot keep the lock of Go's standard library: {error}");
        let world = place.base.join(WORLD);
        let image = plan::image(project);
        let mut made_from = String::new();
        for name in ["base", &image] {
            let lock = world.join(format!("lockfiles/images/{}/{name}.lock", toolchain::architecture()));
            made_from += &fs::read_to_string(lock).map_err(cannot)?;
        }
        let ours = self.folder.join("lockfiles/gostd.lock");
        let (kept, key) = (world.join(format!("{image}-std.lock")), world.join(format!("{image}-std.key")));
        if kept.is_file() && fs::read_to_string(&key).is_ok_and(|found| found == made_from) {
            fs::create_dir_all(self.folder.join("lockfiles")).map_err(cannot)?;
            return fs::copy(&kept, &ours).map(drop).map_err(cannot);
        }
        succeed(place.rcrepro().arg("-C").arg(&self.folder).args(["lock", "gostd"]))?;
        fs::copy(&ours, &kept).and_then(|_| fs::write(&key, made_from)).map_err(cannot)
    }

    /// Writes the plan with its commands, and commits it.
    ///
    /// # Errors
    /// What failed, in words.
    pub fn plan(&self, commands: &str) -> Result<(), String> {
        self.write_plan(commands)?;
        self.commit(&["rcrepro.toml".to_owned()])
    }

    fn write_plan(&self, commands: &str) -> Result<(), String> {
        let path = self.folder.join("rcrepro.toml");
        fs::write(&path, format!("{}{commands}", self.inputs))
            .map_err(|error| format!("cannot write {}: {error}", path.display()))
    }

    /// Adds what a project does not track but a frozen input needs; gives the files, relative to the clone.
    fn complete(&self, project: &Project, settings: &ProjectSettings) -> Result<Vec<String>, String> {
        let at = self.folder.join(&project.folder);
        let relative = |file: &str| Path::new(&project.folder).join(file).display().to_string();
        match project.kind {
            ProjectKind::Go if at.join("go.mod").is_file() => Ok(Vec::new()),
            ProjectKind::Go => {
                let module = settings.text("module").unwrap_or("campaign.invalid/project");
                let text = format!("module {module}\n\ngo 1.21\n");
                fs::write(at.join("go.mod"), text).map_err(|error| format!("cannot write go.mod: {error}"))?;
                Ok(vec![relative("go.mod")])
            }
            ProjectKind::Node => {
                for member in settings.list("drop") {
                    succeed(npm(&at).args(["pkg", "delete", member]))?;
                }
                for member in settings.list("set") {
                    succeed(npm(&at).args(["pkg", "set", member]))?;
                }
                let lock = at.join("package-lock.json");
                let changed = !settings.list("drop").is_empty() || !settings.list("set").is_empty();
                if !lock.is_file() || changed {
                    let only = ["install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"];
                    succeed(npm(&at).args(only))?;
                }
                Ok(vec![relative("package.json"), relative("package-lock.json")])
            }
        }
    }

    /// Commits files at the time of the project's own commit, so that the world inside begins when the project says.
    fn commit(&self, files: &[String]) -> Result<(), String> {
        let date = git(&self.folder, &["log", "-1", "--format=%cI"])?;
        let add: Vec<&str> = ["add", "--force", "--"].into_iter().chain(files.iter().map(String::as_str)).collect();
        git(&self.folder, &add)?;
        let mut command = Command::new("git");
        command.arg("-C").arg(&self.folder).args(["-c", "user.name=campaign", "-c", "user.email=campaign@localhost"]);
        command.args([
            "-c",
            "commit.gpgsign=false",
            "-c",
            "core.hooksPath=/dev/null",
            "commit",
            "--quiet",
            "--allow-empty",
        ]);
        command
            .args(["-m", "The campaign's plan"])
            .env("GIT_COMMITTER_DATE", date.trim())
            .env("GIT_AUTHOR_DATE", date.trim());
        succeed(&mut command).map(drop)
    }
}

/// The paths of submodules in what `git ls-tree` prints: a clone has none of their files.
fn submodules(tree: &str) -> Vec<String> {
    tree.lines()
        .filter(|line| line.starts_with("160000 "))
        .filter_map(|line| line.split_once('\t'))
        .map(|(_, path)| path.to_owned())
        .collect()
}

fn npm(folder: &Path) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(folder);
    command
}

fn git(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    succeed(Command::new("git").arg("-C").arg(folder).args(arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn submodules_are_left_out() {
        let tree = "100644 blob aa\tgo.mod\n160000 commit bb\tvendor/x y\n";
        assert_eq!(submodules(tree), ["vendor/x y"]);
    }
}
