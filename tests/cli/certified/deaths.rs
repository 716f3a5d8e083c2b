//! kill -9, Ctrl-C, a daemon that dies and disks that are full, in the middle of a build: nothing is left, and the next run goes through.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use rcrepro_testkit::second_daemon::SecondDaemon;
use rustix::process::{Pid, Signal, kill_process};

use super::{BASE, Planned, scene};
use crate::scene::{Ended, Scene, shared_store};

/// A build that lasts until it is stopped.
fn lasting(id: &str) -> Scene {
    scene(&[Planned { id, dockerfile: &format!("{BASE}RUN sleep 300\n"), keys: "" }], "")
}

/// Lets the build end by itself, and runs it.
fn goes_through(scene: &Scene, id: &str) {
    scene.replace(&format!("{id}.Dockerfile"), "sleep 300", "true");
    scene.commit("shorter");
    scene.ok(&["run", "RC-05"]);
    scene.ok(&["verify", "manifests/RC-05.json"]);
    assert_eq!(scene.containers_of(id), Vec::<String>::new());
}

/// Waits until the step sleeps, in the builder that is in the container.
fn until_the_step_runs(scene: &Scene, id: &str) -> Child {
    let child = scene.start_until_running(&["run", "RC-05"], id);
    let began = std::time::Instant::now();
    while !sleeps() {
        assert!(began.elapsed().as_secs() < 120, "the step does not begin");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    child
}

/// Whether a process is the step.
fn sleeps() -> bool {
    let processes = std::fs::read_dir("/proc").expect("procfs").flatten();
    let mut lines = processes.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.any(|line| line.ends_with(b"sleep\x00300\x00") || line.ends_with(b"sleep 300\x00"))
}

/// What a builder can leave on an engine of its own: containers, volumes, networks and images that are held for a trial; and mounts.
fn traces(engine: &str) -> Vec<String> {
    let docker = |arguments: &[&str]| {
        let mut command = Command::new("docker");
        let output =
            command.env("DOCKER_HOST", engine).args(arguments).output().expect("the docker client is installed");
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let mut traces = docker(&["ps", "-aq"]);
    traces.extend(docker(&["volume", "ls", "-q"]));
    traces.extend(docker(&["network", "ls", "-q"]));
    traces.extend(docker(&["images", "-q", "rcrepro/held"]));
    let folder = engine.trim_start_matches("unix://").trim_end_matches("/docker.sock");
    let mounts = std::fs::read_to_string("/proc/self/mounts").expect("procfs");
    traces.extend(mounts.lines().filter(|line| line.contains(folder)).map(str::to_owned));
    traces.sort();
    traces
}

/// Breaks a build off in its step, on a daemon of its own; gives the daemon, the scene and how the program ended.
fn broken_off(id: &str, end: impl FnOnce(&mut SecondDaemon, &Child)) -> (SecondDaemon, Scene, Ended, Vec<String>) {
    let mut daemon = SecondDaemon::start();
    let scene = lasting(id).with_engine(daemon.address());
    let before = traces(&daemon.address());
    let child = until_the_step_runs(&scene, id);
    end(&mut daemon, &child);
    let ended = Ended::from(child.wait_with_output().expect("it ends"));
    assert!(!scene.path("manifests/RC-05.json").exists());
    (daemon, scene, ended, before)
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).expect("our own child");
}

#[test]
#[ignore = "compiles BuildKit: cargo xtask certified"]
fn ctrl_c_in_a_step_ends_with_130_and_leaves_nothing() {
    let id = "build-ctrl-c";
    let (daemon, scene, ended, before) = broken_off(id, |_, child| signal(child, Signal::INT));
    ended.failed(130, &["interrupted; no container is left"]);
    assert!(!sleeps(), "the step outlives its builder");
    assert_eq!(traces(&daemon.address()), before);
    goes_through(&scene, id);
    assert_eq!(traces(&daemon.address()), before);
}

#[test]
#[ignore = "compiles BuildKit: cargo xtask certified"]
fn what_kill_9_in_a_step_leaves_is_removed_by_the_next_run() {
    let id = "build-killed";
    let (daemon, scene, _, before) = broken_off(id, |_, child| signal(child, Signal::KILL));
    assert_ne!(scene.containers_of(id), Vec::<String>::new(), "the builder outlives the killed run");
    goes_through(&scene, id);
    assert!(!sleeps(), "the step outlives its builder");
    assert_eq!(traces(&daemon.address()), before);
}

#[test]
#[ignore = "compiles BuildKit: cargo xtask certified"]
fn a_daemon_that_dies_in_a_step_is_4_and_the_next_run_goes_through() {
    let id = "build-dying";
    let (mut daemon, scene, ended, before) = broken_off(id, |daemon, _| daemon.kill());
    ended.failed(4, &["hint: rcrepro doctor"]);
    daemon.restart();
    goes_through(&scene, id);
    assert_eq!(traces(&daemon.address()), before);
}

/// A file system in memory, unmounted in the end.
struct Memory(PathBuf);

impl Memory {
    fn mount(at: &Path, words: &[&str]) -> Self {
        std::fs::create_dir_all(at).expect("a folder");
        let status = Command::new("mount").args(words).arg(at).status().expect("mount is there");
        assert!(status.success(), "mount {words:?}");
        Self(at.to_owned())
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(&self.0).status());
    }
}

#[test]
#[ignore = "compiles BuildKit: cargo xtask certified"]
fn a_store_whose_disk_is_full_keeps_what_it_has_and_the_next_run_goes_through() {
    let id = "full-store";
    let dockerfile =
        format!("{BASE}RUN head -c 200000000 /dev/urandom > /dev/null\nRUN yes | head -c 200000000 > /large\n");
    let scene = scene(&[Planned { id, dockerfile: &dockerfile, keys: "" }], "");
    // The store of all tests, and a little room above it.
    let folder = tempfile::tempdir().expect("a folder");
    let room = Memory::mount(&folder.path().join("room"), &["-t", "tmpfs", "-o", "size=96m", "tmpfs"]);
    for part in ["upper", "work"] {
        std::fs::create_dir(room.0.join(part)).expect("a folder");
    }
    let layers = format!("lowerdir={},upperdir={1}/upper,workdir={1}/work", shared_store().display(), room.0.display());
    let store = Memory::mount(&folder.path().join("store"), &["-t", "overlay", "-o", &layers, "overlay"]);
    let run = |arguments: &[&str]| {
        let mut command = scene.command(arguments);
        Ended::from(command.env("RCREPRO_STORE", &store.0).output().expect("the program starts"))
    };
    let ended = run(&["run", "RC-05"]);
    ended.failed(4, &["No space left on device"]);
    println!("{}", ended.stderr);
    assert!(!scene.path("manifests/RC-05.json").exists());
    assert_eq!(scene.containers_of(id), Vec::<String>::new());
    let grown = Command::new("mount").args(["-o", "remount,size=2g"]).arg(&room.0).status().expect("mount is there");
    assert!(grown.success());
    let ended = run(&["run", "RC-05"]);
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    let ended = run(&["verify", "manifests/RC-05.json"]);
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
}

#[test]
#[ignore = "compiles BuildKit: cargo xtask certified"]
fn an_engine_whose_disk_is_full_decides_nothing_and_the_step_is_told() {
    let id = "full-engine";
    let room = std::cell::RefCell::new(None);
    let daemon = SecondDaemon::start_with(|folder| {
        *room.borrow_mut() = Some(Memory::mount(&folder.join("data"), &["-t", "tmpfs", "-o", "size=1500m", "tmpfs"]));
        Vec::new()
    });
    let dockerfile = format!("{BASE}RUN yes | head -c 3000000000 > /large\n");
    let scene = scene(&[Planned { id, dockerfile: &dockerfile, keys: "" }], "").with_engine(daemon.address());
    let ended = scene.run(&["run", "RC-05"]);
    assert_eq!(ended.code, 5, "{}\n{}", ended.stdout, ended.stderr);
    for text in ["room on the engine's disk", "No space left on device", "full-engine.Dockerfile:2"] {
        assert!(ended.stdout.contains(text), "`{text}` in\n{}", ended.stdout);
    }
    assert_eq!(scene.containers(&[]), Vec::<String>::new());
    scene.replace(&format!("{id}.Dockerfile"), "3000000000", "3000");
    scene.commit("shorter");
    scene.ok(&["run", "RC-05"]);
}
