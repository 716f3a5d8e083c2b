//! Evidence survives git: whatever a repository says about line ends, filters and archives.

use std::process::Command;

use crate::scene::{Ended, Scene, command};

/// Clones a scene as somebody does whose git changes line ends, and gives what `rcrepro` says there.
fn clone(scene: &Scene, into: &std::path::Path, arguments: &[&str]) -> Ended {
    if !into.exists() {
        let from = scene.path(".");
        let status = Command::new("git")
            .args(["clone", "-q", "-c", "core.autocrlf=true"])
            .args([from.as_path(), into])
            .status()
            .expect("git is installed");
        assert!(status.success());
    }
    let mut command = scene.command(arguments);
    Ended::from(command.current_dir(into).output().expect("the program starts"))
}

#[test]
fn evidence_is_the_same_in_a_clone_that_changes_line_ends() {
    let scene = Scene::new(&command("says", r"printf 'one\r\ntwo\n$Id$\n'", "proof = \"exit-code\""));
    scene.write(".gitattributes", b"* text=auto ident\n*.evidence/* export-ignore\n");
    scene.commit("git may change line ends");
    scene.ok(&["run", "RC-05"]);
    scene.commit("recorded");
    let folder = tempfile::tempdir().expect("a folder");
    let there = folder.path().join("clone");
    let verified = clone(&scene, &there, &["verify", "manifests/RC-05.json"]);
    assert_eq!(verified.code, 0, "{}\n{}", verified.stdout, verified.stderr);
    let replayed = clone(&scene, &there, &["replay", "RC-05"]);
    assert_eq!(replayed.code, 0, "{}\n{}", replayed.stdout, replayed.stderr);
    assert!(!replayed.stderr.contains("warning"), "git's own line ends do not count: {}", replayed.stderr);
    let status = clone(&scene, &there, &["status"]);
    assert!(status.stdout.contains("DONE"), "{}", status.stdout);
    let archive = Command::new("git").arg("-C").arg(&there).args(["archive", "HEAD"]).output().expect("git");
    let blobs = String::from_utf8_lossy(&archive.stdout).matches("manifests/RC-05.evidence/").count();
    assert!(blobs > 5, "an archive holds the evidence: {blobs}");
}

#[test]
fn evidence_that_git_changed_all_the_same_is_said_to_be_that() {
    let scene = Scene::new(&command("says", r"printf 'one\ntwo\n'", "proof = \"exit-code\""));
    scene.ok(&["run", "RC-05"]);
    std::fs::remove_file(scene.path("manifests/.gitattributes")).expect("the run wrote it");
    scene.commit("recorded");
    let folder = tempfile::tempdir().expect("a folder");
    let verified = clone(&scene, &folder.path().join("clone"), &["verify", "manifests/RC-05.json"]);
    assert_eq!(verified.code, 5, "{}\n{}", verified.stdout, verified.stderr);
    assert!(verified.stdout.contains("line-ends-changed  evidence"), "{}", verified.stdout);
    assert!(verified.stdout.contains(" has 1 finding; "), "all else is judged: {}", verified.stdout);
}

#[test]
fn check_names_the_folders_in_which_git_may_change_evidence() {
    let scene = Scene::new(&command("says", "echo one", "proof = \"exit-code\""));
    assert!(!scene.ok(&["check"]).stdout.contains(".gitattributes"), "there is nothing yet that could be changed");
    scene.ok(&["run", "RC-05"]);
    assert!(!scene.ok(&["check"]).stdout.contains(".gitattributes"));
    std::fs::remove_file(scene.path("manifests/.gitattributes")).expect("the run wrote it");
    let check = scene.ok(&["check"]).stdout;
    let hint = "printf '* -text -filter -ident !working-tree-encoding -export-subst -export-ignore\\n' >> manifests/.gitattributes";
    assert!(check.contains("`manifests/.gitattributes`, which keeps git from changing line ends there"), "{check}");
    assert!(check.contains(hint), "{check}");
    // The hint is a command that can be run.
    let done = Command::new("sh").arg("-c").arg(hint).current_dir(scene.path(".")).status().expect("a shell");
    assert!(done.success());
    assert!(!scene.ok(&["check"]).stdout.contains(".gitattributes"));
}

#[test]
fn what_prepares_a_commit_reads_what_git_would_store() {
    let scene = Scene::new(&command("says", "echo one", "proof = \"exit-code\""));
    let lock = scene.read("lockfiles/images/amd64/base.lock");
    let folder = tempfile::tempdir().expect("a folder");
    let there = folder.path().join("clone");
    let check = clone(&scene, &there, &["check"]);
    let on_disk = std::fs::read_to_string(there.join("images/base.toml")).expect("text");
    assert!(on_disk.contains("\r\n"), "the clone has other line ends");
    assert_eq!(check.code, 0, "{}\n{}", check.stdout, check.stderr);
    assert!(!check.stdout.contains("lock of image"), "{}", check.stdout);
    let locked = clone(&scene, &there, &["image", "lock", "base"]);
    let said = format!("{}\n{}", locked.stdout, locked.stderr);
    assert!(said.contains(" unchanged  ./lockfiles/images/amd64/base.lock"), "{said}");
    let kept = std::fs::read_to_string(there.join("lockfiles/images/amd64/base.lock")).expect("text");
    assert_eq!(kept.replace("\r\n", "\n"), lock, "the lock is that of what the commit has");
    // What git would store otherwise is another definition, with whatever line ends.
    let changed = on_disk.replace("1767225600", "1767225601");
    std::fs::write(there.join("images/base.toml"), changed).expect("written");
    let check = clone(&scene, &there, &["check"]);
    assert_eq!(check.code, 3, "{}\n{}", check.stdout, check.stderr);
    assert!(check.stdout.contains("lock of image `base`"), "{}\n{}", check.stdout, check.stderr);
}

#[test]
fn line_ends_that_git_would_store_count() {
    let scene = Scene::new(&command("says", "echo one", "proof = \"exit-code\""));
    let other = scene.read("images/base.toml").replace('\n', "\r\n");
    scene.write("images/base.toml", other.as_bytes());
    let stale = |ended: &Ended| ended.code == 3 && ended.stdout.contains("lock of image `base`");
    let check = scene.run(&["check"]);
    assert!(stale(&check), "nothing says that git changes them: {}\n{}", check.stdout, check.stderr);
    scene.write(".gitattributes", b"*.toml text\n");
    let check = scene.run(&["check"]);
    assert!(!stale(&check), "{}\n{}", check.stdout, check.stderr);
}
