//! What the runs of a store recorded, and what of it is gone: no engine is needed to say so.

use std::path::{Path, PathBuf};

use rcrepro_format::records::run_record_json;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::run_record::{EngineRecord, HostRecord, RUN_RECORD_VERSION, RunRecord};
use rcrepro_model::plan::PacketId;
use rcrepro_store::runs::{RunDir, RunId, Runs};

use crate::scene::{Ended, Scene, command};

/// A scene with a store of its own, and no engine.
struct Apart {
    scene: Scene,
    store: tempfile::TempDir,
}

impl Apart {
    fn new() -> Self {
        let scene = Scene::new(&command("greet", "cat greeting.txt", "")).with_engine("unix:///nowhere".to_owned());
        scene.replace(
            "rcrepro.toml",
            "[packets.RC-05]",
            "[packets.RC-00]\ntitle = \"Scope\"\nexit = [{ says = \"It is agreed.\", rests-on = [\"approval\"] }]\n\n[packets.RC-05]",
        );
        let exit = "exit = [{ says = \"It greets.\", rests-on = [\"command:greet\"] }]";
        scene.replace("rcrepro.toml", "sets = [\"all\"]\n", &format!("sets = [\"all\"]\n{exit}\n"));
        scene.commit("a packet without commands");
        Self { scene, store: tempfile::tempdir().expect("a temporary folder") }
    }

    fn packet() -> PacketId {
        "RC-05".parse().expect("an id")
    }

    fn begin(&self) -> RunDir {
        Runs::open(self.store.path()).and_then(|runs| runs.begin(1, "test")).expect("begun")
    }

    /// Records a run of the scene's plan, whose manifest is nowhere.
    fn record(&self, run: &RunDir) {
        let text = |text: &str| text.to_owned();
        let record = RunRecord {
            version: RUN_RECORD_VERSION,
            run: run.id().to_string(),
            kind: text("run"),
            packet: Self::packet(),
            plan: Digest::of(self.scene.read("rcrepro.toml").as_bytes()),
            commit: text("00"),
            started: text("2026-11-30T00:00:00.000Z"),
            finished: text("2026-11-30T00:00:01.000Z"),
            manifest: Digest::of(b"nowhere"),
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
        run.write_record(&Self::packet(), &run_record_json::encode(&record)).expect("written");
    }

    fn folder_of(&self, run: &RunId) -> PathBuf {
        let runs = Runs::open(self.store.path()).expect("runs");
        runs.record_path(run, &Self::packet()).parent().map(Path::to_owned).expect("a folder")
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let store = self.store.path().display().to_string();
        self.scene.run(&[&["--store", &store], arguments].concat())
    }

    /// Reads the board: the state of RC-05 with its reasons, and the notes.
    fn board(&self) -> (String, String, String) {
        let shown = self.run(&["--json", "status"]);
        let document: serde_json::Value = serde_json::from_str(&shown.stdout).expect("one document");
        let rows = document["packets"].as_array().expect("rows");
        let row = rows.iter().find(|row| row["id"] == "RC-05").expect("a row");
        (row["state"].to_string(), row["reasons"].to_string(), document["notes"].to_string())
    }
}

#[test]
fn log_never_sends_its_reader_back_to_log() {
    let apart = Apart::new();
    let ended = apart.run(&["log", "RC-05"]);
    ended.failed(5, &["no run of RC-05 by this plan is in the store", "hint: rcrepro run RC-05\n"]);
    assert!(!ended.stderr.contains("rcrepro log"), "{}", ended.stderr);
    let ended = apart.run(&["log", "RC-00"]);
    ended.failed(5, &["RC-00 has no command", "hint: rcrepro status"]);
    assert!(!ended.stderr.contains("rcrepro log"), "{}", ended.stderr);
}

#[test]
fn a_run_that_was_killed_is_told_of_by_the_board_and_the_log() {
    let apart = Apart::new();
    let run = apart.begin();
    let folder = apart.scene.path("").canonicalize().expect("the scene's folder");
    // A process that was killed took nothing back.
    std::mem::forget(run.announce(&Apart::packet(), &folder).expect("announced"));
    let id = run.id().clone();
    assert_eq!(apart.board().0, "\"RUNNING\"");
    drop(run);
    let note = format!("run {id} left no record of RC-05: it was killed, or the record was deleted: rcrepro run RC-05");
    let (state, _, notes) = apart.board();
    assert!(state != "\"RUNNING\"" && notes.contains(&note), "{state} {notes}");
    std::fs::create_dir(apart.scene.path("manifests")).expect("made");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/beacon/manifests/RC-05.json");
    std::fs::copy(example, apart.scene.path("manifests/RC-05.json")).expect("copied");
    let ended = apart.run(&["log", "RC-05"]);
    assert!(ended.code == 0 && ended.stderr.contains(&note), "{}", ended.stderr);

    let next = apart.begin();
    let announced = next.announce(&Apart::packet(), &folder).expect("announced");
    apart.record(&next);
    drop((announced, next));
    assert!(!apart.board().2.contains("left no record"), "a newer one has a record");
}

#[test]
fn a_record_whose_folder_was_renamed_or_whose_version_is_newer_is_not_passed_over() {
    let apart = Apart::new();
    let run = apart.begin();
    apart.record(&run);
    let id = run.id().clone();
    drop(run);
    let folder = apart.folder_of(&id);
    let away = folder.with_file_name("away");
    std::fs::rename(&folder, &away).expect("renamed");
    let moved = format!("the record of RC-05 in run {id} was moved: it is in `{}`", away.display());
    let (state, reasons, _) = apart.board();
    assert!(state == "\"UNDECIDED\"" && reasons.contains(&moved), "{state} {reasons}");
    let hint = "hint: run it again: rcrepro run RC-05";
    apart.run(&["log", "RC-05"]).failed(5, &[&moved, hint]);

    std::fs::rename(&away, &folder).expect("renamed");
    let path = folder.join("RC-05.json");
    let newer = std::fs::read_to_string(&path).expect("a record").replace("\"version\":4}", "\"version\":5}");
    std::fs::write(&path, newer).expect("our own file");
    let says = "run record version 5 is not known: expected 1 to 4";
    let (state, reasons, _) = apart.board();
    assert!(state == "\"UNDECIDED\"" && reasons.contains(says), "{state} {reasons}");
    for arguments in [&["log", "RC-05"][..], &["why", id.as_str()]] {
        apart.run(arguments).failed(5, &[&path.display().to_string(), says, hint]);
    }
}

#[test]
fn a_replay_at_a_commit_without_a_manifest_says_which_one_it_takes() {
    let apart = Apart::new();
    let says = "has no manifest of RC-05: replaying `manifests/RC-05.json` of the working copy";
    let ended = apart.run(&["replay", "RC-05", "--rev", "HEAD~1"]);
    assert!(ended.code != 0 && !ended.stderr.contains(says), "there is none at all: {}", ended.stderr);
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/beacon/manifests/RC-05.json");
    apart.scene.write("manifests/RC-05.json", &std::fs::read(example).expect("the example's"));
    apart.scene.commit("a manifest");
    let ended = apart.run(&["replay", "RC-05", "--rev", "HEAD~1"]);
    assert!(ended.code != 0 && ended.stderr.contains(says), "{}", ended.stderr);
    let ended = apart.run(&["replay", "RC-05", "--rev", "main"]);
    assert!(ended.stderr.contains("  the manifest of RC-05 that commit ") && !ended.stderr.contains(says));
}
