use super::*;
use rcrepro_format::records::run_record_json::encode;
use rcrepro_model::evidence::run_record::{EngineRecord, HostRecord, RUN_RECORD_VERSION};
use rcrepro_store::runs::RunDir;

/// A record of a packet by a plan.
pub(crate) fn record(run: &RunId, packet: &PacketId, plan: Digest) -> RunRecord {
    let text = |text: &str| text.to_owned();
    RunRecord {
        version: RUN_RECORD_VERSION,
        run: run.to_string(),
        kind: text("run"),
        packet: packet.clone(),
        plan,
        commit: text("00"),
        started: text("2026-11-30T00:00:00.000Z"),
        finished: text("2026-11-30T00:00:01.000Z"),
        manifest: Digest::of(b"manifest"),
        recorded: None,
        host: HostRecord { system: text("linux"), cpus: 1, rcrepro: text("0") },
        engine: EngineRecord { name: text("fake"), version: text("1"), api_version: text("1"), staging: text("none") },
        machine: None,
        commands: Vec::new(),
        left_out: Vec::new(),
    }
}

/// A store whose runs are of RC-05, and of the plan "ours" or "theirs".
struct Store {
    folder: tempfile::TempDir,
    history: History,
    packet: PacketId,
    clock: std::cell::Cell<i64>,
}

impl Store {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let history = History::open(folder.path()).expect("opened");
        Self { folder, history, packet: "RC-05".parse().expect("an id"), clock: 1_000.into() }
    }

    fn begin(&self) -> RunDir {
        self.clock.set(self.clock.get() + 1);
        self.history.runs.begin(self.clock.get(), "a").expect("begun")
    }

    fn ran(&self, plan: &str) -> RunId {
        let run = self.begin();
        let record = record(run.id(), &self.packet, Digest::of(plan.as_bytes()));
        run.write_record(&self.packet, &encode(&record)).expect("written");
        run.id().clone()
    }

    fn newest(&self) -> Result<Option<String>, String> {
        let found = self.history.newest_of_plan(&self.packet, Digest::of(b"ours"));
        found.map(|found| found.map(|record| record.run)).map_err(|error| error.line())
    }

    fn is(&self, run: &RunId) {
        assert_eq!(self.newest(), Ok(Some(run.to_string())));
    }

    fn refused(&self, text: &str) {
        let error = self.newest().expect_err("older evidence does not take its place");
        assert!(error.contains(text) && error.ends_with("; run it again: rcrepro run RC-05"), "{error}");
    }

    fn folder_of(&self, run: &RunId) -> PathBuf {
        self.folder.path().join("runs").join(run.as_str())
    }
}

#[test]
fn the_newest_is_the_one_with_the_highest_number_that_passes_the_test() {
    let store = Store::new();
    assert_eq!(store.newest(), Ok(None));
    let first = store.ran("ours");
    store.is(&first);
    store.ran("theirs");
    drop(store.begin());
    store.is(&first);
    let last = store.ran("ours");
    store.is(&last);
    let first_of_all = store.history.newest(&store.packet, |record| record.run == first.as_str()).expect("read");
    assert_eq!(first_of_all.map(|record| record.run), Some(first.to_string()));
    let other = "RC-06".parse().expect("an id");
    assert_eq!(store.history.newest(&other, |_| true).expect("read"), None);
}

#[test]
fn a_record_of_another_version_says_which_versions_are_read() {
    let store = Store::new();
    store.ran("ours");
    let run = store.ran("ours");
    let path = store.history.runs.record_path(&run, &store.packet);
    let text = std::fs::read_to_string(&path).expect("a record").replace("\"version\":4}", "\"version\":5}");
    std::fs::write(&path, text).expect("our own file");
    store.refused("run record version 5 is not known: expected 1 to 4, which this rcrepro reads");
    assert!(matches!(store.history.record(&run, &store.packet), Err(RecordedError::Record(..))));
    let last = store.ran("ours");
    store.is(&last);
}

#[test]
fn a_record_that_was_deleted_is_missed_where_its_images_are_left() {
    let store = Store::new();
    store.ran("ours");
    let run = store.begin();
    let bytes = encode(&record(run.id(), &store.packet, Digest::of(b"ours")));
    run.write_record(&store.packet, &bytes).expect("written");
    run.write_images(&store.packet, b"{}").expect("written");
    store.is(run.id());
    std::fs::remove_file(store.folder_of(run.id()).join("RC-05.json")).expect("our own file");
    store.refused(&format!("the record of RC-05 in run {} is missing", run.id()));
    assert_eq!(store.history.newest(&"RC-06".parse().expect("an id"), |_| true).expect("read"), None);
}

#[test]
fn a_run_whose_folder_was_renamed_is_missed_and_a_copy_of_one_is_not() {
    let store = Store::new();
    let (old, moved) = (store.ran("ours"), store.ran("ours"));
    let away = store.folder.path().join("runs/away");
    let copy_record = |from: &RunId| {
        std::fs::create_dir(&away).expect("made");
        std::fs::copy(store.folder_of(from).join("RC-05.json"), away.join("RC-05.json")).expect("copied");
    };
    copy_record(&moved);
    store.is(&moved);
    std::fs::remove_dir_all(&away).expect("our own folder");

    std::fs::rename(store.folder_of(&moved), &away).expect("renamed");
    store.refused(&format!("the record of RC-05 in run {moved} was moved: it is in `{}`", away.display()));
    assert_eq!(store.history.newest(&"RC-06".parse().expect("an id"), |_| true).expect("read"), None);
    let last = store.ran("ours");
    store.is(&last);
    std::fs::remove_dir_all(&away).expect("our own folder");

    std::fs::rename(store.folder_of(&old), &away).expect("renamed");
    store.is(&last);
    std::fs::remove_dir_all(store.folder_of(&last)).expect("our own folder");
    store.refused(&format!("the record of RC-05 in run {old} was moved"));
    std::fs::write(away.join("RC-05.json"), b"{").expect("our own file");
    assert_eq!(store.newest(), Ok(None), "a record that cannot be read does not count as moved");
}

#[test]
fn a_run_that_was_killed_is_told_of_until_there_is_a_newer_record() {
    let store = Store::new();
    let plan = Path::new("/a/plan");
    let unrecorded = |plan: &Path| store.history.unrecorded(&store.packet, plan).expect("read");
    let running = || store.history.is_running(&store.packet, plan).expect("read");
    // An error or Ctrl-C takes the announcement back.
    let run = store.begin();
    drop(run.announce(&store.packet, plan).expect("announced"));
    drop(run);
    assert_eq!((unrecorded(plan), running()), (None, false));

    let run = store.begin();
    let id = run.id().clone();
    std::mem::forget(run.announce(&store.packet, plan).expect("announced"));
    assert_eq!((unrecorded(plan), running()), (None, true), "it lives");
    drop(run);
    let found = unrecorded(plan).expect("it was killed");
    let expected =
        format!("run {id} left no record of RC-05: it was killed, or the record was deleted: rcrepro run RC-05");
    assert_eq!((found.to_string(), running()), (expected, false));
    assert_eq!(unrecorded(Path::new("/another/plan")), None);

    let run = store.begin();
    let announced = run.announce(&store.packet, plan).expect("announced");
    let bytes = encode(&record(run.id(), &store.packet, Digest::of(b"ours")));
    run.write_record(&store.packet, &bytes).expect("written");
    drop(announced);
    let id = run.id().clone();
    drop(run);
    assert_eq!(unrecorded(plan), None);
    std::fs::remove_file(store.folder_of(&id).join("RC-05.json")).expect("our own file");
    assert_eq!(unrecorded(plan).map(|found| found.run), Some(id), "the record was deleted");
}
