//! What cannot be read is not absent: a damaged record or manifest never makes room for an older success, and neither does a
//! clock that was wrong.

use std::path::PathBuf;

use rcrepro_app::evidence;
use rcrepro_format::records::manifest_json;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::manifest::ReproManifest;
use rcrepro_model::evidence::run_record::{EngineRecord, HostRecord, RUN_RECORD_VERSION, RunRecord};
use rcrepro_model::plan::PacketId;
use rcrepro_store::BlobStore as _;
use rcrepro_store::fs::FsStore;
use rcrepro_store::runs::{RunId, Runs};

use crate::scene::{Ended, Scene, command};

/// A packet that passed, with its manifest committed, beside a store that knows no run yet.
struct Passed {
    scene: Scene,
    folder: tempfile::TempDir,
    store: FsStore,
    manifest: ReproManifest,
}

impl Passed {
    fn new(id: &str) -> Self {
        let scene = Scene::new(&command(id, "cat greeting.txt", ""));
        let exit = format!("exit = [{{ says = \"It greets.\", rests-on = [\"command:{id}\"] }}]");
        scene.replace("rcrepro.toml", "sets = [\"all\"]\n", &format!("sets = [\"all\"]\n{exit}\n"));
        scene.commit("a criterion");
        scene.ok(&["run", "RC-05"]);
        scene.commit("the evidence");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = FsStore::open(folder.path()).expect("a store");
        let path = scene.path("manifests/RC-05.json");
        evidence::import(&path, &store).expect("imported");
        let bytes = std::fs::read(path).expect("a manifest");
        let manifest = manifest_json::decode(&bytes).expect("a manifest");
        Self { scene, folder, store, manifest }
    }

    fn packet() -> PacketId {
        "RC-05".parse().expect("an id")
    }

    /// Records a run that began at this time by its clock, and ended with this exit code.
    fn recorded(&self, seconds: i64, exit_code: i32) -> (RunId, Digest) {
        let mut manifest = self.manifest.clone();
        let entry = &mut manifest.commands[0];
        entry.exit_code = exit_code;
        entry.result = self.store.put(&entry.action_result().encode()).expect("stored");
        let digest = self.store.put(&manifest_json::encode(&manifest).0).expect("stored");
        let run = Runs::open(self.folder.path()).and_then(|runs| runs.begin(seconds, "test")).expect("begun");
        let text = |text: &str| text.to_owned();
        let record = RunRecord {
            version: RUN_RECORD_VERSION,
            run: run.id().to_string(),
            kind: text("replay"),
            packet: Self::packet(),
            plan: manifest.plan,
            commit: text("0000000000000000000000000000000000000000"),
            started: text("2026-11-30T00:00:00.000Z"),
            finished: text("2026-11-30T00:00:01.000Z"),
            manifest: digest,
            recorded: None,
            host: HostRecord { system: text("linux"), cpus: 1, rcrepro: text("0") },
            engine: EngineRecord {
                name: text("fake"),
                version: text("1"),
                api_version: text("1"),
                staging: text("none"),
            },
            machine: None,
            commands: Vec::new(),
            left_out: Vec::new(),
        };
        run.write_record(&Self::packet(), &serde_json::to_vec(&record).expect("a record")).expect("written");
        (run.id().clone(), digest)
    }

    fn record_path(&self, run: &RunId) -> PathBuf {
        Runs::open(self.folder.path()).expect("runs").record_path(run, &Self::packet())
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let store = self.folder.path().display().to_string();
        self.scene.run(&[&["--store", &store], arguments].concat())
    }

    /// Expects a state on the board, and this in its reason.
    fn is(&self, state: &str, why: &str) {
        let shown = self.run(&["--json", "status"]).stdout;
        let document: serde_json::Value = serde_json::from_str(&shown).expect("one document");
        let row = &document["packets"][0];
        assert_eq!(row["state"], state, "{row}");
        assert!(row["reasons"].to_string().contains(why), "`{why}` in {row}");
    }
}

/// Turns one bit of a blob and leaves its size.
fn flip(path: &std::path::Path) {
    let mut bytes = std::fs::read(path).expect("a blob");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::remove_file(path).expect("our own file");
    std::fs::write(path, bytes).expect("our own file");
}

#[test]
fn a_failure_whose_manifest_is_damaged_or_gone_is_undecided_until_it_is_run_again() {
    let passed = Passed::new("damaged-manifest");
    passed.is("DONE", "");
    let (run, manifest) = passed.recorded(1, 3);
    passed.is("FAILED", "exit code 3");
    let path = passed.store.local_path(manifest).expect("a file");
    flip(&path);
    passed.is("UNDECIDED", &format!("the manifest of RC-05 in run {run} cannot be read"));
    passed.is("UNDECIDED", "is damaged: its bytes hash to");
    assert_eq!(passed.run(&["verdict"]).code, 5);
    for arguments in [&["log", "RC-05"][..], &["why", "RC-05", "latest"]] {
        let cure = "hint: run it again: rcrepro run RC-05";
        passed.run(arguments).failed(5, &["the manifest of RC-05 in run", "is damaged", cure]);
    }
    std::fs::remove_file(path).expect("our own file");
    passed.is("UNDECIDED", "is not in the store; run it again: rcrepro run RC-05");
    passed.recorded(2, 0);
    passed.is("DONE", "");
    assert_eq!(passed.run(&["log", "RC-05"]).code, 0);
}

#[test]
fn a_failure_whose_record_is_damaged_is_undecided_and_no_older_run_takes_its_place() {
    let passed = Passed::new("damaged-record");
    passed.recorded(1, 0);
    let (run, _) = passed.recorded(2, 3);
    let path = passed.record_path(&run);
    let whole = std::fs::read(&path).expect("a record");
    let version = |number: u32| format!("{{\"version\":{number},");
    let unknown = version(RUN_RECORD_VERSION + 1) + "\"unheard-of\":1,";
    let newer = String::from_utf8_lossy(&whole).replace(&version(RUN_RECORD_VERSION), &unknown);
    assert!(newer.contains(&unknown), "{newer}");
    for damaged in [&whole[..whole.len() / 2], b"", b"{}", newer.as_bytes()] {
        std::fs::write(&path, damaged).expect("our own file");
        passed.is("UNDECIDED", &format!("the record of RC-05 in run {run} cannot be read"));
        passed.is("UNDECIDED", "; run it again: rcrepro run RC-05");
        assert_eq!(passed.run(&["verdict"]).code, 5);
        let file = path.display().to_string();
        passed.run(&["log", "RC-05"]).failed(5, &[&file, "hint: run it again: rcrepro run RC-05"]);
        passed.run(&["why", "RC-05", run.as_str()]).failed(5, &[&file]);
    }
    std::fs::write(&path, &whole).expect("our own file");
    passed.is("FAILED", "exit code 3");
}

#[test]
fn a_failure_stays_one_when_what_it_printed_is_damaged_and_a_success_becomes_undecided() {
    let passed = Passed::new("damaged-stream");
    let stdout = passed.manifest.commands[0].stdout.raw;
    passed.recorded(1, 3);
    let path = passed.store.local_path(stdout).expect("a file");
    flip(&path);
    passed.is("FAILED", "exit code 3");
    passed.recorded(2, 0);
    passed.is("UNDECIDED", "evidence-damaged commands.damaged-stream.stdout");
    passed.is("UNDECIDED", "; run it again: rcrepro run RC-05");
}

#[test]
fn a_clock_that_was_ahead_hides_no_failure() {
    let passed = Passed::new("clock-ahead");
    passed.recorded(4_000_000_000, 0);
    passed.recorded(1_800_000_000, 3);
    passed.is("FAILED", "exit code 3");
    passed.recorded(-1, 0);
    passed.is("DONE", "");
    // A run of a store that gave no numbers is older than all that have one, whatever its time says.
    let (run, _) = passed.recorded(5, 3);
    let folder = passed.record_path(&run).parent().expect("a folder").to_owned();
    std::fs::rename(&folder, folder.with_file_name("20991231T000000Z-old")).expect("our own folder");
    passed.is("DONE", "");
}

#[test]
fn a_manifest_that_cannot_be_read_is_not_one_that_was_never_written() {
    let passed = Passed::new("unreadable-manifest");
    let path = passed.scene.path("manifests/RC-05.json");
    std::fs::remove_file(&path).expect("our own file");
    passed.is("READY", "no evidence yet: rcrepro run RC-05");
    std::fs::create_dir(&path).expect("a folder in its place");
    passed.is("UNDECIDED", "cannot read `");
}

#[test]
fn right_after_a_run_there_is_nothing_to_compare() {
    let scene = Scene::new(&command("nothing-yet", "cat greeting.txt", ""));
    scene.ok(&["run", "RC-05"]);
    let ended = scene.run(&["why", "RC-05", "latest"]);
    ended
        .failed(5, &["nothing to compare yet", "is the run that recorded this manifest", "hint: rcrepro replay RC-05"]);
    scene.ok(&["replay", "RC-05"]);
    assert!(scene.ok(&["why", "RC-05", "latest"]).stdout.ends_with("RC-05: no differences found\n"));
}

#[test]
fn a_record_that_is_another_runs_or_no_file_makes_no_failure_a_success() {
    let passed = Passed::new("moved-record");
    let (good, _) = passed.recorded(1, 0);
    let (run, _) = passed.recorded(2, 3);
    passed.is("FAILED", "exit code 3");
    let path = passed.record_path(&run);
    std::fs::copy(passed.record_path(&good), &path).expect("our own file");
    passed.is("UNDECIDED", &format!("the record of RC-05 in run {run} is that of RC-05 of run {good}"));
    // What would never end when it was read is not read.
    std::fs::remove_file(&path).expect("our own file");
    let made = std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo is installed");
    assert!(made.success());
    for command in [&["status"][..], &["verdict"], &["log", "RC-05"]] {
        let ended = passed.run(command);
        assert!(ended.code != 0 && ended.stderr.contains("found a FIFO"), "{command:?}: {}", ended.stderr);
    }
}
