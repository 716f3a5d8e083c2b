//! Run folders and their leases. What another process sees is in [`crate::processes`].

use rcrepro::store::runs::{RunError, RunId, Runs};

#[test]
fn a_run_is_alive_while_its_lease_is_held() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let runs = Runs::open(folder.path()).expect("runs");
    let (old, new) = (RunId::new(1, "a").expect("id"), RunId::new(2, "a").expect("id"));
    let new_run = runs.begin(new.clone()).expect("begin");
    let old_run = runs.begin(old.clone()).expect("begin");
    std::fs::create_dir(folder.path().join("runs/no run")).expect("a folder");
    assert_eq!(runs.list().expect("list"), [old.clone(), new.clone()]);
    assert!(matches!(runs.begin(old.clone()), Err(RunError::Exists { id }) if id == old));
    for _ in 0..3 {
        assert!(runs.is_alive(&old).expect("asked"));
    }
    drop(old_run);
    assert!(!runs.is_alive(&old).expect("asked"));
    assert!(runs.is_alive(&new).expect("asked"));
    assert!(!runs.is_alive(&RunId::new(3, "a").expect("id")).expect("asked"));
    drop(new_run);
}

#[test]
fn a_record_is_whole_and_can_be_replaced() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let runs = Runs::open(folder.path()).expect("runs");
    let run = runs.begin(RunId::new(1, "a").expect("id")).expect("begin");
    let packet = "RC-05".parse().expect("a packet id");
    assert_eq!(runs.record(run.id(), &packet).expect("read"), None);
    for record in [&b"{\"long\":1}"[..], b"{}"] {
        run.write_record(&packet, record).expect("write");
        assert_eq!(runs.record(run.id(), &packet).expect("read").as_deref(), Some(record));
    }
    let mut names: Vec<_> =
        std::fs::read_dir(run.path()).expect("read").map(|entry| entry.expect("entry").file_name()).collect();
    names.sort();
    assert_eq!(names, ["RC-05.json", "lease"], "no litter");
}
