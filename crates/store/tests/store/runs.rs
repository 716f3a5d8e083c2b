//! Run folders and their leases. What another process sees is in [`crate::processes`].

use rcrepro_store::runs::{RunId, Runs};

#[test]
fn a_run_is_alive_while_its_lease_is_held() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let runs = Runs::open(folder.path()).expect("runs");
    let old_run = runs.begin(1, "a").expect("begin");
    let new_run = runs.begin(2, "a").expect("begin");
    let (old, new) = (old_run.id().clone(), new_run.id().clone());
    for _ in 0..3 {
        assert!(runs.is_alive(&old).expect("asked"));
    }
    drop(old_run);
    assert!(!runs.is_alive(&old).expect("asked"));
    assert!(runs.is_alive(&new).expect("asked"));
    assert!(!runs.is_alive(&RunId::new(3, 3, "a").expect("id")).expect("asked"));
    drop(new_run);
}

#[test]
fn the_order_is_that_in_which_runs_began_whatever_the_clock_says() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let runs = Runs::open(folder.path()).expect("runs");
    for other in ["no run", "20380101T000000Z-zzzz"] {
        std::fs::create_dir(folder.path().join("runs").join(other)).expect("a folder");
    }
    // A clock that is a day ahead, right again, stands still for a second, is before 1970, and beyond all years.
    let times = [1_700_086_400, 1_700_000_000, 1_700_000_000, -5, i64::MAX, 0];
    let mut began: Vec<RunId> = vec!["20380101T000000Z-zzzz".parse().expect("a run of a store without numbers")];
    for (seconds, suffix) in times.into_iter().zip(["z", "m", "a", "q", "b", "c"]) {
        // Another handle each time: the order is the store's, not a process's.
        let runs = Runs::open(folder.path()).expect("runs");
        began.push(runs.begin(seconds, suffix).expect("begin").id().clone());
    }
    assert_eq!(runs.list().expect("list"), began);
    std::fs::remove_dir_all(folder.path().join("runs").join(began[3].as_str())).expect("removed");
    let next = runs.begin(0, "d").expect("begin").id().clone();
    began.remove(3);
    began.push(next);
    assert_eq!(runs.list().expect("list"), began, "a run that is removed turns nothing");
}

#[test]
fn runs_that_begin_at_once_have_different_numbers() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let runs = Runs::open(folder.path()).expect("runs");
                (0..10).for_each(|_| drop(runs.begin(7, "same").expect("begin")));
            });
        }
    });
    // The same second and suffix: only the number tells them apart.
    assert_eq!(Runs::open(folder.path()).expect("runs").list().expect("list").len(), 80);
}

#[test]
fn a_record_is_whole_and_can_be_replaced() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let runs = Runs::open(folder.path()).expect("runs");
    let run = runs.begin(1, "a").expect("begin");
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
