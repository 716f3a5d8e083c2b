//! A Podman of the tests' own: its service, with its own images, containers, locks and network, gone afterwards.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::engine::ping;
use crate::machine;
use crate::refusal::Refusal;

/// What the folder of a service is called, before the process id of the xtask that made it.
const PREFIX: &str = "rcrepro-podman-";
/// How long the service may take to answer, and to end.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest path that Podman takes as its run root, in bytes.
const RUN_ROOT_LIMIT: usize = 50;

/// Debian only recommends the init, without which there is no PID 1, and the network's backend.
const PACKAGES: [&str; 3] = ["podman", "catatonit", "netavark"];

/// A running service. Dropped, it ends, with all that it holds.
pub struct Service {
    folder: PathBuf,
    child: Child,
}

/// Installs Podman where it is missing; says why where it cannot be used at all.
///
/// # Errors
/// A text that says why not.
pub fn ensure() -> Result<(), String> {
    if !machine::is_root() {
        return Err("this is not root, and a rootless Podman has not been tried".to_owned());
    }
    let init = ["/usr/libexec/podman/catatonit", "/usr/bin/catatonit"].iter().any(|path| Path::new(path).exists());
    if machine::program("podman").is_none() || !init {
        machine::install(&PACKAGES, "the tests run on Podman, too").map_err(|refusal| refusal.to_string())?;
    }
    Ok(())
}

impl Service {
    /// Starts a service and waits until it answers.
    ///
    /// # Errors
    /// Exit 4 with the end of its log when it does not come up.
    pub fn start() -> Result<Self, Refusal> {
        let cannot = |what: &'static str| move |error| Refusal::machine(format!("cannot {what}: {error}"));
        let name = format!("{PREFIX}{}", std::process::id());
        let parent = parent(&env::temp_dir(), &name)?;
        remove_stale(&parent);
        let folder = parent.join(name);
        for name in ["net", "tmp"] {
            fs::create_dir_all(folder.join(name)).map_err(cannot("make a folder for Podman"))?;
        }
        configure(&folder, "overlay").map_err(cannot("configure Podman"))?;
        let information = podman(&folder).arg("info").output().map_err(cannot("start Podman"))?;
        if !information.status.success() {
            let why = String::from_utf8_lossy(&information.stderr);
            eprintln!("xtask: no overlays in {}, Podman gets plain copies: {}", folder.display(), why.trim());
            drop(fs::remove_dir_all(folder.join("root")));
            configure(&folder, "vfs").map_err(cannot("configure Podman"))?;
        }
        let log = File::create(folder.join("service.log")).map_err(cannot("write Podman's log"))?;
        // In a network namespace of its own: it makes bridges and filter rules.
        let mut command = isolated(&folder);
        command.args(["system", "service", "--time=0", &format!("unix://{}", folder.join("podman.sock").display())]);
        let child = command.stdout(Stdio::null()).stderr(log).spawn().map_err(cannot("start Podman"))?;
        let mut service = Self { folder, child };
        service.wait_until_it_answers()?;
        Ok(service)
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        format!("unix://{}", self.folder.join("podman.sock").display())
    }

    /// Where its containers are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn wait_until_it_answers(&mut self) -> Result<(), Refusal> {
        let begun = Instant::now();
        while let Err(why) = ping(&self.address()) {
            let ended = matches!(self.child.try_wait(), Ok(Some(_)));
            if ended || begun.elapsed() > PATIENCE {
                let log = fs::read_to_string(self.folder.join("service.log")).unwrap_or_default();
                return Err(Refusal::machine(format!("Podman's service does not answer: {why}\n{log}")));
            }
            sleep(Duration::from_millis(100));
        }
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let quiet = |command: &mut Command| drop(command.stdout(Stdio::null()).stderr(Stdio::null()).status());
        // Its containers' monitors are not children of the service and would outlive it.
        quiet(podman(&self.folder).args(["rm", "--force", "--all", "--time", "0"]));
        quiet(Command::new("kill").arg(self.child.id().to_string()));
        let begun = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if begun.elapsed() > PATIENCE {
                drop(self.child.kill());
            }
            sleep(Duration::from_millis(50));
        }
        remove(&self.folder);
    }
}

/// The folder for temporary files, or a common one with a shorter name where Podman would find its run root too long.
fn parent(temporary: &Path, name: &str) -> Result<PathBuf, Refusal> {
    let fits = |parent: &&Path| parent.is_dir() && run_root(&parent.join(name)).as_os_str().len() <= RUN_ROOT_LIMIT;
    let parents = [temporary, Path::new("/dev/shm"), Path::new("/tmp")];
    let parent = parents.into_iter().find(fits);
    parent.map(Path::to_owned).ok_or_else(|| {
        let limit = format!("with {name} in it, Podman's run root has over {RUN_ROOT_LIMIT} bytes");
        Refusal::machine(format!("none of {parents:?} is a folder for Podman: {limit}; set TMPDIR to a shorter path"))
    })
}

fn run_root(folder: &Path) -> PathBuf {
    folder.join("run")
}

fn configure(folder: &Path, driver: &str) -> std::io::Result<()> {
    let at = |name: &str| folder.join(name).display().to_string();
    // Locks in files: those in shared memory are one set for every Podman of the machine.
    let containers = format!(
        "[engine]\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"file\"\nlock_type = \"file\"\n\
         [network]\nnetwork_config_dir = \"{}\"\n",
        at("net")
    );
    let storage = format!(
        "[storage]\ndriver = \"{driver}\"\ngraphroot = \"{}\"\nrunroot = \"{}\"\n",
        at("root"),
        run_root(folder).display()
    );
    fs::write(folder.join("containers.conf"), containers)?;
    fs::write(folder.join("storage.conf"), storage)
}

/// Podman on the folder's containers.
fn podman(folder: &Path) -> Command {
    let mut command = Command::new("podman");
    global(&mut command, folder);
    command
}

/// Whenever Podman's information is asked for, Podman asks this program which package each program that it uses comes from. On
/// Debian that takes a third of a second of processor time.
const PACKAGE_MANAGER: &str = "/usr/bin/dpkg";

/// The same in a network namespace of its own, where no package is found.
fn isolated(folder: &Path) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--net", "--mount", "--propagation", "slave", "sh", "-c"]);
    command.arg(format!("[ ! -e {PACKAGE_MANAGER} ] || mount --bind /bin/true {PACKAGE_MANAGER}; exec \"$@\""));
    command.args(["sh", "podman"]);
    global(&mut command, folder);
    command
}

fn global(command: &mut Command, folder: &Path) {
    let at = |name: &str| folder.join(name).display().to_string();
    command
        .args(["--root", &at("root"), "--tmpdir", &at("state"), "--runroot"])
        .arg(run_root(folder))
        .env("CONTAINERS_CONF", at("containers.conf"))
        .env("CONTAINERS_STORAGE_CONF", at("storage.conf"))
        .env("TMPDIR", at("tmp"))
        // Nothing of the service's environment may reach a container, and the tests look for these.
        .env("RCREPRO_TEST_LEAK", "from the service")
        .env("HTTP_PROXY", "http://leak.invalid:1")
        // conmon leaves a file `oom` in the directory in which the service was started.
        .current_dir(folder)
        .stdin(Stdio::null());
}

/// Removes what an xtask that was killed has left.
fn remove_stale(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(pid) = name.strip_prefix(PREFIX)
            && !Path::new("/proc").join(pid).exists()
        {
            remove(&entry.path());
        }
    }
}

/// Unmounts what is mounted below a folder, the latest first, and removes it.
fn remove(folder: &Path) {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let below =
        mounts.lines().rev().filter_map(|line| line.split(' ').nth(1)).filter(|at| Path::new(at).starts_with(folder));
    for at in below {
        drop(Command::new("umount").arg(at).stderr(Stdio::null()).status());
    }
    if let Err(error) = fs::remove_dir_all(folder) {
        eprintln!("xtask: cannot remove {}: {error}", folder.display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_podman_would_refuse_gives_way_to_a_shorter_one() {
        let name = format!("{PREFIX}4194304");
        assert_eq!(parent(Path::new("/tmp"), &name).unwrap(), Path::new("/tmp"));
        let long = env::temp_dir().join(format!("xtask-long-{}", std::process::id())).join("a".repeat(RUN_ROOT_LIMIT));
        fs::create_dir_all(&long).unwrap();
        let chosen = parent(&long, &name).unwrap();
        assert!(run_root(&chosen.join(&name)).as_os_str().len() <= RUN_ROOT_LIMIT, "{}", chosen.display());
        assert!(parent(&long, &"a".repeat(RUN_ROOT_LIMIT)).is_err());
        fs::remove_dir_all(long.parent().unwrap()).unwrap();
    }

    #[test]
    fn what_a_killed_xtask_left_goes_and_what_is_in_use_stays() {
        let parent = env::temp_dir().join(format!("xtask-podman-{}", std::process::id()));
        let dead = parent.join(format!("{PREFIX}999999999"));
        let alive = parent.join(format!("{PREFIX}{}", std::process::id()));
        for folder in [&dead, &alive] {
            fs::create_dir_all(folder.join("root")).unwrap();
        }
        remove_stale(&parent);
        assert!(!dead.exists() && alive.exists());
        fs::remove_dir_all(&parent).unwrap();
    }
}
