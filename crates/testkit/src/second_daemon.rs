//! A daemon of our own, to be killed.
//!
//! It has its own data root, exec root, pid file, containerd and network namespace: whether it makes a bridge or not, in
//! the machine's namespace it takes `docker0` away from the machine's daemon.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// A running daemon; it ends with the test, and its containers with it.
pub struct SecondDaemon {
    folder: tempfile::TempDir,
    containerd: Child,
    dockerd: Child,
    /// Further arguments of the daemon.
    arguments: Vec<String>,
}

impl SecondDaemon {
    /// Starts `containerd` and `dockerd` with nothing but their folders set.
    pub fn start() -> Self {
        Self::start_with(|_| Vec::new())
    }

    /// Starts a daemon whose containers have the machine's first processor alone.
    pub fn start_on_one_processor() -> Self {
        Self::start_after(&["taskset", "--cpu-list", "0"], |_| Vec::new())
    }

    /// Starts a daemon with further arguments, which may name files that they put into its folder.
    pub fn start_with(arguments: impl FnOnce(&Path) -> Vec<String>) -> Self {
        Self::start_after(&["env"], arguments)
    }

    /// Starts a daemon whose containers' ancestor was started by these words.
    fn start_after(words: &[&str], arguments: impl FnOnce(&Path) -> Vec<String>) -> Self {
        let folder = tempfile::Builder::new().prefix("rcrepro-daemon").tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name).display().to_string();
        let containerd = Command::new(words[0])
            .args(&words[1..])
            .args([
                "containerd",
                "--root",
                &at("containerd"),
                "--state",
                &at("containerd-run"),
                "--address",
                &at("containerd.sock"),
            ])
            .stdout(Stdio::null())
            .stderr(log(folder.path(), "containerd.log"))
            .spawn()
            .expect("containerd is installed and we are root");
        await_path(&folder.path().join("containerd.sock"));
        let arguments = arguments(folder.path());
        let dockerd = spawn_dockerd(folder.path(), &arguments);
        Self { folder, containerd, dockerd, arguments }
    }

    /// Returns its address, as `DOCKER_HOST` takes it.
    pub fn address(&self) -> String {
        format!("unix://{}/docker.sock", self.folder.path().display())
    }

    /// Kills the daemon without a chance to say good-bye.
    pub fn kill(&mut self) {
        self.dockerd.kill().expect("our own child");
        self.dockerd.wait().expect("our own child");
    }

    /// Starts the daemon again; it ends the containers that its predecessor left.
    pub fn restart(&mut self) {
        drop(std::fs::remove_file(self.folder.path().join("docker.sock")));
        drop(std::fs::remove_file(self.folder.path().join("docker.pid")));
        self.dockerd = spawn_dockerd(self.folder.path(), &self.arguments);
    }
}

impl Drop for SecondDaemon {
    fn drop(&mut self) {
        for child in [&mut self.dockerd, &mut self.containerd] {
            if let Some(pid) = Pid::from_raw(child.id().cast_signed()) {
                // It may be gone already.
                let _ = kill_process(pid, Signal::TERM);
            }
            drop(child.wait());
        }
        let folder = self.folder.path().display().to_string();
        // A killed daemon leaves the shims of its containers, which name our containerd's socket.
        for shim in processes_that_name(&folder) {
            let _ = kill_process(shim, Signal::KILL);
        }
        // And its mounts, the latest on top.
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        for at in mounts.lines().rev().filter_map(|line| line.split(' ').nth(1)).filter(|at| at.starts_with(&folder)) {
            drop(Command::new("umount").arg(at).output());
        }
    }
}

/// Finds the processes that have a text in their command line.
fn processes_that_name(text: &str) -> Vec<Pid> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let names_it = |pid: &i32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(text)
    };
    let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter(names_it).filter_map(Pid::from_raw).collect()
}

fn spawn_dockerd(folder: &Path, arguments: &[String]) -> Child {
    let at = |name: &str| folder.join(name).display().to_string();
    // In a network namespace of its own: at its start, a daemon with `--bridge=none` deletes the interface `docker0` that
    // it finds, and that is the first daemon's.
    let child = Command::new("unshare")
        .args([
            "--net",
            "dockerd",
            "--data-root",
            &at("data"),
            "--exec-root",
            &at("exec"),
            "--pidfile",
            &at("docker.pid"),
        ])
        .args(["--containerd", &at("containerd.sock"), "--host", &format!("unix://{}", at("docker.sock"))])
        .args(["--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false"])
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(log(folder, "dockerd.log"))
        .spawn()
        .expect("dockerd is installed and we are root");
    let socket = folder.join("docker.sock");
    await_path(&socket);
    let began = Instant::now();
    while !answers(&socket) {
        assert!(began.elapsed() < Duration::from_secs(60), "the second daemon does not answer");
        thread::sleep(Duration::from_millis(100));
    }
    child
}

fn answers(socket: &Path) -> bool {
    use std::io::{Read as _, Write as _};
    let Ok(mut stream) = std::os::unix::net::UnixStream::connect(socket) else { return false };
    let mut answer = String::new();
    drop(stream.set_read_timeout(Some(Duration::from_secs(5))));
    stream.write_all(b"GET /_ping HTTP/1.0\r\n\r\n").is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.contains(" 200 ")
}

fn log(folder: &Path, name: &str) -> File {
    File::options().create(true).append(true).open(folder.join(name)).expect("a file in a new folder")
}

fn await_path(path: &Path) {
    let began = Instant::now();
    while !path.exists() {
        assert!(began.elapsed() < Duration::from_secs(60), "{} does not appear", path.display());
        thread::sleep(Duration::from_millis(50));
    }
}
