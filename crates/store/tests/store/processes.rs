//! Several processes, and processes that die.
//!
//! The other process is this test binary once more, told by [`ROLE`] what to do.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rcrepro_model::content::digest::Digest;
use rcrepro_store::BlobStore as _;
use rcrepro_store::fs::FsStore;
use rcrepro_store::runs::{RunId, Runs};

const ROLE: &str = "RCREPRO_TEST_ROLE";
const STORE: &str = "RCREPRO_TEST_STORE";
const BLOBS: u32 = 300;

fn blob(index: u32) -> Vec<u8> {
    index.to_string().repeat(500).into_bytes()
}

fn spawn(role: &str, store: &Path) -> Child {
    Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "processes::other_process", "--nocapture", "--test-threads=1"])
        .env(ROLE, role)
        .env(STORE, store)
        .stdout(Stdio::piped())
        .spawn()
        .expect("this binary starts")
}

/// Does nothing when the suite runs it; see [`spawn`].
#[test]
fn other_process() {
    let (Ok(role), Some(root)) = (std::env::var(ROLE), std::env::var_os(STORE)) else { return };
    let store = FsStore::open(root.as_ref()).expect("the store opens");
    match role.as_str() {
        "write" => {
            let batch = store.batch().expect("batch");
            for index in 0..BLOBS {
                batch.put(&blob(index)).expect("put");
            }
            batch.commit().expect("commit");
        }
        "hang" => {
            let batch = store.batch().expect("batch");
            for index in 0..50 {
                batch.put(&blob(index)).expect("put");
            }
            let mut writer = store.writer().expect("writer");
            writer.write_all(&[1; 1_000_000]).expect("write");
            println!("ready");
            std::thread::sleep(std::time::Duration::from_secs(600));
        }
        "run" => {
            let _run = Runs::open(root.as_ref()).expect("runs").begin(1_700_000_000, "other").expect("begin");
            println!("ready");
            std::thread::sleep(std::time::Duration::from_secs(600));
        }
        other => panic!("unknown role {other}"),
    }
}

fn run_id() -> RunId {
    RunId::new(1, 1_700_000_000, "other").expect("a good id")
}

/// Waits until the other process says that it is where we want it.
fn wait_until_ready(child: &mut Child) {
    let output = BufReader::new(child.stdout.take().expect("piped"));
    assert!(output.lines().any(|line| line.expect("a line").contains("ready")));
}

#[test]
fn a_killed_run_is_dead_at_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let runs = Runs::open(folder.path()).expect("runs");
    let mut child = spawn("run", folder.path());
    wait_until_ready(&mut child);
    assert!(runs.is_alive(&run_id()).expect("asked"));
    child.kill().expect("kill");
    child.wait().expect("wait");
    assert!(!runs.is_alive(&run_id()).expect("asked"));
    assert_eq!(runs.list().expect("list"), [run_id()]);
}

fn sessions(root: &Path) -> usize {
    let entries = std::fs::read_dir(root.join("tmp")).expect("tmp");
    entries.filter(|entry| entry.as_ref().expect("entry").path().is_dir()).count()
}

#[test]
fn two_processes_write_the_same_blobs() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let children: Vec<Child> = (0..2).map(|_| spawn("write", folder.path())).collect();
    for child in children {
        assert!(child.wait_with_output().expect("wait").status.success());
    }
    let store = FsStore::open(folder.path()).expect("a store");
    for index in 0..BLOBS {
        assert_eq!(store.get(Digest::of(&blob(index))).expect("every blob"), blob(index));
    }
    assert_eq!(sessions(folder.path()), 1, "only our own session is left");
}

#[test]
fn a_writer_that_is_killed_leaves_no_name_and_no_litter() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut child = spawn("hang", folder.path());
    wait_until_ready(&mut child);

    // While it lives, opening the store leaves its session alone.
    drop(FsStore::open(folder.path()).expect("a store"));
    assert_eq!(sessions(folder.path()), 1);
    child.kill().expect("kill");
    child.wait().expect("wait");
    assert_eq!(sessions(folder.path()), 1);

    let store = FsStore::open(folder.path()).expect("a store");
    assert_eq!(sessions(folder.path()), 1, "the dead one's is gone, ours is there");
    for index in 0..50 {
        assert!(!store.contains(Digest::of(&blob(index))).expect("contains"));
    }
    assert_eq!(std::fs::read_dir(folder.path().join("blobs/sha256")).expect("blobs").count(), 0);
}
