//! What this machine has and what may be installed on it. Nothing is installed that is already there.

use std::env;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use crate::refusal::Refusal;

/// Folders that a root shell of Debian has and other shells often lack.
pub const SYSTEM_FOLDERS: [&str; 5] = ["/usr/local/sbin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// Finds a program in PATH or in the system's own folders.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(SYSTEM_FOLDERS.map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Whether packages can be installed: a Debian family, and root.
pub fn is_debian_root() -> bool {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    is_debian_family(&release) && is_root() && program("apt-get").is_some()
}

fn is_debian_family(release: &str) -> bool {
    let value =
        |key: &str| release.lines().find_map(|line| line.strip_prefix(key)).map(|value| value.trim_matches('"'));
    let ids = [value("ID="), value("ID_LIKE=")];
    ids.into_iter().flatten().flat_map(str::split_whitespace).any(|id| ["debian", "ubuntu"].contains(&id))
}

/// Whether the effective user is root, as the kernel tells it.
pub fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    ids.and_then(|ids| ids.split_whitespace().nth(1)) == Some("0")
}

/// Installs packages through apt-get, which asks nothing and shows its progress on stderr.
///
/// # Errors
/// When this is not root on a system of the Debian family, or apt-get fails.
pub fn install(packages: &[&str], why: &str) -> Result<(), Refusal> {
    let list = packages.join(" ");
    let by_hand = format!("install it by hand, then run this again (Debian family: apt-get install {list})");
    if !is_debian_root() {
        return Err(
            Refusal::machine(format!("{why}, and this is not root on a system of the Debian family")).hint(by_hand)
        );
    }
    eprintln!("xtask: {why}; installing {list} with apt-get");
    for arguments in [vec!["update", "-q"], [&["install", "-q", "-y", "--no-install-recommends"], packages].concat()] {
        let mut command = Command::new("apt-get");
        command.args(&arguments).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
        // Our stdout belongs to what the chore runs.
        let status = command.stdout(std::io::stderr()).status();
        if !status.as_ref().is_ok_and(std::process::ExitStatus::success) {
            let shown = status.map_or_else(|error| error.to_string(), |status| status.to_string());
            return Err(Refusal::machine(format!("apt-get {} failed: {shown}", arguments.join(" "))).hint(by_hand));
        }
    }
    Ok(())
}

/// Becomes another program, so that its exit code, its signals and its terminal are the caller's own.
///
/// # Errors
/// Only ever returns when the program cannot be started.
pub fn become_program(command: &mut Command) -> Result<ExitCode, Refusal> {
    let error = command.exec();
    Err(Refusal::machine(format!("cannot start {}: {error}", command.get_program().to_string_lossy())))
}

/// Lets cargo compile while the machine is given what it lacks, so that the one waits for processors and the other for the
/// network. A refusal ends the compilation.
///
/// # Errors
/// What `equip` refuses, and exit 1 when cargo does not come to a good end; it has said why.
pub fn while_compiling<T>(compile: &mut Command, equip: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    let mut cargo = compile
        .stdin(Stdio::null())
        .spawn()
        .map_err(|error| Refusal::machine(format!("cannot start cargo: {error}")))?;
    let equipped = equip();
    if equipped.is_err() {
        // It may have ended by itself.
        let _ = cargo.kill();
    }
    let ended = cargo.wait().map_err(|error| Refusal::machine(format!("cannot wait for cargo: {error}")))?;
    let equipped = equipped?;
    if ended.success() { Ok(equipped) } else { Err(Refusal::check("what was to be compiled does not compile")) }
}

/// The cargo that runs us.
pub fn cargo(root: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    // What `cargo run` tells xtask of itself: build scripts that look at it would be run again for each change of caller.
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(is_of_this_package) {
            command.env_remove(name);
        }
    }
    command
}

fn is_of_this_package(variable: &str) -> bool {
    variable.starts_with("CARGO_PKG_") || variable.starts_with("CARGO_MANIFEST_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cargo_of_ones_own_hears_nothing_of_this_package() {
        assert!(is_of_this_package("CARGO_MANIFEST_DIR") && is_of_this_package("CARGO_PKG_NAME"));
        assert!(!is_of_this_package("CARGO_TARGET_DIR") && !is_of_this_package("CARGO_HOME"));
        let removed = cargo(Path::new(".")).get_envs().filter(|(_, value)| value.is_none()).count();
        assert_ne!(removed, 0, "cargo test sets some for this very process");
    }

    #[test]
    fn a_compilation_is_waited_for_and_ended_by_a_refusal() {
        let sh = |line: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", line]);
            command
        };
        assert_eq!(while_compiling(&mut sh("exit 0"), || Ok(7)).expect("both came to a good end"), 7);
        let refused = while_compiling(&mut sh("exit 3"), || Ok(7)).expect_err("it does not compile");
        assert!(refused.to_string().contains("does not compile"), "{refused}");
        // What is refused is told, however the compilation would have ended; it would not have ended by itself.
        let refused = while_compiling::<()>(&mut sh("exec tail -f /dev/null"), || Err(Refusal::machine("no engine")))
            .expect_err("refused");
        assert!(refused.to_string().contains("no engine"), "{refused}");
    }

    #[test]
    fn debian_families_are_known_by_their_ids() {
        for release in ["ID=debian\n", "NAME=x\nID=ubuntu\n", "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"] {
            assert!(is_debian_family(release), "{release}");
        }
        for release in ["", "ID=fedora\nID_LIKE=\"rhel\"\n", "NAME=debian\n", "ID=debianish\n"] {
            assert!(!is_debian_family(release), "{release}");
        }
    }

    #[test]
    fn programs_are_found_and_folders_are_none() {
        assert!(program("sh").is_some());
        assert!(program("no-such-program-here").is_none());
        assert!(!is_executable(Path::new("/")));
    }
}
