//! Starts the engine's daemon and waits until it answers.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::ping::ping;
use crate::machine::{self, SYSTEM_FOLDERS};
use crate::refusal::Refusal;

/// Where dockerd notes its own process, and refuses to start while that is.
const ENGINE_PID_FILE: &str = "/var/run/docker.pid";

/// Bounds a start: the first one lays out the engine's whole store.
const START: Duration = Duration::from_secs(90);

/// Starts dockerd: through systemd where that runs the machine, else as a process of its own, which outlives this one.
///
/// In the second case its log is `target/xtask/dockerd.log`, and its process id is in `target/xtask/dockerd.pid`, so that
/// what was started can be ended, and nothing else.
///
/// # Errors
/// Exit 4 with the end of the log when it does not come up.
pub fn start(root: &Path, dockerd: &Path, host: &str) -> Result<(), Refusal> {
    if Path::new("/run/systemd/system").exists() {
        eprintln!("xtask: starting Docker Engine: systemctl start docker");
        let status = Command::new("systemctl").args(["start", "docker"]).stdin(Stdio::null()).status();
        let started = match status {
            Ok(status) if status.success() => wait_until_it_answers(host, None),
            _ => Err("systemctl start docker failed".to_owned()),
        };
        return started.map_err(|why| {
            Refusal::machine(format!("Docker Engine does not come up: {why}")).hint("see: journalctl -u docker")
        });
    }
    if let Some(pid) = running_or_stale(Path::new(ENGINE_PID_FILE))? {
        eprintln!("xtask: waiting for the dockerd that runs as process {pid}");
        return wait_until_it_answers(host, None).map_err(|why| {
            Refusal::machine(format!("the dockerd that runs as process {pid} {why}"))
                .hint("look into its log, or end it, then run this again")
        });
    }
    mount_cgroups()?;
    start_process(root, dockerd, host)
}

fn start_process(root: &Path, dockerd: &Path, host: &str) -> Result<(), Refusal> {
    let cannot = |what: &'static str| move |error| Refusal::machine(format!("cannot {what}: {error}"));
    let folder = root.join("target/xtask");
    let log = folder.join("dockerd.log");
    fs::create_dir_all(&folder).map_err(cannot("make target/xtask"))?;
    let stdout = File::create(&log).map_err(cannot("write dockerd's log"))?;
    let stderr = stdout.try_clone().map_err(cannot("write dockerd's log"))?;
    eprintln!("xtask: starting {} (log: {})", dockerd.display(), log.display());
    let mut child = detached(dockerd)
        .env("PATH", path_with_system_folders())
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr)
        .spawn()
        .map_err(cannot("start dockerd"))?;
    let pid = child.id();
    fs::write(folder.join("dockerd.pid"), format!("{pid}\n")).map_err(cannot("note dockerd's process"))?;
    wait_until_it_answers(host, Some(&mut child)).map_err(|why| {
        let text = fs::read_to_string(&log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let end = lines[lines.len().saturating_sub(12)..].join("\n");
        Refusal::machine(format!("dockerd {why}; its last lines:\n{end}"))
            .hint(format!("the whole log: {}", log.display()))
    })?;
    eprintln!("xtask: dockerd answers and runs on as process {pid}; end it with: kill {pid}");
    Ok(())
}

/// Makes the program a session of its own, so that neither Ctrl-C nor the terminal's end reaches it. `setsid` belongs to
/// every Debian; it replaces itself by the program, so the process id stays.
fn detached(program: &Path) -> Command {
    let setsid = machine::program("setsid");
    let mut command = Command::new(setsid.as_deref().unwrap_or(program));
    if setsid.is_some() {
        command.arg(program);
    } else {
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
    }
    command
}

/// dockerd looks for containerd, runc and iptables by itself.
fn path_with_system_folders() -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    env::join_paths(env::split_paths(&path).chain(SYSTEM_FOLDERS.map(PathBuf::from))).unwrap_or(path)
}

/// Returns the process of a dockerd that runs; removes the note of one that no longer does (a machine that was cut off
/// leaves it, and dockerd would refuse to start).
fn running_or_stale(file: &Path) -> Result<Option<String>, Refusal> {
    let Ok(text) = fs::read_to_string(file) else { return Ok(None) };
    let pid = text.trim();
    if fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "dockerd") {
        return Ok(Some(pid.to_owned()));
    }
    fs::remove_file(file).map_err(|error| Refusal::machine(format!("cannot remove {}: {error}", file.display())))?;
    Ok(None)
}

/// Whether any control group hierarchy is mounted.
pub fn cgroups_are_mounted() -> bool {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    mounts.lines().filter_map(|line| line.split(' ').nth(2)).any(|kind| kind == "cgroup" || kind == "cgroup2")
}

/// Mounts the control groups where nothing has: without them no container starts.
fn mount_cgroups() -> Result<(), Refusal> {
    if cgroups_are_mounted() {
        return Ok(());
    }
    if machine::program("cgroupfs-mount").is_none() {
        machine::install(&["cgroupfs-mount"], "no control groups are mounted")?;
    }
    let mount = machine::program("cgroupfs-mount").unwrap_or_else(|| "cgroupfs-mount".into());
    let status = Command::new(mount).stdin(Stdio::null()).status();
    if status.is_ok_and(|status| status.success()) && cgroups_are_mounted() {
        return Ok(());
    }
    Err(Refusal::machine("no control groups are mounted, and cgroupfs-mount cannot mount them"))
}

fn wait_until_it_answers(host: &str, mut child: Option<&mut Child>) -> Result<(), String> {
    let begun = Instant::now();
    loop {
        let Err(why) = ping(host) else { return Ok(()) };
        if let Some(Ok(Some(status))) = child.as_deref_mut().map(Child::try_wait) {
            return Err(format!("ended at once: {status}"));
        }
        if begun.elapsed() > START {
            return Err(format!("did not answer within {} s: {why}", START.as_secs()));
        }
        sleep(Duration::from_millis(200));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_of_a_dead_engine_goes() {
        let file = env::temp_dir().join(format!("xtask-engine-{}", std::process::id()));
        // The second one lives but is not a dockerd: the number was given out again.
        for pid in [999_999_999, std::process::id()] {
            fs::write(&file, pid.to_string()).unwrap();
            assert_eq!(running_or_stale(&file).unwrap(), None);
            assert!(!file.exists());
        }
        assert_eq!(running_or_stale(&file).unwrap(), None);
    }
}
