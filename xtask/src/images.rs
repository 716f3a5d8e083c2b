//! `cargo xtask images`: every image is built twice, in worlds that have nothing in common, and its tools are run.

use std::env;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use crate::engine;
use crate::machine;
use crate::passed;
use crate::refusal::Refusal;

/// The user of the second world, which owns nothing.
const NOBODY: u32 = 65_534;

/// Everything that decides what comes out of a definition, but for the engine.
const DECIDES: [&str; 10] = [
    "Cargo.lock",
    "crates/app/src/toolchain",
    "crates/archive/src",
    "crates/compression/src",
    "crates/engine/src/docker",
    "crates/images/src",
    "images",
    "init/src",
    "lockfiles/images",
    "xtask/src/images.rs",
];
/// What `DECIDES` was when every image last came out of both worlds as its lock says.
const PASSED: &str = "lockfiles/images/passed";

/// Builds all images, as [`run`] does, unless nothing that decides them has changed since they last passed.
///
/// # Errors
/// As [`run`].
pub fn run_if_changed(root: &Path, names: &[&str]) -> Result<ExitCode, Refusal> {
    match passed::is_unchanged(root, &DECIDES, &[], PASSED)? {
        true => Ok(ExitCode::SUCCESS),
        false => run(root, names),
    }
}

/// Builds all images in an empty store, or in the one that `RCREPRO_STORE` names, again when that has them, and those of the
/// names, all without any, once more offline from their packages alone, as another user, with another path, umask, time zone,
/// locale and one thread; then replays RC-01 of examples/beacon, which runs every tool in them.
///
/// # Errors
/// Exit 1 when two builds differ, and whatever building or replaying gives.
pub fn run(root: &Path, names: &[&str]) -> Result<ExitCode, Refusal> {
    engine::ensure(root)?;
    crate::demo::ensure_client_configuration()?;
    let status = machine::cargo(root).args(["build", "--quiet", "--package", "rcrepro"]).status();
    if !status.is_ok_and(|status| status.success()) {
        return Err(Refusal::check("rcrepro does not build"));
    }
    let binary = root.join("target/debug/rcrepro");
    let folder = root.join("target/images");
    remove(&folder)?;
    // What runs beside this, or before it, may have fetched the packages and built some of the images.
    let shared = env::var_os("RCREPRO_STORE").filter(|store| !store.is_empty()).map(PathBuf::from);
    let first = shared.unwrap_or_else(|| folder.join("first"));
    let build = |binary: &Path, place: &Path, store: &Path, names: &[&str]| {
        let mut command = Command::new(binary);
        command.arg("-C").arg(place).arg("--store").arg(store).args(["image", "build"]).args(names);
        command
    };
    let (built, seconds) = lines_of(&mut build(&binary, root, &first, &[]))?;
    println!("in the first store             {seconds:6.2} s");
    let (again, seconds) = lines_of(&mut build(&binary, root, &first, names))?;
    println!("again                          {seconds:6.2} s");

    let other = World::prepare(root, &folder.join("another place"), &first, &binary)?;
    let (apart, seconds) = lines_of(&mut other.enter(|binary, place, store| build(binary, place, store, names)))?;
    println!("offline, another user and world{seconds:6.2} s");
    print!("\n{built}");
    let repeated = of_names(&built, names);
    for (what, lines) in [("again", &again), ("in another world", &apart)] {
        if *lines != repeated {
            return Err(Refusal::check(format!("built {what}, the digests are others:\n{lines}")));
        }
    }
    println!("\nequal digests three times; now the tools in them: RC-01");
    let mut replay = Command::new(&binary);
    replay.arg("-C").arg(root.join("examples/beacon")).arg("--store").arg(&first).args(["replay", "RC-01"]);
    let status = replay.status().map_err(|error| Refusal::machine(format!("cannot start rcrepro: {error}")))?;
    if !status.success() {
        return Err(Refusal::check("RC-01, the tools in the images, is not reproduced"));
    }
    remove(&folder)?;
    passed::note(root, &DECIDES, &[], PASSED)?;
    Ok(ExitCode::SUCCESS)
}

/// Runs a build; gives what it prints and how many seconds it took.
fn lines_of(command: &mut Command) -> Result<(String, f64), Refusal> {
    let begun = Instant::now();
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| Refusal::machine(format!("cannot start a build: {error}")))?;
    if !output.status.success() {
        return Err(Refusal::check(format!("a build ended with {}", output.status)));
    }
    let mut lines: Vec<_> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    lines.sort();
    Ok((lines.join("\n") + "\n", begun.elapsed().as_secs_f64()))
}

/// Leaves those lines of a build that are of the named images; all without a name.
fn of_names(built: &str, names: &[&str]) -> String {
    let is_named =
        |line: &&str| names.is_empty() || line.split_whitespace().next().is_some_and(|of| names.contains(&of));
    built.lines().filter(is_named).map(|line| format!("{line}\n")).collect()
}

/// A copy of definitions, locks and packages that belongs to somebody else.
struct World {
    binary: PathBuf,
    place: PathBuf,
    store: PathBuf,
    /// The group that may speak to the engine.
    group: u32,
}

impl World {
    fn prepare(root: &Path, place: &Path, from: &Path, binary: &Path) -> Result<Self, Refusal> {
        let cannot = |error: io::Error| Refusal::machine(format!("cannot prepare {}: {error}", place.display()));
        let store = place.join("its store");
        let mut wanted = Vec::new();
        for folder in ["images", "images/keys", "lockfiles/images/amd64", "lockfiles/images/arm64"] {
            fs::create_dir_all(place.join(folder)).map_err(cannot)?;
            for entry in fs::read_dir(root.join(folder)).map_err(cannot)? {
                let path = entry.map_err(cannot)?.path();
                if path.is_file() {
                    let text = fs::read_to_string(&path).map_err(cannot)?;
                    wanted.extend(text.lines().filter_map(package_hash).map(str::to_owned));
                    fs::write(place.join(folder).join(path.file_name().unwrap_or_default()), text).map_err(cannot)?;
                }
            }
        }
        // The packages and nothing else: no layer, no program, no record of a build.
        for hash in wanted {
            let blob = Path::new("blobs/sha256").join(&hash[..2]).join(&hash);
            if from.join(&blob).is_file() {
                fs::create_dir_all(store.join(&blob).parent().unwrap_or(&store)).map_err(cannot)?;
                fs::copy(from.join(&blob), store.join(&blob)).map_err(cannot)?;
            }
        }
        let own = place.join("rcrepro");
        fs::copy(binary, &own).map_err(cannot)?;
        let socket = fs::metadata("/var/run/docker.sock").map(|meta| meta.gid()).unwrap_or(0);
        if machine::is_root() {
            give(place, NOBODY).map_err(cannot)?;
        }
        Ok(Self { binary: own, place: place.to_owned(), store, group: socket })
    }

    /// Makes a command run in this world; without root, user and network stay as they are.
    fn enter(&self, command: impl FnOnce(&Path, &Path, &Path) -> Command) -> Command {
        let inner = command(&self.binary, &self.place, &self.store);
        let mut shell = if machine::is_root() {
            let mut outer = Command::new("unshare");
            outer.args(["--net", "setpriv", "--inh-caps=-all", "--reuid=65534", "--regid=65534"]);
            outer.arg(format!("--groups={}", self.group)).args(["sh", "-c", "umask 077; exec \"$@\"", "sh"]);
            outer
        } else {
            eprintln!("xtask: not root: the second build has the same user and network");
            let mut outer = Command::new("sh");
            outer.args(["-c", "umask 077; exec \"$@\"", "sh"]);
            outer
        };
        shell.arg(inner.get_program()).args(inner.get_args()).env_clear();
        for (name, value) in [
            ("HOME", "/nonexistent"),
            ("LC_ALL", "tr_TR.UTF-8"),
            ("RAYON_NUM_THREADS", "1"),
            ("TOKIO_WORKER_THREADS", "1"),
            ("TZ", "Asia/Tokyo"),
        ] {
            shell.env(name, value);
        }
        shell.env("PATH", env::var_os("PATH").unwrap_or_default()).env("TMPDIR", &self.store);
        if let Some(host) = env::var_os("DOCKER_HOST") {
            shell.env("DOCKER_HOST", host);
        }
        shell
    }
}

/// Reads a lock's line `sha256 = "HEX"`.
fn package_hash(line: &str) -> Option<&str> {
    let hash = line.strip_prefix("sha256 = \"")?.strip_suffix('"')?;
    (hash.len() == 64).then_some(hash)
}

fn give(path: &Path, user: u32) -> io::Result<()> {
    std::os::unix::fs::lchown(path, Some(user), Some(user))?;
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            give(&entry?.path(), user)?;
        }
    }
    Ok(())
}

pub fn remove(folder: &Path) -> Result<(), Refusal> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Refusal::machine(format!("cannot remove {}: {error}", folder.display())))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_other_images_are_left_out() {
        assert_eq!(of_names("base  12\ngo  34\n", &["go"]), "go  34\n");
        assert_eq!(of_names("base  12\ngo  34\n", &[]), "base  12\ngo  34\n");
    }

    #[test]
    fn packages_are_known_by_their_line_in_a_lock() {
        let hash = "a".repeat(64);
        assert_eq!(package_hash(&format!("sha256 = \"{hash}\"")), Some(hash.as_str()));
        for line in ["sha256 = \"12\"", "definition = \"x\"", "tar = \"y/1\""] {
            assert_eq!(package_hash(line), None, "{line}");
        }
    }
}
